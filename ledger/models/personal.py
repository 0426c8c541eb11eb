"""Personal values that the ledger commits to without holding them, and the keys that make them readable."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SubjectKey(models.Model):
    """The key of one subject, wrapped by the key ring. Once it is erased none is ever made again for this subject."""

    subject = models.CharField(max_length=80, unique=True, help_text=_("person:12, contact:7 or vendor:VEN-014."))
    wrapped_key = models.BinaryField(editable=False)
    made_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("key of a subject")
        verbose_name_plural = _("keys of subjects")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(erased_at=None) | models.Q(wrapped_key=b""), name="erased_subject_has_no_key"
            )
        ]

    def __str__(self) -> str:
        return self.subject


class PersonalValue(models.Model):
    """Value and salt behind one commitment of one entry, sealed under the subject's key."""

    log = models.ForeignKey("ledger.LedgerHead", on_delete=models.PROTECT, related_name="+")
    seq = models.PositiveBigIntegerField()
    path = models.CharField(max_length=200)
    subject = models.CharField(max_length=80, db_index=True)
    sealed = models.BinaryField(editable=False)

    class Meta:
        verbose_name = _("personal value")
        verbose_name_plural = _("personal values")
        constraints = [models.UniqueConstraint(fields=["log", "seq", "path"], name="personal_value_once")]

    def __str__(self) -> str:
        return f"{self.seq} {self.path}"
