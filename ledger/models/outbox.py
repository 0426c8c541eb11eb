"""The one table of outside effects, and each try at one."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Effect(models.Model):
    """Something that must happen outside exactly once: an ERP write, a mail, a webhook."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting to be sent")
        CALLING = "calling", _("Being sent")
        CONFIRMED = "confirmed", _("Confirmed by the receiver")
        REFUSED = "refused", _("Refused by the receiver")
        UNKNOWN = "unknown", _("Sent, outcome unknown")
        CANCELLED = "cancelled", _("Cancelled before it was sent")

    OPEN = (Status.WAITING, Status.CALLING, Status.UNKNOWN)

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    sender = models.CharField(max_length=20, help_text=_("erp, mail, webhook or anchor."))
    purpose = models.CharField(max_length=60)
    effect_key = models.CharField(max_length=64, unique=True)
    object_kind = models.CharField(max_length=40)
    object_key = models.CharField(max_length=80)
    request = models.JSONField()
    request_digest = models.CharField(max_length=64)
    cause_seq = models.PositiveBigIntegerField(null=True, help_text=_("The ledger entry that caused it."))
    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING, db_index=True)
    not_before = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0, help_text=_("Counted before each call."))
    most_attempts = models.PositiveIntegerField(default=20, help_text=_("After these a person decides."))
    vouched = models.PositiveIntegerField(
        default=0, help_text=_("A person said that none of the first so many attempts arrived.")
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    external_id = models.CharField(max_length=120, blank=True)
    external_number = models.CharField(max_length=120, blank=True)
    answer = models.JSONField(null=True, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("outside effect")
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["status", "not_before"]),
            models.Index(fields=["object_kind", "object_key"]),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.object_key}"


class EffectAttempt(models.Model):
    """One call, counted before it is made."""

    effect = models.ForeignKey(Effect, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["effect", "number"], name="effect_attempt_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome or 'not ended'}"
