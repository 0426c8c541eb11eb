import django.db.models.deletion
from django.db import migrations, models

from ledger.governed import protect


class Migration(migrations.Migration):

    dependencies = [
        ('vendors', '0002_governed'),
        ('ledger', '0002_triggers'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallBackNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sealed', models.BinaryField()),
                ('known_since', models.DateTimeField(verbose_name='known since')),
                ('vendor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='call_back_numbers', to='vendors.vendor')),
            ],
            options={
                'verbose_name': 'call-back number',
                'verbose_name_plural': 'call-back numbers',
            },
        ),
        migrations.CreateModel(
            name='SealedBankDetails',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=32, unique=True)),
                ('sealed', models.BinaryField()),
                ('commitment', models.CharField(help_text='Salted SHA-256, also in the ledger.', max_length=64)),
                ('given_by', models.CharField(help_text='Number of the person who typed them.', max_length=80)),
                ('given_at', models.DateTimeField()),
                ('vendor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='sealed_bank_details', to='vendors.vendor')),
            ],
            options={
                'verbose_name': 'sealed bank details',
                'verbose_name_plural': 'sealed bank details',
            },
        ),
        migrations.CreateModel(
            name='BankDetails',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(verbose_name='version')),
                ('commitment', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('held', 'Held'), ('in_force', 'In force'), ('replaced', 'Replaced'), ('withdrawn', 'Withdrawn')], db_index=True, default='held', max_length=10, verbose_name='status')),
                ('hold_until', models.DateTimeField(verbose_name='held until')),
                ('requested_by', models.CharField(help_text='Number of the person.', max_length=80, verbose_name='requested by')),
                ('verified_by', models.CharField(help_text='Number of the person.', max_length=80, verbose_name='verified by')),
                ('changed_at', models.DateTimeField(verbose_name='changed')),
                ('in_force_at', models.DateTimeField(blank=True, null=True, verbose_name='in force since')),
                ('vendor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='bank_details', to='vendors.vendor')),
                ('called_back', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='vendors.callbacknumber', verbose_name='called back at')),
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='version', to='vendors.sealedbankdetails')),
            ],
            options={
                'verbose_name': 'bank details',
                'verbose_name_plural': 'bank details',
                'ordering': ['vendor', '-version'],
                'constraints': [models.UniqueConstraint(fields=('vendor', 'version'), name='bank_details_version_once'), models.UniqueConstraint(condition=models.Q(('status', 'in_force')), fields=('vendor',), name='one_bank_details_in_force'), models.UniqueConstraint(condition=models.Q(('status', 'held')), fields=('vendor',), name='one_bank_details_held')],
            },
        ),
        *protect('vendors_bankdetails'),
    ]
