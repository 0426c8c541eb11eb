"""Standing orders: the policy and the bounds of each agent role. Versions never change; only which one is in force."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class PolicyVersion(models.Model):
    class Status(models.TextChoices):
        PUBLISHED = "published", _("In force")
        RETIRED = "retired", _("Retired")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    document = models.JSONField(help_text=_("Levels, chains, parameters and rules."))
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=200, help_text=_("Names of the people who stood for it."))
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], name="policy_number_once"),
            models.UniqueConstraint(
                fields=["entity"], condition=models.Q(status="published"), name="one_policy_in_force"
            ),
        ]
        ordering = ["entity", "-number"]

    def __str__(self) -> str:
        return f"{self.name} (version {self.number})"

    @property
    def rules(self) -> list[dict]:
        return self.document["rules"]


class Bounds(models.Model):
    """What an agent role may propose, how much, how often."""

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    role = models.CharField(max_length=40)
    version = models.PositiveIntegerField()
    in_force = models.BooleanField(default=True)
    on = models.BooleanField(default=True)
    commands = models.JSONField(help_text=_("Kinds of commands it may propose."))
    max_amount = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    max_per_day = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3)
    rate_per_hour = models.PositiveIntegerField()
    suppliers_per_event = models.PositiveIntegerField()
    tiers = models.JSONField(default=list, help_text=_("Model tiers it may use."))
    changed_at = models.DateTimeField()
    history = HistoricalRecords()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["entity", "role", "version"], name="bounds_version_once"),
            models.UniqueConstraint(
                fields=["entity", "role"], condition=models.Q(in_force=True), name="one_bounds_in_force"
            ),
        ]
        ordering = ["role", "-version"]
        verbose_name_plural = _("bounds")

    def __str__(self) -> str:
        return f"{self.role} (version {self.version})"
