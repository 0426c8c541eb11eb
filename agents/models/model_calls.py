"""The record of every question put to a language model."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ModelCall(models.Model):
    """Raw in, raw out, what it cost, and whether its answer was used."""

    class Outcome(models.TextChoices):
        ANSWERED = "answered", _("Answered")
        TIMED_OUT = "timed_out", _("No answer in time")
        FAILED = "failed", _("The endpoint failed")
        REFUSED = "refused", _("The model refused")
        MALFORMED = "malformed", _("Not the shape asked for")
        UNVERIFIED = "unverified", _("Could not be verified")
        OVER_BUDGET = "over_budget", _("Not asked: over its budget")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, null=True, blank=True)
    role = models.CharField(max_length=40, db_index=True)
    plan = models.CharField(max_length=20, blank=True, db_index=True)
    step = models.CharField(max_length=60, blank=True)
    tier = models.CharField(max_length=10)
    model = models.CharField(max_length=120, blank=True)
    template_digest = models.CharField(max_length=64)
    question_digest = models.CharField(
        max_length=64, db_index=True, help_text=_("Tier, model, template, input and shape: the same question.")
    )
    input = models.ForeignKey("ledger.Source", on_delete=models.PROTECT, related_name="asked_in")
    output = models.ForeignKey(
        "ledger.Source", on_delete=models.PROTECT, null=True, blank=True, related_name="answered_in"
    )
    outcome = models.CharField(max_length=12, choices=Outcome)
    detail = models.TextField(blank=True)
    degraded = models.BooleanField(default=False, help_text=_("Answered by rules instead."))
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost = models.DecimalField(max_digits=19, decimal_places=6, default=0)
    latency_ms = models.PositiveIntegerField(default=0)
    labels = models.JSONField(default=list, blank=True, help_text=_("Origins of what the model saw."))
    called_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.role} {self.tier} {self.outcome}"
