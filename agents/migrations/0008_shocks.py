"""What plans have to do with, what made them look again, and trigger rules as data."""

from importlib import import_module
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ledger import governed


def keep_overrides(apps, schema_editor):
    """SQLite rebuilds the table, which takes its triggers with it."""
    import_module("agents.migrations.0005_results_of_people").keep_overrides(apps, schema_editor)


def let_go_of_overrides(apps, schema_editor):
    import_module("agents.migrations.0005_results_of_people").let_go_of_overrides(apps, schema_editor)


def keep_steps(apps, schema_editor):
    """On SQLite, in case the table was rebuilt; on PostgreSQL it is put there anew."""
    import_module("agents.migrations.0003_erased_words").let_erase(apps, schema_editor)


def nothing(apps, schema_editor):
    """The triggers are put back after the column is there, and on the way back after it is gone."""


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0007_edge_workers'),
        ('ledger', '0006_bell'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(nothing, keep_steps),
        migrations.AddField(
            model_name='step',
            name='again_of',
            field=models.ForeignKey(blank=True, help_text='The step at whose matter this one looks once more, because something happened.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='looks', to='agents.step'),
        ),
        migrations.RunPython(keep_steps, nothing),
        migrations.RunPython(let_go_of_overrides, keep_overrides),
        migrations.AlterField(
            model_name='stepoverride',
            name='person',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.RunPython(keep_overrides, let_go_of_overrides),
        migrations.CreateModel(
            name='PlanConcern',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40)),
                ('key', models.CharField(max_length=80)),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='concerns', to='agents.plan')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('kind', 'key', 'plan'), name='plan_concern_once')],
            },
        ),
        migrations.CreateModel(
            name='Reconsideration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField(help_text="The entry of what happened, in the log of the plan's company.")),
                ('fact', models.CharField(max_length=60)),
                ('named', models.JSONField(default=list, help_text='What it happened to, by kind and key.')),
                ('data', models.JSONField(default=dict, help_text='What the entry says, without words that people typed.')),
                ('entry_seq', models.PositiveBigIntegerField(blank=True, help_text='The entry that tells of this.', null=True)),
                ('woken', models.JSONField(blank=True, default=list, help_text='Steps that were woken, by key.')),
                ('looks', models.JSONField(blank=True, default=list, help_text='Steps added to look again, by key.')),
                ('asks', models.JSONField(blank=True, default=list, help_text='Steps added to ask a person, by key.')),
                ('happened_at', models.DateTimeField(help_text='When the entry was written.')),
                ('at', models.DateTimeField()),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reconsiderations', to='agents.plan')),
            ],
            options={
                'ordering': ['id'],
                'constraints': [models.UniqueConstraint(fields=('plan', 'seq'), name='reconsidered_once_per_fact')],
            },
        ),
        migrations.CreateModel(
            name='TriggerRules',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField()),
                ('rules', models.JSONField(help_text='A list; the shape is in agents.trigger_rules.')),
                ('digest', models.CharField(help_text="SHA-256 of the rules' canonical JSON.", max_length=64)),
                ('status', models.CharField(choices=[('published', 'In force'), ('retired', 'No longer in force')], default='published', max_length=10)),
                ('published_at', models.DateTimeField()),
                ('published_by', models.CharField(blank=True, help_text='Who proposed and who approved it.', max_length=200)),
                ('entity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trigger_rules', to='ledger.legalentity')),
            ],
            options={
                'verbose_name': 'trigger rules',
                'verbose_name_plural': 'trigger rules',
                'ordering': ['-version'],
                'constraints': [models.UniqueConstraint(fields=('entity', 'version'), name='trigger_rules_version_once'), models.UniqueConstraint(condition=models.Q(('status', 'published')), fields=('entity',), name='one_set_of_trigger_rules_in_force')],
            },
        ),
        *governed.protect("agents_triggerrules"),
    ]
