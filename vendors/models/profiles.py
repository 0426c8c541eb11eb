"""Who sells: vendors, the people there, what they may supply, what they have proved."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from vendors.folding import FoldedField


class Vendor(models.Model):
    """Governed: changed only by carried-out commands and by imports."""

    class Status(models.TextChoices):
        PROSPECT = "prospect", _("Prospect")
        APPROVED = "approved", _("Approved")
        CONDITIONAL = "conditional", _("Approved with conditions")
        BLOCKED = "blocked", _("Blocked")
        RETIRED = "retired", _("Retired")

    #: May be invited and may get orders.
    ORDERABLE = (Status.APPROVED, Status.CONDITIONAL)

    key = models.CharField(_("number"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="vendors")
    name = models.CharField(_("name"), max_length=200)
    folded_name = FoldedField(source="name")
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PROSPECT, db_index=True)
    blocked_reason = models.CharField(_("why blocked"), max_length=500, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True, help_text=_("ISO 3166-1 alpha-2."))
    website = models.URLField(_("website"), blank=True)
    created_at = models.DateTimeField(_("known since"))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("vendor")
        verbose_name_plural = _("vendors")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="blocked") | ~Q(blocked_reason=""), name="vendor_blocked_for_a_reason"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_orderable(self) -> bool:
        return self.status in self.ORDERABLE


class VendorContact(models.Model):
    """A person at a vendor. Mail goes only to a verified address."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="contacts", verbose_name=_("vendor"))
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("mail address"))
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")

    class Meta:
        verbose_name = _("vendor contact")
        verbose_name_plural = _("vendor contacts")
        ordering = ["vendor", "name"]
        constraints = [models.UniqueConstraint(fields=["vendor", "email"], name="vendor_contact_once")]

    def __str__(self) -> str:
        return self.name


class CategoryApproval(models.Model):
    """The vendor may supply this category until then; no date means until it is taken back."""

    vendor = models.ForeignKey(
        Vendor, on_delete=models.PROTECT, related_name="category_approvals", verbose_name=_("vendor")
    )
    category = models.ForeignKey(
        "vendors.Category", on_delete=models.PROTECT, related_name="approvals", verbose_name=_("category")
    )
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("category approval")
        verbose_name_plural = _("category approvals")
        ordering = ["vendor", "category"]
        constraints = [models.UniqueConstraint(fields=["vendor", "category"], name="category_approval_once")]

    def __str__(self) -> str:
        return f"{self.vendor}: {self.category}"


class Certificate(models.Model):
    """A proof the vendor handed in: ISO 9001, WHO prequalification, GDP."""

    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, related_name="certificates", verbose_name=_("vendor"))
    kind = models.CharField(_("kind"), max_length=80)
    number = models.CharField(_("number"), max_length=120, blank=True)
    issued_by = models.CharField(_("issued by"), max_length=200, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["vendor", "kind"]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}".strip()
