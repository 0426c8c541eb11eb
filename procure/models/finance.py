"""Budgets, what is held on them, and exchange rates."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Budget(models.Model):
    """A cost centre's limit for a year. `committed` is the running sum of live commitments. Governed."""

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="budgets")
    cost_centre = models.ForeignKey("ledger.CostCentre", on_delete=models.PROTECT, related_name="budgets")
    year = models.PositiveIntegerField(_("year"))
    amount = models.DecimalField(_("limit"), max_digits=19, decimal_places=4)
    committed = models.DecimalField(_("committed"), max_digits=19, decimal_places=4, default=0)
    currency = models.CharField(_("currency"), max_length=3)

    class Meta:
        verbose_name = _("budget")
        verbose_name_plural = _("budgets")
        ordering = ["cost_centre", "-year"]
        constraints = [
            models.UniqueConstraint(fields=["cost_centre", "year"], name="budget_once"),
            models.CheckConstraint(
                condition=models.Q(committed__gte=0) & models.Q(committed__lte=models.F("amount")),
                name="budget_never_beyond_its_limit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cost_centre.code} {self.year}"


class Commitment(models.Model):
    """Money held by an open requisition or order. Governed."""

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        RELEASED = "released", _("Released")
        SPENT = "spent", _("Spent")

    budget = models.ForeignKey(Budget, on_delete=models.PROTECT, related_name="commitments")
    object_kind = models.CharField(_("for"), max_length=20)
    object_key = models.CharField(_("number"), max_length=40)
    amount = models.DecimalField(_("amount"), max_digits=19, decimal_places=4)
    currency = models.CharField(_("currency"), max_length=3)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.HELD)
    held_at = models.DateTimeField(_("held"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("commitment")
        verbose_name_plural = _("commitments")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["object_kind", "object_key"], condition=models.Q(status="held"), name="one_live_commitment"
            ),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="commitment_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.object_key} on {self.budget}"


class ExchangeRate(models.Model):
    """Units of the currency for one euro (ECB reference rate)."""

    currency = models.CharField(_("currency"), max_length=3)
    per_eur = models.DecimalField(_("per euro"), max_digits=18, decimal_places=8)
    on = models.DateField(_("date"))

    class Meta:
        verbose_name = _("exchange rate")
        verbose_name_plural = _("exchange rates")
        ordering = ["currency", "-on"]
        constraints = [models.UniqueConstraint(fields=["currency", "on"], name="rate_once")]

    def __str__(self) -> str:
        return f"{self.currency} on {self.on}"
