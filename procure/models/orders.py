"""What was ordered: orders with their versions, what the ERP says of them, and open lines taken over from it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Order(models.Model):
    """A binding order to a vendor. Governed; its terms are those of `current_version`."""

    class Status(models.TextChoices):
        ISSUED = "issued", _("Issued")
        CANCELLED = "cancelled", _("Cancelled")

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="orders")
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="orders", verbose_name=_("vendor")
    )
    requisition = models.ForeignKey(
        "procure.Requisition", on_delete=models.PROTECT, related_name="orders", verbose_name=_("requisition")
    )
    event = models.ForeignKey(
        "procure.SourcingEvent",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("event"),
    )
    award = models.ForeignKey(
        "procure.Award", on_delete=models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("award")
    )
    cost_centre = models.ForeignKey(
        "ledger.CostCentre",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("cost centre"),
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ISSUED, db_index=True)
    currency = models.CharField(_("currency"), max_length=3)
    current_version = models.PositiveIntegerField(_("version"), default=1)
    issued_at = models.DateTimeField(_("issued"))
    cancelled_at = models.DateTimeField(_("cancelled"), null=True, blank=True)
    cancel_reason = models.CharField(_("why cancelled"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-issued_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "vendor"],
                condition=Q(status="issued", event__isnull=False),
                name="order_one_live_per_event_and_vendor",
            )
        ]

    def __str__(self) -> str:
        return self.reference


class OrderVersion(models.Model):
    """The whole terms as they stood from then on. Governed, never changed."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="versions", verbose_name=_("order"))
    number = models.PositiveIntegerField(_("version"))
    total = models.DecimalField(_("total"), max_digits=19, decimal_places=4)
    freight = models.DecimalField(_("freight"), max_digits=19, decimal_places=4, default=0)
    incoterm = models.CharField(_("incoterm"), max_length=3, blank=True)
    deliver_to = models.CharField(_("deliver to"), max_length=2, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    issued_at = models.DateTimeField(_("issued"))

    class Meta:
        verbose_name = _("order version")
        verbose_name_plural = _("order versions")
        ordering = ["order", "number"]
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="order_version_once")]

    def __str__(self) -> str:
        return f"{self.order} version {self.number}"


class OrderLine(models.Model):
    """Governed. `delivery_date` is what the vendor promised in its quote; later dates stand in OrderLineTracking."""

    version = models.ForeignKey(
        OrderVersion, on_delete=models.PROTECT, related_name="lines", verbose_name=_("order version")
    )
    number = models.PositiveSmallIntegerField(_("line"))
    item = models.ForeignKey(
        "vendors.Item",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="order_lines",
        verbose_name=_("item"),
    )
    description = models.CharField(_("description"), max_length=500)
    quantity = models.DecimalField(_("quantity"), max_digits=19, decimal_places=4)
    unit = models.CharField(_("unit"), max_length=20)
    unit_price = models.DecimalField(_("unit price"), max_digits=19, decimal_places=4)
    delivery_date = models.DateField(_("promised for"), null=True, blank=True)
    requested_date = models.DateField(_("needed by"), null=True, blank=True)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["version", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="order_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_above_zero"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="order_line_price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.version} line {self.number}"


class OrderTracking(models.Model):
    """What the ERP says of an order. Bookkeeping, not a decision: written as answers come back."""

    class ErpStatus(models.TextChoices):
        PENDING = "pending", _("On its way to the ERP")
        CONFIRMED = "confirmed", _("In the ERP")
        REFUSED = "refused", _("Refused by the ERP")
        UNKNOWN = "unknown", _("Unknown: a person must look")
        CANCELLING = "cancelling", _("Being cancelled in the ERP")
        CANCELLED = "cancelled", _("Cancelled")

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="tracking", verbose_name=_("order"))
    erp_status = models.CharField(
        _("in the ERP"), max_length=10, choices=ErpStatus, default=ErpStatus.PENDING, db_index=True
    )
    erp_number = models.CharField(_("ERP number"), max_length=120, blank=True, db_index=True)
    erp_external_id = models.CharField(_("ERP id"), max_length=120, blank=True)
    detail = models.CharField(_("what the ERP said"), max_length=500, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, blank=True)

    class Meta:
        verbose_name = _("order tracking")
        verbose_name_plural = _("order tracking")
        ordering = ["order"]

    def __str__(self) -> str:
        return f"{self.order}: {self.get_erp_status_display()}"


class OrderLineTracking(models.Model):
    """Dates of a line that come after the promise: what the supplier confirmed, what is expected now."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="line_tracking", verbose_name=_("order"))
    number = models.PositiveSmallIntegerField(_("line"))
    confirmed_date = models.DateField(_("confirmed for"), null=True, blank=True)
    expected_date = models.DateField(_("expected"), null=True, blank=True)
    updated_at = models.DateTimeField(_("updated"))

    class Meta:
        verbose_name = _("order line tracking")
        verbose_name_plural = _("order line tracking")
        ordering = ["order", "number"]
        constraints = [models.UniqueConstraint(fields=["order", "number"], name="order_line_tracking_once")]

    def __str__(self) -> str:
        return f"{self.order} line {self.number}"


class ImportedOrderLine(models.Model):
    """An open line that the ERP already had: a purchase, or a transfer out of the entity's own stock."""

    class Kind(models.TextChoices):
        PURCHASE = "purchase", _("Purchase")
        TRANSFER = "transfer", _("Stock transfer")

    reference = models.CharField(_("reference"), max_length=40)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="imported_order_lines")
    vendor = models.ForeignKey(
        "vendors.Vendor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="imported_order_lines",
        verbose_name=_("vendor"),
    )
    item = models.ForeignKey(
        "vendors.Item", on_delete=models.PROTECT, related_name="imported_order_lines", verbose_name=_("item")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    order_reference = models.CharField(_("order"), max_length=40, db_index=True)
    country = models.CharField(_("deliver to"), max_length=2)
    mode = models.CharField(_("mode"), max_length=20, blank=True)
    incoterm = models.CharField(_("incoterm"), max_length=3, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=19, decimal_places=4)
    value = models.DecimalField(_("value"), max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="USD")
    promised_on = models.DateField(_("promised for"), db_index=True)
    ordered_on = models.DateField(_("ordered"), null=True, blank=True)

    class Meta:
        verbose_name = _("imported open line")
        verbose_name_plural = _("imported open lines")
        ordering = ["promised_on", "reference"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "reference"], name="imported_order_line_once"),
            models.CheckConstraint(
                condition=Q(kind="transfer") | Q(vendor__isnull=False), name="imported_purchase_has_vendor"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_reference} {self.reference}"
