"""Purchase orders with their versions, where they stand in the ERP, and open lines taken over from it."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Order(models.Model):
    """A binding purchase order (PO). Governed."""

    class Status(models.TextChoices):
        ISSUED = "issued", _("Issued")
        CANCELLED = "cancelled", _("Cancelled")

    reference = models.CharField(_("number"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="orders")
    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="orders")
    requisition = models.ForeignKey(
        "procure.Requisition", on_delete=models.PROTECT, null=True, blank=True, related_name="orders"
    )
    event = models.ForeignKey(
        "procure.SourcingEvent", on_delete=models.PROTECT, null=True, blank=True, related_name="orders"
    )
    cost_centre = models.ForeignKey("ledger.CostCentre", on_delete=models.PROTECT, null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ISSUED, db_index=True)
    currency = models.CharField(_("currency"), max_length=3)
    current_version = models.PositiveIntegerField(_("version"), default=1)
    issued_at = models.DateTimeField(_("issued"))

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "vendor"], condition=models.Q(status="issued"), name="one_order_per_award"
            )
        ]

    def __str__(self) -> str:
        return self.reference


class OrderVersion(models.Model):
    """What the order said. A change makes the next version; nothing is overwritten. Governed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=19, decimal_places=4)
    freight = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    incoterm = models.CharField(max_length=3, blank=True)
    deliver_to = models.CharField(max_length=2, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    issued_at = models.DateTimeField()

    class Meta:
        verbose_name = _("order version")
        verbose_name_plural = _("order versions")
        ordering = ["order", "number"]
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="order_version_once")]

    def __str__(self) -> str:
        return f"{self.order} version {self.number}"


class OrderLine(models.Model):
    """Governed."""

    version = models.ForeignKey(OrderVersion, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    item = models.ForeignKey("vendors.Item", on_delete=models.PROTECT, null=True, blank=True)
    description = models.CharField(max_length=500)
    quantity = models.DecimalField(max_digits=19, decimal_places=4)
    unit = models.CharField(max_length=20)
    unit_price = models.DecimalField(max_digits=19, decimal_places=4)
    delivery_date = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="order_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gt=0), name="order_quantity_positive"),
            models.CheckConstraint(condition=models.Q(unit_price__gte=0), name="order_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.version} line {self.number}"


class OrderTracking(models.Model):
    """Where an order stands in the ERP: bookkeeping of answers, no decision."""

    class Status(models.TextChoices):
        PENDING = "pending", _("On its way to the ERP")
        CONFIRMED = "confirmed", _("In the ERP")
        REFUSED = "refused", _("Refused by the ERP")
        UNKNOWN = "unknown", _("Outcome unknown, a person decides")
        CANCELLING = "cancelling", _("Being cancelled in the ERP")
        CANCELLED = "cancelled", _("Cancelled")

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="tracking")
    erp_status = models.CharField(_("in the ERP"), max_length=10, choices=Status, default=Status.PENDING)
    erp_number = models.CharField(_("ERP number"), max_length=120, blank=True)
    erp_external_id = models.CharField(max_length=120, blank=True)
    problem = models.TextField(_("problem"), blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("order tracking")
        verbose_name_plural = _("order tracking")

    def __str__(self) -> str:
        return f"{self.order}: {self.get_erp_status_display()}"


class ImportedOrderLine(models.Model):
    """An open line taken over from the ERP: a purchase, or a stock transfer from a warehouse of ours."""

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("Purchase")
        TRANSFER = "transfer", _("Stock transfer")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="imported_order_lines")
    reference = models.CharField(_("line"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, null=True, blank=True, related_name="imported_order_lines"
    )
    item = models.ForeignKey(
        "vendors.Item", on_delete=models.PROTECT, null=True, blank=True, related_name="imported_order_lines"
    )
    vendor_name = models.CharField(_("vendor as the ERP says"), max_length=200, blank=True)
    description = models.CharField(_("item as the ERP says"), max_length=300, blank=True)
    order_reference = models.CharField(_("order"), max_length=40, db_index=True)
    country = models.CharField(_("country"), max_length=2)
    mode = models.CharField(_("mode"), max_length=20, blank=True)
    incoterm = models.CharField(_("incoterm"), max_length=3, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=19, decimal_places=4)
    unit_price = models.DecimalField(_("unit price"), max_digits=19, decimal_places=4, default=0)
    value = models.DecimalField(_("value"), max_digits=19, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    ordered_on = models.DateField(_("ordered"), null=True, blank=True)
    promised_on = models.DateField(_("promised"), null=True, blank=True, db_index=True)

    class Meta:
        verbose_name = _("open order line")
        verbose_name_plural = _("open order lines")
        ordering = ["promised_on", "pk"]
        constraints = [models.UniqueConstraint(fields=["entity", "reference"], name="imported_line_once")]

    def __str__(self) -> str:
        return f"{self.order_reference} {self.reference}"
