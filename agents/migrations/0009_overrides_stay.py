"""What a person put in place of a result is never taken away, in no way; start-up looks for the triggers."""

from importlib import import_module

from django.db import migrations

from ledger.triggers import KeepRows

TABLE = "agents_stepoverride"


def drop_the_lone_one(apps, schema_editor):
    on = f" ON {TABLE}" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS {TABLE}_no_delete{on}")


def put_it_back(apps, schema_editor):
    says = import_module("agents.migrations.0005_results_of_people").SAYS
    postgresql = schema_editor.connection.vendor == "postgresql"
    act = f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_stays()" if postgresql else f"BEGIN SELECT RAISE(ABORT, '{says}'); END"
    schema_editor.execute(f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {act}")


class Migration(migrations.Migration):
    dependencies = [("agents", "0008_shocks"), ("ledger", "0008_clock_words")]
    operations = [migrations.RunPython(drop_the_lone_one, put_it_back), KeepRows(TABLE)]
