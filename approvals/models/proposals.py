"""What is proposed, how it was revised, what carrying it out left behind."""

from django.db import models
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from ledger.actors import Actor, ActorKind


class Proposal(models.Model):
    """A bundle of ordered commands with one fingerprint, one verdict, one transaction."""

    class Status(models.TextChoices):
        PASSED = "passed", _("Passed by policy")
        WAITING = "waiting", _("Waiting for a person")
        APPROVED = "approved", _("Approved")
        CARRIED_OUT = "carried_out", _("Carried out")
        REJECTED = "rejected", _("Rejected")
        RETURNED = "returned", _("Changes asked for")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        UNDONE = "undone", _("Undone")
        FAILED = "failed", _("Could not be carried out")
        BLOCKED = "blocked", _("Blocked by policy")

    class Verdict(models.TextChoices):
        PASS = "pass", _("Pass")
        ASK = "ask", _("Ask")
        BLOCK = "block", _("Block")

    class Urgency(models.TextChoices):
        HOT = "hot", _("Hot")
        NORMAL = "normal", _("Normal")
        COLD = "cold", _("Cold")

    #: Still on its way; everything else has ended.
    LIVE = (Status.PASSED, Status.WAITING, Status.APPROVED)
    #: The author may put a new revision in its place.
    REVISABLE = (Status.PASSED, Status.WAITING, Status.APPROVED, Status.RETURNED, Status.FAILED, Status.BLOCKED)

    reference = models.CharField(max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT)
    status = models.CharField(max_length=12, choices=Status, db_index=True)
    revision = models.PositiveIntegerField(default=1)
    commands = models.JSONField()
    command_kinds = models.CharField(max_length=400, help_text=_("Kinds of its commands, separated by spaces."))
    fingerprint = models.CharField(max_length=64, db_index=True)
    sentence = models.CharField(max_length=500)
    author_kind = models.CharField(max_length=10)
    author_id = models.CharField(max_length=80)
    author_name = models.CharField(max_length=200)
    requested_by = models.ForeignKey(
        "ledger.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="requested_proposals"
    )
    rationale = models.TextField(blank=True)
    confidence = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    urgency = models.CharField(max_length=8, choices=Urgency, default=Urgency.NORMAL)
    plan = models.JSONField(null=True, blank=True, help_text=_("Plan, step and attempt that it came from."))
    #: Kept by the database beside `plan`, so that what a plan has proposed is found by an index.
    of_plan = models.GeneratedField(
        expression=KT("plan__plan"), output_field=models.TextField(null=True), db_persist=True
    )
    key = models.CharField(max_length=120, unique=True, null=True, blank=True)
    verdict = models.CharField(max_length=5, choices=Verdict)
    checkpoint = models.CharField(max_length=300, blank=True, help_text=_("Why it asks, in the rule's own words."))
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    vendor_key = models.CharField(max_length=40, blank=True, db_index=True)
    judgement = models.ForeignKey(
        "approvals.Judgement", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    undo_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undo_proposals")
    problem = models.TextField(blank=True, help_text=_("Why it could not be carried out, or came back."))
    made_at = models.DateTimeField(db_index=True)
    due_at = models.DateTimeField(null=True, blank=True)
    hold_until = models.DateTimeField(null=True, blank=True)
    carried_out_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["status", "due_at"]),
            models.Index(fields=["author_kind", "author_id"]),
            models.Index(fields=["of_plan"], condition=models.Q(of_plan__isnull=False), name="proposal_of_plan"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.sentence}"

    @property
    def author(self) -> Actor:
        return Actor(ActorKind(self.author_kind), self.author_id, self.author_name)


class ProposalRevision(models.Model):
    """What the bundle was at each revision, and who made it so."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    commands = models.JSONField()
    fingerprint = models.CharField(max_length=64)
    rationale = models.TextField(blank=True)
    author_kind = models.CharField(max_length=10)
    author_id = models.CharField(max_length=80)
    author_name = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "number"], name="proposal_revision_once")]
        ordering = ["number"]

    def __str__(self) -> str:
        return f"{self.proposal_id}/{self.number}"


class Spend(models.Model):
    """Money that a proposal would bind, by whom and with whom: what the rolling sums add up."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="spends")
    vendor_key = models.CharField(max_length=40, blank=True)
    cost_centre = models.CharField(max_length=40, blank=True)
    requester_id = models.CharField(max_length=80)
    amount = models.DecimalField(max_digits=19, decimal_places=4)

    class Meta:
        indexes = [
            models.Index(fields=["vendor_key", "cost_centre"]),
            models.Index(fields=["vendor_key", "requester_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.vendor_key} {self.amount}"


class CarriedOut(models.Model):
    """What one command left behind, and the command that takes it back."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="carried")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=60)
    result = models.JSONField(default=dict)
    objects_touched = models.JSONField(default=list)
    compensation = models.JSONField(null=True, blank=True)
    undo_until = models.DateTimeField(null=True, blank=True)
    how = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["proposal", "position"], name="command_carried_out_once")]
        ordering = ["position"]
        verbose_name_plural = _("carried out")

    def __str__(self) -> str:
        return f"{self.kind} of {self.proposal_id}"


class Undo(models.Model):
    """An undo asked for: the proposal that takes another one back."""

    original = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="undos")
    proposal = models.OneToOneField(Proposal, on_delete=models.PROTECT, related_name="undo")
    asked_by = models.ForeignKey("ledger.Person", on_delete=models.PROTECT)
    reason = models.TextField()
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"undo of {self.original_id}"
