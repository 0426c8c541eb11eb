"""Mail out and in."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Message(models.Model):
    """One mail. The body of an invitation never keeps the personal link."""

    class Direction(models.TextChoices):
        OUT = "out", _("Sent")
        IN = "in", _("Received")

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    direction = models.CharField(_("direction"), max_length=3, choices=Direction, default=Direction.OUT)
    thread = models.CharField(_("thread"), max_length=80, db_index=True, help_text=_("What it is about: RFQ-00007."))
    contact = models.ForeignKey("vendors.VendorContact", on_delete=models.PROTECT, null=True, blank=True)
    subject = models.CharField(_("subject"), max_length=300)
    body = models.TextField(_("text"))
    effect_key = models.CharField(max_length=64, unique=True, null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject
