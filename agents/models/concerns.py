"""What plans have to do with, and how often what happened made them look again."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PlanConcern(models.Model):
    """An object that a result of the plan names. Its subject is not among these: the plan says it itself."""

    plan = models.ForeignKey("agents.Plan", on_delete=models.CASCADE, related_name="concerns")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=80)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key", "plan"], name="plan_concern_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Reconsideration(models.Model):
    """Something happened that a running plan concerns: told to it once, whatever number of rules say so."""

    plan = models.ForeignKey("agents.Plan", on_delete=models.PROTECT, related_name="reconsiderations")
    seq = models.PositiveBigIntegerField(help_text=_("The entry of what happened, in the log of the plan's company."))
    fact = models.CharField(max_length=60)
    named = models.JSONField(default=list, help_text=_("What it happened to, by kind and key."))
    data = models.JSONField(default=dict, help_text=_("What the entry says, without words that people typed."))
    entry_seq = models.PositiveBigIntegerField(null=True, blank=True, help_text=_("The entry that tells of this."))
    woken = models.JSONField(default=list, blank=True, help_text=_("Steps that were woken, by key."))
    looks = models.JSONField(default=list, blank=True, help_text=_("Steps added to look again, by key."))
    asks = models.JSONField(default=list, blank=True, help_text=_("Steps added to ask a person, by key."))
    happened_at = models.DateTimeField(help_text=_("When the entry was written."))
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["plan", "seq"], name="reconsidered_once_per_fact")]

    def __str__(self) -> str:
        return f"{self.plan} after {self.fact} ({self.seq})"
