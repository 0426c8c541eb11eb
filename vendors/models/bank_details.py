"""Where a vendor is paid: versions, each sealed under the vendor's key. Governed."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SealedBankDetails(models.Model):
    """Values given in, before anybody proposed them. A command carries the reference and the commitment, no value."""

    reference = models.CharField(max_length=32, unique=True)
    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="sealed_bank_details")
    sealed = models.BinaryField(editable=False)
    commitment = models.CharField(max_length=64, help_text=_("Salted SHA-256, also in the ledger."))
    given_by = models.CharField(max_length=80, help_text=_("Number of the person who typed them."))
    given_at = models.DateTimeField()

    class Meta:
        verbose_name = _("sealed bank details")
        verbose_name_plural = _("sealed bank details")

    def __str__(self) -> str:
        return self.reference


class BankDetails(models.Model):
    """One version. Held until its time is over, then in force until another takes its place."""

    class Status(models.TextChoices):
        HELD = "held", _("Held")
        IN_FORCE = "in_force", _("In force")
        REPLACED = "replaced", _("Replaced")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="bank_details")
    version = models.PositiveIntegerField(_("version"))
    source = models.OneToOneField(SealedBankDetails, on_delete=models.PROTECT, related_name="version")
    commitment = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.HELD, db_index=True)
    hold_until = models.DateTimeField(_("held until"))
    called_back = models.ForeignKey(
        "vendors.CallBackNumber", on_delete=models.PROTECT, related_name="+", verbose_name=_("called back at")
    )
    requested_by = models.CharField(_("requested by"), max_length=80, help_text=_("Number of the person."))
    verified_by = models.CharField(_("verified by"), max_length=80, help_text=_("Number of the person."))
    changed_at = models.DateTimeField(_("changed"))
    in_force_at = models.DateTimeField(_("in force since"), null=True, blank=True)

    class Meta:
        verbose_name = _("bank details")
        verbose_name_plural = _("bank details")
        ordering = ["vendor", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["vendor", "version"], name="bank_details_version_once"),
            models.UniqueConstraint(
                fields=["vendor"], condition=Q(status="in_force"), name="one_bank_details_in_force"
            ),
            models.UniqueConstraint(fields=["vendor"], condition=Q(status="held"), name="one_bank_details_held"),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_id} version {self.version}"


class CallBackNumber(models.Model):
    """A telephone number of a vendor, sealed, with the day since when it is known. No call-back to a newer one."""

    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="call_back_numbers")
    sealed = models.BinaryField(editable=False)
    known_since = models.DateTimeField(_("known since"))

    class Meta:
        verbose_name = _("call-back number")
        verbose_name_plural = _("call-back numbers")

    def __str__(self) -> str:
        return f"number {self.pk}"
