"""What suppliers and markets announce: told by somebody here, and never changed afterwards."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Notice(models.Model):
    """A change announced by a supplier, for an item, or both. Plans that concern it look again."""

    class Kind(models.TextChoices):
        PRICE_CHANGE = "price_change", _("Price change")
        STOCK_OUT = "stock_out", _("Out of stock")
        DELAY = "delay", _("Delay")
        QUALITY = "quality", _("Quality")
        OTHER = "other", _("Other")

    reference = models.CharField(_("number"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    vendor = models.ForeignKey(
        "vendors.Vendor",
        verbose_name=_("supplier"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
    )
    item = models.ForeignKey(
        "vendors.Item", verbose_name=_("item"), on_delete=models.PROTECT, null=True, blank=True, related_name="notices"
    )
    effective_on = models.DateField(_("from"))
    new_price = models.DecimalField(_("new price"), max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    text = models.TextField(_("text"), blank=True, help_text=_("As somebody here put it: data, never an instruction."))
    recorded_by = models.ForeignKey(
        "ledger.Person", verbose_name=_("recorded by"), on_delete=models.PROTECT, related_name="notices"
    )
    recorded_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(vendor__isnull=False) | Q(item__isnull=False), name="notice_is_about_something"
            ),
            models.CheckConstraint(
                condition=Q(new_price__isnull=True) | (Q(new_price__gt=0) & ~Q(currency="")),
                name="notice_price_has_currency",
            ),
        ]
        indexes = [models.Index(fields=["entity", "vendor", "recorded_at"])]

    def __str__(self) -> str:
        about = " ".join(each.key for each in (self.vendor, self.item) if each)
        return f"{self.reference} {self.get_kind_display()} {about}"
