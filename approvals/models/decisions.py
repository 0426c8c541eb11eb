"""What the gate said, who must look, and what they decided."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Judgement(models.Model):
    """One run of the gate over one revision, with everything it knew. Never changed afterwards."""

    class Stage(models.TextChoices):
        PROPOSE = "propose", _("When proposed")
        EXECUTE = "execute", _("When carried out")

    proposal = models.ForeignKey("approvals.Proposal", on_delete=models.PROTECT, related_name="judgements")
    revision = models.PositiveIntegerField()
    policy = models.ForeignKey("approvals.PolicyVersion", on_delete=models.PROTECT)
    stage = models.CharField(max_length=8, choices=Stage)
    verdict = models.CharField(max_length=5)
    facts = models.JSONField(help_text=_("Each fact's value and how it was computed."))
    fired = models.JSONField()
    near = models.JSONField(default=list)
    levels = models.JSONField(default=list, help_text=_("Levels that must approve."))
    difference = models.JSONField(null=True, blank=True, help_text=_("What changed since it was approved."))
    at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.verdict} at {self.stage} of {self.proposal_id}"


class ApprovalStep(models.Model):
    """One level that must approve one revision."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Not yet open")
        OPEN = "open", _("Open")
        DONE = "done", _("Approved")
        VOID = "void", _("No longer needed")

    proposal = models.ForeignKey("approvals.Proposal", on_delete=models.PROTECT, related_name="steps")
    revision = models.PositiveIntegerField()
    position = models.PositiveIntegerField()
    level = models.CharField(max_length=40)
    label = models.CharField(max_length=120)
    approver = models.JSONField(help_text=_("How its people are found."))
    quorum = models.CharField(max_length=5, default="any", help_text=_("any, all or a number."))
    rules = models.JSONField(default=list, help_text=_("Rules that ask for this level."))
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    people = models.ManyToManyField("ledger.Person", blank=True, related_name="approval_steps")
    opened_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "position"], name="approval_step_once")]
        indexes = [models.Index(fields=["status", "due_at"])]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.label} of {self.proposal_id}"


class Decision(models.Model):
    """What one decider said about one fingerprint. A final one ends its judgement, and only one can."""

    class Kind(models.TextChoices):
        APPROVE = "approve", _("Approved")
        REJECT = "reject", _("Rejected")
        RETURN = "return", _("Changes asked for")
        EDIT = "edit", _("Edited")
        PASS = "pass", _("Passed by policy")

    proposal = models.ForeignKey("approvals.Proposal", on_delete=models.PROTECT, related_name="decisions")
    judgement = models.ForeignKey(Judgement, on_delete=models.PROTECT, related_name="decisions")
    step = models.ForeignKey(ApprovalStep, on_delete=models.PROTECT, null=True, blank=True, related_name="decisions")
    revision = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    new_fingerprint = models.CharField(max_length=64, blank=True, help_text=_("What an edit made of it."))
    kind = models.CharField(max_length=8, choices=Kind)
    final = models.BooleanField(default=False)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=200)
    person = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, null=True, blank=True)
    comment = models.TextField(blank=True)
    for_review = models.BooleanField(default=False, help_text=_("Decided alone: goes into the review sample."))
    at = models.DateTimeField()
    authority = models.OneToOneField("ledger.GrantedAuthority", on_delete=models.PROTECT, null=True, blank=True)
    entry_seq = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["judgement"], condition=models.Q(final=True), name="one_final_decision_per_judgement"
            ),
            models.UniqueConstraint(
                fields=["step", "person"], condition=models.Q(step__isnull=False), name="one_approval_per_person"
            ),
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.kind} of {self.proposal_id} by {self.actor_name}"
