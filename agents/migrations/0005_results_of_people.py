"""Keys of branches and of undoing steps are longer; what a person put in place of a result stays as it was put."""

from importlib import import_module

from django.db import migrations, models

TABLE = "agents_stepoverride"
STATES = "id step_id result_digest person_id made_at".split()
WORDS = "result reason".split()
SAYS = f"{TABLE}: what is recorded stays"


def let_go_of_steps(apps, schema_editor):
    """PostgreSQL changes no column that a trigger looks at."""
    on = " ON agents_step" if schema_editor.connection.vendor == "postgresql" else ""
    schema_editor.execute(f"DROP TRIGGER IF EXISTS agents_step_stays{on}")


def keep_steps(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(
            "CREATE TRIGGER agents_step_stays BEFORE UPDATE ON agents_step FOR EACH ROW EXECUTE FUNCTION "
            "agents_step_stays()"
        )
    import_module("agents.migrations.0003_erased_words").let_erase(apps, schema_editor)


def keep_overrides(apps, schema_editor):
    """No row is changed or taken away; words go when a new `erased_at` says so."""
    postgresql = schema_editor.connection.vendor == "postgresql"
    differs = "IS DISTINCT FROM" if postgresql else "IS NOT"

    def changed(columns):
        return " OR ".join(f"NEW.{each} {differs} OLD.{each}" for each in columns)

    erasing = f"NEW.erased_at IS NOT NULL AND NEW.erased_at {differs} OLD.erased_at"
    hidden = "NEW.erased_at IS NULL AND OLD.erased_at IS NOT NULL"
    when = f"{changed(STATES)} OR (({changed(WORDS)}) AND NOT ({erasing})) OR ({hidden})"
    if postgresql:
        schema_editor.execute(
            f"CREATE FUNCTION {TABLE}_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
        )
        for name, event, condition in (("stays", "UPDATE", f"WHEN ({when})"), ("no_delete", "DELETE", "")):
            schema_editor.execute(
                f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} FOR EACH ROW {condition} "
                f"EXECUTE FUNCTION {TABLE}_stays()"
            )
    else:
        for name, event, condition in (("stays", "UPDATE", f"WHEN {when}"), ("no_delete", "DELETE", "")):
            schema_editor.execute(
                f"CREATE TRIGGER {TABLE}_{name} BEFORE {event} ON {TABLE} {condition} "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )


def let_go_of_overrides(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name in ("stays", "no_delete"):
        schema_editor.execute(f"DROP TRIGGER {TABLE}_{name}" + (f" ON {TABLE}" if postgresql else ""))
    if postgresql:
        schema_editor.execute(f"DROP FUNCTION {TABLE}_stays()")


class Migration(migrations.Migration):
    dependencies = [("agents", "0004_plans_adapt")]
    operations = [
        migrations.AddField("stepoverride", "erased_at", models.DateTimeField(blank=True, null=True)),
        migrations.AlterField("modelcall", "step", models.CharField(blank=True, max_length=60)),
        migrations.RunPython(let_go_of_steps, keep_steps),
        migrations.AlterField(
            "step",
            "key",
            models.CharField(
                help_text="As the template has it; of a branch with its number, of what undoes with undo-.",
                max_length=60,
            ),
        ),
        migrations.RunPython(keep_steps, let_go_of_steps),
        migrations.RunPython(keep_overrides, let_go_of_overrides),
    ]
