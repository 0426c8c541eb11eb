"""Workers elsewhere: who may take which steps, and until when."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class EdgeWorker(models.Model):
    """A worker outside this house. Its token is kept as a hash only; it opens one pool of one company for some time."""

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    name = models.CharField(max_length=60)
    pool = models.CharField(max_length=40, help_text=_("The steps of this pool, as templates name it."))
    tasks = models.JSONField(help_text=_("What it may do, each as role.task."))
    token_hash = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    @property
    def holder(self) -> str:
        """By this its leases are known."""
        return f"edge:{self.pk}"
