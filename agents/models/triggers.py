"""Trigger rules: one versioned list a company, never changed once published."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class TriggerRules(models.Model):
    """One version of everything that happens by itself when the journal tells a fact."""

    class Status(models.TextChoices):
        PUBLISHED = "published", _("In force")
        RETIRED = "retired", _("No longer in force")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="trigger_rules")
    version = models.PositiveIntegerField()
    rules = models.JSONField(help_text=_("A list; the shape is in agents.trigger_rules."))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the rules' canonical JSON."))
    status = models.CharField(max_length=10, choices=Status, default=Status.PUBLISHED)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=200, blank=True, help_text=_("Who proposed and who approved it."))

    class Meta:
        verbose_name = _("trigger rules")
        verbose_name_plural = _("trigger rules")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "version"], name="trigger_rules_version_once"),
            models.UniqueConstraint(
                fields=["entity"], condition=models.Q(status="published"), name="one_set_of_trigger_rules_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"trigger rules v{self.version}"
