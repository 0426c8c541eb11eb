"""Long work that somebody asked for and need not wait beside."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of long work. While it runs, `done` of `total` may stand further on in its gauge (ledger.gauges)."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Waiting for a worker")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    LIVE = (Status.QUEUED, Status.RUNNING)

    reference = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    person = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, related_name="jobs")
    arguments = models.JSONField(default=dict, blank=True)
    given = models.ForeignKey(
        "ledger.Source", on_delete=models.PROTECT, null=True, related_name="+", help_text=_("A file to read.")
    )
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0, help_text=_("0: not known."))
    note = models.CharField(max_length=200, blank=True, help_text=_("What it is at."))
    mail = models.BooleanField(default=True, help_text=_("Tell the person by mail when it has ended."))
    attempts = models.PositiveSmallIntegerField(default=0, help_text=_("Starts, each counted before it began."))
    fence = models.PositiveIntegerField(default=0)
    rung_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True, help_text=_("Its last sign of life."))
    cancel_at = models.DateTimeField(null=True, blank=True, help_text=_("When somebody asked to cancel it."))
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.JSONField(default=dict, blank=True)
    file = models.ForeignKey(
        "ledger.Source", on_delete=models.PROTECT, null=True, related_name="+", help_text=_("What it made.")
    )
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["person", "status"])]
        constraints = [
            models.CheckConstraint(condition=models.Q(attempts__lte=3), name="job_attempts_within_cap"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE
