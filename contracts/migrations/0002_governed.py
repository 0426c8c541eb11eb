from django.db import migrations

from ledger.governed import protect


class Migration(migrations.Migration):
    dependencies = [("contracts", "0001_initial"), ("ledger", "0002_triggers")]

    operations = [*protect("contracts_contract", "contracts_contractprice")]
