"""A step's recorded result and a published template never change, whoever writes."""

from django.db import migrations

KEPT = {
    "agents_step": ("result_digest <> ''", ("result", "result_digest", "evidence", "status", "spec", "key", "plan_id")),
    "agents_plantemplate": ("digest <> ''", ("definition", "digest", "name", "version", "entity_id")),
}


def keep(apps, schema_editor):
    for table, (recorded, columns) in KEPT.items():
        for statement in STATEMENTS[schema_editor.connection.vendor](table, recorded, columns):
            schema_editor.execute(statement)


def let_go(apps, schema_editor):
    for table in KEPT:
        on = f" ON {table}" if schema_editor.connection.vendor == "postgresql" else ""
        schema_editor.execute(f"DROP TRIGGER {table}_stays{on}")
        if on:
            schema_editor.execute(f"DROP FUNCTION {table}_stays()")


def postgresql(table, recorded, columns):
    changed = " OR ".join(f"NEW.{each} IS DISTINCT FROM OLD.{each}" for each in columns)
    yield (
        f"CREATE FUNCTION {table}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{table}: what is recorded stays' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    yield (
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} FOR EACH ROW "
        f"WHEN (OLD.{recorded} AND ({changed})) EXECUTE FUNCTION {table}_stays()"
    )


def sqlite(table, recorded, columns):
    changed = " OR ".join(f"NEW.{each} IS NOT OLD.{each}" for each in columns)
    yield (
        f"CREATE TRIGGER {table}_stays BEFORE UPDATE ON {table} "
        f"WHEN OLD.{recorded} AND ({changed}) "
        f"BEGIN SELECT RAISE(ABORT, '{table}: what is recorded stays'); END"
    )


STATEMENTS = {"postgresql": postgresql, "sqlite": sqlite}


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_initial")]
    operations = [migrations.RunPython(keep, let_go)]
