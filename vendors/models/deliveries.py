"""What arrived, when, at what price: the rows behind every figure about a vendor."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Delivery(models.Model):
    """One delivered line. Without a vendor it came from the entity's own warehouse and says nothing of a supplier."""

    class Channel(models.TextChoices):
        DIRECT = "Direct Drop", _("Direct from the vendor")
        WAREHOUSE = "From RDC", _("From the regional warehouse")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="deliveries")
    reference = models.CharField(_("reference"), max_length=40)
    vendor = models.ForeignKey(
        "vendors.Vendor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="deliveries",
        verbose_name=_("vendor"),
    )
    item = models.ForeignKey(
        "vendors.Item", on_delete=models.PROTECT, related_name="deliveries", verbose_name=_("item")
    )
    order_reference = models.CharField(_("order"), max_length=40, blank=True, db_index=True)
    country = models.CharField(_("delivered to"), max_length=2, help_text=_("ISO 3166-1 alpha-2."))
    channel = models.CharField(_("channel"), max_length=20, choices=Channel, default=Channel.DIRECT)
    mode = models.CharField(_("mode"), max_length=20, blank=True)
    incoterm = models.CharField(_("incoterm"), max_length=3, blank=True)
    ordered_on = models.DateField(_("ordered"), null=True, blank=True)
    promised_on = models.DateField(_("promised"))
    delivered_on = models.DateField(_("delivered"))
    delay_days = models.IntegerField(_("delay in days"), help_text=_("Delivered minus promised; late is above 0."))
    quantity = models.DecimalField(_("quantity"), max_digits=19, decimal_places=4)
    unit_price = models.DecimalField(_("unit price"), max_digits=19, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    value = models.DecimalField(_("value"), max_digits=19, decimal_places=4)
    freight = models.DecimalField(_("freight"), max_digits=19, decimal_places=4, null=True, blank=True)
    weight_kg = models.DecimalField(_("weight in kg"), max_digits=19, decimal_places=4, null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-delivered_on", "reference"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "reference"], name="delivery_reference_once"),
            models.CheckConstraint(
                condition=Q(vendor__isnull=False) | Q(channel="From RDC"), name="delivery_from_vendor_or_warehouse"
            ),
        ]
        indexes = [
            models.Index(fields=["vendor", "item", "delivered_on"]),
            models.Index(fields=["item", "country", "delivered_on"]),
        ]

    def __str__(self) -> str:
        return self.reference
