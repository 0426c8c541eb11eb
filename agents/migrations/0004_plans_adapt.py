"""Pausing, branches, undoing, overrides: what a plan needs to adapt and a person to steer it."""

from importlib import import_module
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_results(apps, schema_editor):
    """A table that was rebuilt has lost its trigger."""
    import_module("agents.migrations.0003_erased_words").let_erase(apps, schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0003_erased_words'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StepOverride',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('result', models.JSONField()),
                ('result_digest', models.CharField(max_length=64)),
                ('reason', models.TextField()),
                ('made_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='plan',
            name='compensating_at',
            field=models.DateTimeField(blank=True, help_text='From here on only the steps that undo others are taken.', null=True),
        ),
        migrations.AddField(
            model_name='plan',
            name='paused_at',
            field=models.DateTimeField(blank=True, help_text='No step is claimed until a person resumes the plan.', null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='branch',
            field=models.PositiveIntegerField(default=0, help_text='Its number among the branches, from 1.'),
        ),
        migrations.AddField(
            model_name='step',
            name='deadline_at',
            field=models.DateTimeField(blank=True, help_text='When asking a person has failed.', null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='fanned',
            field=models.ForeignKey(blank=True, help_text='The step of which this is one branch.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='branches', to='agents.step'),
        ),
        migrations.AddField(
            model_name='step',
            name='holder',
            field=models.CharField(blank=True, help_text='The worker that has the lease.', max_length=80),
        ),
        migrations.AddField(
            model_name='step',
            name='item',
            field=models.JSONField(blank=True, help_text='The element of the list that this branch is for.', null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='pool',
            field=models.CharField(blank=True, help_text='The pool of remote workers that may take it; empty: our own workers.', max_length=40),
        ),
        migrations.AddField(
            model_name='step',
            name='priority',
            field=models.PositiveSmallIntegerField(choices=[(0, 'Hot'), (1, 'Normal'), (2, 'Cold')], default=1),
        ),
        migrations.AddField(
            model_name='step',
            name='remind_at',
            field=models.DateTimeField(blank=True, help_text='When the person it asks is reminded.', null=True),
        ),
        migrations.AddField(
            model_name='step',
            name='reminded',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='step',
            name='rounds',
            field=models.PositiveSmallIntegerField(default=0, help_text='How often it was given fresh attempts because its template says to try again.'),
        ),
        migrations.AddField(
            model_name='step',
            name='undoes',
            field=models.ForeignKey(blank=True, help_text='The step that this one takes back.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='agents.step'),
        ),
        migrations.AlterField(
            model_name='plan',
            name='status',
            field=models.CharField(choices=[('running', 'Running'), ('waiting', 'Waiting'), ('parked', 'Needs a person'), ('paused', 'Paused'), ('compensating', 'Being undone'), ('done', 'Done'), ('cancelled', 'Ended early')], db_index=True, default='running', max_length=12),
        ),
        migrations.AlterField(
            model_name='step',
            name='status',
            field=models.CharField(choices=[('pending', 'Not yet'), ('ready', 'Ready'), ('running', 'Running'), ('waiting', 'Waiting'), ('parked', 'Needs a person'), ('done', 'Done'), ('skipped', 'Skipped'), ('failed', 'Failed, and the plan went on'), ('cancelled', 'Cancelled')], default='pending', max_length=10),
        ),
        migrations.AddIndex(
            model_name='step',
            index=models.Index(condition=models.Q(('status', 'ready')), fields=['priority', 'due_at', 'id'], name='step_ready_in_order'),
        ),
        migrations.AddIndex(
            model_name='step',
            index=models.Index(condition=models.Q(('deadline_at__isnull', False)), fields=['deadline_at'], name='step_deadline'),
        ),
        migrations.AddIndex(
            model_name='step',
            index=models.Index(condition=models.Q(('remind_at__isnull', False)), fields=['remind_at'], name='step_reminder'),
        ),
        migrations.AddField(
            model_name='stepoverride',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='stepoverride',
            name='step',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='overrides', to='agents.step'),
        ),
        migrations.RunPython(keep_results, migrations.RunPython.noop),
    ]
