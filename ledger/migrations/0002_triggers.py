from django.db import migrations

from ledger.triggers import KeepChain


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [KeepChain()]
