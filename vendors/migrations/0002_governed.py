from django.db import migrations

from ledger.governed import protect


class Migration(migrations.Migration):
    dependencies = [("vendors", "0001_initial"), ("ledger", "0002_triggers")]

    operations = [*protect("vendors_vendor")]
