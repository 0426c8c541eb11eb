"""Plan templates: versioned data, never changed once published; and what people have on the drawing board."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class PlanTemplate(models.Model):
    """One version of a graph of steps. Running plans stay on the version they started with."""

    class Status(models.TextChoices):
        PUBLISHED = "published", _("In force")
        RETIRED = "retired", _("No longer in force")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="plan_templates")
    name = models.SlugField(max_length=60)
    version = models.PositiveIntegerField()
    definition = models.JSONField(help_text=_("Title, subject kind and steps; the shape is in agents.definition."))
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the definition's canonical JSON."))
    status = models.CharField(max_length=10, choices=Status, default=Status.PUBLISHED)
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=200, blank=True, help_text=_("Who proposed and who approved it."))

    class Meta:
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "name", "version"], name="plan_template_version_once"),
            models.UniqueConstraint(
                fields=["entity", "name"], condition=models.Q(status="published"), name="one_template_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"

    @property
    def title(self) -> str:
        return str(self.definition.get("title") or self.name)

    @property
    def purpose(self) -> str:
        return str(self.definition.get("purpose") or "")


class TemplateDraft(models.Model):
    """What one person is making of a template, sound or not. It is kept until they propose it or throw it away."""

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey("ledger.Person", on_delete=models.CASCADE, related_name="template_drafts")
    name = models.SlugField(max_length=60)
    base_version = models.PositiveIntegerField(
        default=0, help_text=_("The version in force when it was begun; 0: none.")
    )
    definition = models.JSONField()
    rationale = models.TextField(blank=True, help_text=_("What whoever decides will read first."))
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-changed_at"]
        constraints = [models.UniqueConstraint(fields=["entity", "person", "name"], name="template_draft_once")]

    def __str__(self) -> str:
        return f"{self.name}, draft of {self.person}"
