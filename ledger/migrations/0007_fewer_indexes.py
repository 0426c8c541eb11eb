import django.db.models.deletion
from django.db import migrations, models

from ledger.triggers import KeepChain, LiftChain


class Migration(migrations.Migration):
    """Indexes that repeat what a constraint begins with cost each append their part; the triggers read JSON once."""

    dependencies = [("ledger", "0006_bell")]
    operations = [
        LiftChain(),
        migrations.AlterField("entry", "hash", models.CharField(max_length=64)),
        migrations.AlterField(
            "entry",
            "log",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="ledger.ledgerhead",
            ),
        ),
        migrations.AlterField(
            "entryobject",
            "entry",
            models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="objects_index",
                to="ledger.entry",
            ),
        ),
        migrations.AddConstraint("entry", models.UniqueConstraint(fields=("hash",), name="entry_hash_once")),
        KeepChain(),
    ]
