"""What is sold: categories, units, items."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from vendors.folding import FoldedField


class Category(models.Model):
    """A group of things bought alike; approvals, buyers and policies are set per category."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """What a quantity counts: pack, each, kg."""

    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """Something with a number that is ordered again and again. Prices are per `unit`, in `price_currency`."""

    key = models.CharField(_("number"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=300)
    folded_name = FoldedField(source="name")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="items", verbose_name=_("category"))
    generic_name = models.CharField(_("generic name"), max_length=300, blank=True)
    brand = models.CharField(_("brand"), max_length=120, blank=True, help_text=_("Empty for a generic."))
    dosage = models.CharField(_("strength"), max_length=120, blank=True)
    dosage_form = models.CharField(_("form"), max_length=120, blank=True)
    units_per_pack = models.PositiveIntegerField(_("units per pack"), default=1)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="items", verbose_name=_("unit"))
    active = models.BooleanField(_("can be ordered"), default=True)
    equivalents = models.ManyToManyField(
        "self", blank=True, verbose_name=_("equivalents"), help_text=_("Items that can stand in for this one.")
    )
    price_p25 = models.DecimalField(_("lower quartile"), max_digits=19, decimal_places=4, null=True, blank=True)
    price_median = models.DecimalField(_("median price"), max_digits=19, decimal_places=4, null=True, blank=True)
    price_p75 = models.DecimalField(_("upper quartile"), max_digits=19, decimal_places=4, null=True, blank=True)
    price_currency = models.CharField(_("currency"), max_length=3, blank=True)
    price_as_of = models.DateField(_("prices as of"), null=True, blank=True)
    price_rows = models.PositiveIntegerField(_("deliveries behind the prices"), default=0)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key} {self.name}"
