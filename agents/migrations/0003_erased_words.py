"""A step's recorded result stays, but for the words of somebody who is erased: then a new `erased_at` says so."""

from django.db import migrations, models

STATES = "status spec key plan_id result_digest".split()
WORDS = "result evidence".split()


def _put(schema_editor, *, with_erasure):
    postgresql = schema_editor.connection.vendor == "postgresql"
    differs = "IS DISTINCT FROM" if postgresql else "IS NOT"

    def changed(columns):
        return " OR ".join(f"NEW.{each} {differs} OLD.{each}" for each in columns)

    words = changed(WORDS)
    if with_erasure:
        erasing = f"NEW.erased_at IS NOT NULL AND NEW.erased_at {differs} OLD.erased_at"
        words = f"({words}) AND NOT ({erasing})"
        words = f"({words}) OR (NEW.erased_at IS NULL AND OLD.erased_at IS NOT NULL)"
    when = f"OLD.result_digest <> '' AND ({changed(STATES)} OR ({words}))"
    if postgresql:
        schema_editor.execute("DROP TRIGGER agents_step_stays ON agents_step")
        schema_editor.execute(
            "CREATE TRIGGER agents_step_stays BEFORE UPDATE ON agents_step FOR EACH ROW "
            f"WHEN ({when}) EXECUTE FUNCTION agents_step_stays()"
        )
    else:
        # A table that was rebuilt has lost its trigger.
        schema_editor.execute("DROP TRIGGER IF EXISTS agents_step_stays")
        schema_editor.execute(
            f"CREATE TRIGGER agents_step_stays BEFORE UPDATE ON agents_step WHEN {when} "
            "BEGIN SELECT RAISE(ABORT, 'agents_step: what is recorded stays'); END"
        )


def let_erase(apps, schema_editor):
    _put(schema_editor, with_erasure=True)


def as_before(apps, schema_editor):
    _put(schema_editor, with_erasure=False)


class Migration(migrations.Migration):
    dependencies = [("agents", "0002_results_stay")]
    operations = [
        migrations.AddField("step", "erased_at", models.DateTimeField(blank=True, null=True)),
        migrations.RunPython(let_erase, as_before),
    ]
