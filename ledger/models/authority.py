"""Authority to carry out one bundle once."""

from django.db import models


class GrantedAuthority(models.Model):
    """Issued by a decision for a fingerprint (or for an import batch), spent by the act it allows."""

    class Purpose(models.TextChoices):
        DECISION = "decision"
        IMPORT = "import"

    purpose = models.CharField(max_length=10, choices=Purpose)
    fingerprint = models.CharField(max_length=64, db_index=True)
    reference = models.CharField(max_length=80, help_text="The decision or batch it comes from.")
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    spent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "granted authorities"

    def __str__(self) -> str:
        return f"{self.reference} for {self.fingerprint[:12]}"
