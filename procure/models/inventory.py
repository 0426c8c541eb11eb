"""What lies where."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class StockLevel(models.Model):
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="stock_levels")
    item = models.ForeignKey("vendors.Item", on_delete=models.PROTECT, related_name="stock_levels")
    location = models.CharField(_("location"), max_length=60)
    quantity = models.DecimalField(_("on hand"), max_digits=19, decimal_places=4)
    as_of = models.DateField(_("as of"))

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        ordering = ["location", "item"]
        constraints = [models.UniqueConstraint(fields=["entity", "item", "location"], name="stock_level_once")]

    def __str__(self) -> str:
        return f"{self.item} at {self.location}"
