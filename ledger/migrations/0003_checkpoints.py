import django.db.models.deletion
from django.db import migrations, models

from ledger.triggers import KeepCheckpoints


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_triggers'),
    ]

    operations = [
        migrations.CreateModel(
            name='Checkpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.PositiveBigIntegerField()),
                ('root', models.CharField(max_length=64)),
                ('note', models.TextField(help_text='The signed note (c2sp.org/tlog-checkpoint), as it is handed out.')),
                ('head_hash', models.CharField(help_text='The hash of the entry at this size.', max_length=64)),
                ('range', models.JSONField()),
                ('signed_at', models.DateTimeField()),
                ('log', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checkpoints', to='ledger.ledgerhead')),
            ],
            options={
                'ordering': ['log', 'size'],
            },
        ),
        migrations.CreateModel(
            name='Anchoring',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('anchor', models.CharField(max_length=40)),
                ('reference', models.CharField(help_text='Where it is to be found there.', max_length=200)),
                ('confirmed_at', models.DateTimeField()),
                ('checkpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='anchorings', to='ledger.checkpoint')),
            ],
            options={
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='TreeNode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField(help_text='8, 16 or 24: how many levels above the entries.')),
                ('index', models.PositiveBigIntegerField()),
                ('hash', models.CharField(max_length=64)),
                ('log', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tree_nodes', to='ledger.ledgerhead')),
            ],
            options={
                'ordering': ['log', 'level', 'index'],
            },
        ),
        migrations.AddConstraint(
            model_name='checkpoint',
            constraint=models.UniqueConstraint(fields=('log', 'size'), name='checkpoint_once'),
        ),
        migrations.AddConstraint(
            model_name='anchoring',
            constraint=models.UniqueConstraint(fields=('checkpoint', 'anchor', 'reference'), name='anchoring_once'),
        ),
        migrations.AddConstraint(
            model_name='treenode',
            constraint=models.UniqueConstraint(fields=('log', 'level', 'index'), name='tree_node_once'),
        ),
        KeepCheckpoints(),
    ]
