"""What was agreed with a vendor: validity and prices."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Contract(models.Model):
    """A frame contract. Governed. `valid_to` is its last day."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        ACTIVE = "active", _("Active")
        ENDED = "ended", _("Ended")

    reference = models.CharField(_("reference"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="contracts")
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="contracts", verbose_name=_("vendor")
    )
    title = models.CharField(_("title"), max_length=200)
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"))
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT, db_index=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["reference"]
        constraints = [
            models.CheckConstraint(condition=Q(valid_to__gte=F("valid_from")), name="contract_ends_after_it_begins")
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


class ContractPrice(models.Model):
    """The price per unit of an item from a quantity on. Governed."""

    contract = models.ForeignKey(Contract, on_delete=models.PROTECT, related_name="prices", verbose_name=_("contract"))
    item = models.ForeignKey(
        "vendors.Item", on_delete=models.PROTECT, related_name="contract_prices", verbose_name=_("item")
    )
    unit_price = models.DecimalField(_("unit price"), max_digits=19, decimal_places=4)
    min_quantity = models.DecimalField(_("from quantity"), max_digits=19, decimal_places=4, default=0)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("contract price")
        verbose_name_plural = _("contract prices")
        ordering = ["contract", "item", "min_quantity"]
        constraints = [
            models.UniqueConstraint(fields=["contract", "item", "min_quantity"], name="contract_price_break_once"),
            models.CheckConstraint(condition=Q(unit_price__gt=0), name="contract_price_above_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.item}: {self.unit_price}"
