from django.db import migrations

from ledger.databases import postgresql
from ledger.triggers import KeepChain


def make_functions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            postgresql.install_functions(cursor)


def drop_functions(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        with schema_editor.connection.cursor() as cursor:
            postgresql.remove_functions(cursor)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [KeepChain(), migrations.RunPython(make_functions, drop_functions)]
