from django.db import migrations

from ledger.governed import protect


class Migration(migrations.Migration):
    dependencies = [("procure", "0001_initial"), ("ledger", "0002_triggers")]

    operations = [
        *protect(
            "procure_order",
            "procure_orderversion",
            "procure_orderline",
            "procure_award",
            "procure_awardline",
            "procure_budget",
            "procure_commitment",
        )
    ]
