"""Claims and what the code found at their source."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Evidence(models.Model):
    """One claim of one revision. An unverified claim is shown struck through and supports nothing."""

    class SourceKind(models.TextChoices):
        ROW = "row", _("Record")
        QUOTE_LINE = "quote_line", _("Quote line")
        SPAN = "span", _("Words of a source")
        READING = "reading", _("Reading")
        MODEL = "model", _("Model record")

    proposal = models.ForeignKey("approvals.Proposal", on_delete=models.PROTECT, related_name="evidence")
    revision = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    claim = models.TextField()
    value = models.CharField(max_length=400, blank=True)
    source_kind = models.CharField(max_length=10, choices=SourceKind)
    source_ref = models.JSONField()
    quote = models.TextField(blank=True)
    verified = models.BooleanField(default=False)
    found = models.CharField(max_length=400, blank=True, help_text=_("What the source says."))
    problem = models.CharField(max_length=400, blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "revision", "position"], name="evidence_position_once")
        ]
        ordering = ["position"]
        verbose_name_plural = _("evidence")

    def __str__(self) -> str:
        return self.claim[:80]
