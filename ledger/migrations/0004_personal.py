import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_checkpoints")]
    operations = [
        migrations.AddField(
            model_name="source",
            name="erased_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="SubjectKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(help_text="person:12, contact:7 or vendor:VEN-014.", max_length=80, unique=True)),
                ("wrapped_key", models.BinaryField()),
                ("made_at", models.DateTimeField()),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "key of a subject",
                "verbose_name_plural": "keys of subjects",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("erased_at", None), ("wrapped_key", b""), _connector="OR"),
                        name="erased_subject_has_no_key",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PersonalValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seq", models.PositiveBigIntegerField()),
                ("path", models.CharField(max_length=200)),
                ("subject", models.CharField(db_index=True, max_length=80)),
                ("sealed", models.BinaryField()),
                (
                    "log",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.ledgerhead"
                    ),
                ),
            ],
            options={
                "verbose_name": "personal value",
                "verbose_name_plural": "personal values",
                "constraints": [
                    models.UniqueConstraint(fields=("log", "seq", "path"), name="personal_value_once")
                ],
            },
        ),
    ]
