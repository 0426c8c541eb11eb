"""What somebody needs: the words as said, and what was understood."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


class Urgency(models.TextChoices):
    HOT = "hot", _("Hot")
    NORMAL = "normal", _("Normal")
    COLD = "cold", _("Cold")


class Requisition(models.Model):
    """A purchase requisition (PR)."""

    class Status(models.TextChoices):
        CAPTURED = "captured", _("Captured")
        QUESTIONS = "questions", _("Questions open")
        RAISED = "raised", _("Raised")
        SOURCING = "sourcing", _("Being sourced")
        ORDERED = "ordered", _("Ordered")
        CLOSED = "closed", _("Closed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    #: May still be changed by reading and answers.
    UNRAISED = (Status.CAPTURED, Status.QUESTIONS)
    LIVE = (Status.CAPTURED, Status.QUESTIONS, Status.RAISED, Status.SOURCING)

    reference = models.CharField(_("number"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="requisitions")
    requested_by = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, related_name="requisitions")
    words = models.TextField(_("words as said"))
    source = models.ForeignKey("ledger.Source", on_delete=models.PROTECT)
    channel = models.CharField(_("channel"), max_length=20, default="portal")
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.CAPTURED, db_index=True)
    needed_by = models.DateField(_("needed by"), null=True, blank=True)
    deliver_to = models.CharField(_("deliver to"), max_length=2, blank=True, help_text=_("ISO 3166-1 alpha-2."))
    cost_centre = models.ForeignKey("ledger.CostCentre", on_delete=models.PROTECT, null=True, blank=True)
    budget_amount = models.DecimalField(_("budget"), max_digits=19, decimal_places=4, null=True, blank=True)
    budget_currency = models.CharField(_("currency"), max_length=3, blank=True)
    urgency = models.CharField(_("urgency"), max_length=6, choices=Urgency, default=Urgency.NORMAL)
    structured = models.JSONField(_("what was understood"), default=dict, blank=True)
    captured_at = models.DateTimeField(_("captured"))
    history = HistoricalRecords()
    #: Kept with the version that the next save makes.
    _change_reason: str

    class Meta:
        verbose_name = _("requisition")
        verbose_name_plural = _("requisitions")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.reference


class RequisitionLine(models.Model):
    requisition = models.ForeignKey(Requisition, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    description = models.CharField(max_length=500)
    item = models.ForeignKey("vendors.Item", on_delete=models.PROTECT, null=True, blank=True)
    quantity = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    unit = models.CharField(max_length=20, blank=True)

    class Meta:
        verbose_name = _("requisition line")
        verbose_name_plural = _("requisition lines")
        ordering = ["requisition", "number"]
        constraints = [
            models.UniqueConstraint(fields=["requisition", "number"], name="requisition_line_once"),
            models.CheckConstraint(
                condition=models.Q(quantity__gt=0) | models.Q(quantity=None), name="requisition_quantity_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requisition}/{self.number} {self.description[:60]}"


class RequisitionQuestion(models.Model):
    """What the reader could not tell; answered by the requester."""

    requisition = models.ForeignKey(Requisition, on_delete=models.CASCADE, related_name="questions")
    path = models.CharField(max_length=80, help_text=_("The field it is about, such as lines[0].quantity."))
    text = models.CharField(max_length=500)
    suggestions = models.JSONField(default=list, blank=True)
    answer = models.CharField(max_length=500, blank=True)
    answered_by = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["requisition", "path"], name="question_once_per_field")]

    def __str__(self) -> str:
        return self.text
