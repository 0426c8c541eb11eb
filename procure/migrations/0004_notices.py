"""What suppliers announce, and quotes that ran out."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0006_bell'),
        ('procure', '0003_event_problem'),
        ('vendors', '0003_bank_details'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reference', models.CharField(max_length=20, unique=True, verbose_name='number')),
                ('kind', models.CharField(choices=[('price_change', 'Price change'), ('stock_out', 'Out of stock'), ('delay', 'Delay'), ('quality', 'Quality'), ('other', 'Other')], max_length=12, verbose_name='kind')),
                ('effective_on', models.DateField(verbose_name='from')),
                ('new_price', models.DecimalField(blank=True, decimal_places=4, max_digits=19, null=True, verbose_name='new price')),
                ('currency', models.CharField(blank=True, max_length=3, verbose_name='currency')),
                ('text', models.TextField(blank=True, help_text='As somebody here put it: data, never an instruction.', verbose_name='text')),
                ('recorded_at', models.DateTimeField(verbose_name='recorded')),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'ordering': ['-pk'],
            },
        ),
        migrations.AddField(
            model_name='openedbid',
            name='expired_at',
            field=models.DateTimeField(blank=True, help_text='When it was noticed that its validity had ended before an award.', null=True),
        ),
        migrations.AddIndex(
            model_name='openedbid',
            index=models.Index(condition=models.Q(('expired_at__isnull', True), ('validity_until__isnull', False)), fields=['validity_until'], name='opened_bid_may_expire'),
        ),
        migrations.AddField(
            model_name='notice',
            name='entity',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='ledger.legalentity'),
        ),
        migrations.AddField(
            model_name='notice',
            name='item',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='vendors.item', verbose_name='item'),
        ),
        migrations.AddField(
            model_name='notice',
            name='recorded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='notices', to=settings.AUTH_USER_MODEL, verbose_name='recorded by'),
        ),
        migrations.AddField(
            model_name='notice',
            name='vendor',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='notices', to='vendors.vendor', verbose_name='supplier'),
        ),
        migrations.AddIndex(
            model_name='notice',
            index=models.Index(fields=['entity', 'vendor', 'recorded_at'], name='procure_not_entity__db3601_idx'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('vendor__isnull', False), ('item__isnull', False), _connector='OR'), name='notice_is_about_something'),
        ),
        migrations.AddConstraint(
            model_name='notice',
            constraint=models.CheckConstraint(condition=models.Q(('new_price__isnull', True), models.Q(('new_price__gt', 0), models.Q(('currency', ''), _negated=True)), _connector='OR'), name='notice_price_has_currency'),
        ),
    ]
