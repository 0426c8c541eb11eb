"""A template changes by a decided proposal; what people draft stands apart; who published it is known."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ledger import governed


class Migration(migrations.Migration):

    dependencies = [
        ('agents', '0005_results_of_people'),
        ('ledger', '0004_personal'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='plantemplate',
            name='published_by',
            field=models.CharField(blank=True, help_text='Who proposed and who approved it.', max_length=200),
        ),
        migrations.AlterField(
            model_name='plantemplate',
            name='status',
            field=models.CharField(choices=[('published', 'In force'), ('retired', 'No longer in force')], default='published', max_length=10),
        ),
        migrations.CreateModel(
            name='TemplateDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.SlugField(max_length=60)),
                ('base_version', models.PositiveIntegerField(default=0, help_text='The version in force when it was begun; 0: none.')),
                ('definition', models.JSONField()),
                ('rationale', models.TextField(blank=True, help_text='What whoever decides will read first.')),
                ('changed_at', models.DateTimeField()),
                ('entity', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='ledger.legalentity')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='template_drafts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-changed_at'],
                'constraints': [models.UniqueConstraint(fields=('entity', 'person', 'name'), name='template_draft_once')],
            },
        ),
        *governed.protect("agents_plantemplate"),
    ]
