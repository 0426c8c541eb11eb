"""Plans at work: a run of a template version, its steps, and each start of a step."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Plan(models.Model):
    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting")
        PARKED = "parked", _("Needs a person")
        PAUSED = "paused", _("Paused")
        COMPENSATING = "compensating", _("Being undone")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Ended early")

    LIVE = (Status.RUNNING, Status.WAITING, Status.PARKED, Status.PAUSED, Status.COMPENSATING)

    reference = models.CharField(max_length=20, unique=True)
    template = models.ForeignKey("agents.PlanTemplate", on_delete=models.PROTECT, related_name="plans")
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="plans")
    requested_by = models.ForeignKey(
        "ledger.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="plans"
    )
    subject_kind = models.CharField(max_length=40)
    subject_key = models.CharField(max_length=80)
    start_key = models.CharField(
        max_length=64, unique=True, null=True, blank=True, help_text=_("The same cause starts one plan only.")
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.RUNNING, db_index=True)
    reason = models.TextField(blank=True, help_text=_("Why it ended early or needs a person."))
    inputs = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(
        null=True, blank=True, help_text=_("No step is claimed until a person resumes the plan.")
    )
    compensating_at = models.DateTimeField(
        null=True, blank=True, help_text=_("From here on only the steps that undo others are taken.")
    )

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["subject_kind", "subject_key"]), models.Index(fields=["entity", "status"])]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE


class Step(models.Model):
    """One node of a plan. Once it has a result, a trigger keeps result and status as they are: only erasing a person
    takes words out of it, and `erased_at` says so."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Not yet")
        READY = "ready", _("Ready")
        RUNNING = "running", _("Running")
        WAITING = "waiting", _("Waiting")
        PARKED = "parked", _("Needs a person")
        DONE = "done", _("Done")
        SKIPPED = "skipped", _("Skipped")
        FAILED = "failed", _("Failed, and the plan went on")
        CANCELLED = "cancelled", _("Cancelled")

    class Priority(models.IntegerChoices):
        """The latency class that the template states."""

        HOT = 0, _("Hot")
        NORMAL = 1, _("Normal")
        COLD = 2, _("Cold")

    SETTLED = (Status.DONE, Status.SKIPPED, Status.FAILED)
    OPEN = (Status.PENDING, Status.READY, Status.RUNNING, Status.WAITING, Status.PARKED)

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="steps")
    key = models.CharField(
        max_length=60,
        help_text=_("As the template has it; of a branch with its number, of what undoes with undo-."),
    )
    role = models.CharField(max_length=40)
    after = models.JSONField(default=list, blank=True)
    spec = models.JSONField(default=dict, help_text=_("The step as its template version states it."))
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveIntegerField(default=0, help_text=_("Starts, each counted before it began."))
    max_attempts = models.PositiveIntegerField(
        default=5, help_text=_("Starts allowed; each orderly wait allows one more.")
    )
    due_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0, help_text=_("Grows with each claim; an older holder is refused."))
    holder = models.CharField(max_length=80, blank=True, help_text=_("The worker that has the lease."))
    priority = models.PositiveSmallIntegerField(choices=Priority, default=Priority.NORMAL)
    pool = models.CharField(
        max_length=40, blank=True, help_text=_("The pool of remote workers that may take it; empty: our own workers.")
    )
    fanned = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="branches",
        help_text=_("The step of which this is one branch."),
    )
    branch = models.PositiveIntegerField(default=0, help_text=_("Its number among the branches, from 1."))
    item = models.JSONField(null=True, blank=True, help_text=_("The element of the list that this branch is for."))
    undoes = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="undone_by",
        help_text=_("The step that this one takes back."),
    )
    again_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="looks",
        help_text=_("The step at whose matter this one looks once more, because something happened."),
    )
    rounds = models.PositiveSmallIntegerField(
        default=0, help_text=_("How often it was given fresh attempts because its template says to try again.")
    )
    waiting_on = models.JSONField(default=list, blank=True)
    wait_until = models.DateTimeField(null=True, blank=True)
    waiting_for = models.TextField(blank=True)
    asks_person = models.BooleanField(default=False)
    remind_at = models.DateTimeField(null=True, blank=True, help_text=_("When the person it asks is reminded."))
    deadline_at = models.DateTimeField(null=True, blank=True, help_text=_("When asking a person has failed."))
    reminded = models.PositiveSmallIntegerField(default=0)
    memory = models.JSONField(default=dict, blank=True)
    result = models.JSONField(null=True, blank=True)
    result_digest = models.CharField(max_length=64, blank=True)
    evidence = models.JSONField(default=list, blank=True, help_text=_("Where each figure of the result comes from."))
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "key"], name="step_key_once"),
            models.CheckConstraint(
                condition=~models.Q(status="done") | ~models.Q(result_digest=""), name="step_done_has_result"
            ),
            models.CheckConstraint(
                condition=models.Q(attempts__lte=models.F("max_attempts")), name="step_attempts_within_cap"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "due_at"]),
            models.Index(
                fields=["priority", "due_at", "id"], condition=models.Q(status="ready"), name="step_ready_in_order"
            ),
            models.Index(fields=["deadline_at"], condition=models.Q(deadline_at__isnull=False), name="step_deadline"),
            models.Index(fields=["remind_at"], condition=models.Q(remind_at__isnull=False), name="step_reminder"),
            models.Index(fields=["status", "lease_until"]),
            models.Index(fields=["status", "wait_until"]),
        ]

    def __str__(self) -> str:
        return f"{self.plan.reference}/{self.key}"

    @property
    def label(self) -> str:
        return str(self.spec.get("label") or self.key)


class StepOverride(models.Model):
    """A person's result in place of a step's own, or of one that it never got; without a person, what the step came to
    when it was looked at again. Rows stay; the latest counts."""

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="overrides")
    result = models.JSONField()
    result_digest = models.CharField(max_length=64)
    reason = models.TextField()
    person = models.ForeignKey("ledger.Person", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.step} by {self.person or 'looking again'}"


class StepAttempt(models.Model):
    """One start of a step: by which fence, how it ended. No end means it never came back."""

    class Outcome(models.TextChoices):
        FINISHED = "finished", _("Finished")
        WAITS = "waits", _("Waits")
        FAILED = "failed", _("Failed")
        PARKED = "parked", _("Given to a person")
        ENDED = "ended", _("Ended the plan")
        STOPPED = "stopped", _("Stopped")

    step = models.ForeignKey(Step, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveIntegerField()
    fence = models.PositiveBigIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["step", "number"], name="step_attempt_once")]

    def __str__(self) -> str:
        return f"{self.step} #{self.number}"


class AwaitedObject(models.Model):
    """Finds the waiting steps when the journal names an object. Mirrors `Step.waiting_on`."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="awaited")
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=80)
    since = models.PositiveBigIntegerField(help_text=_("Only later entries of the journal wake the step."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["step", "kind", "key"], name="awaited_object_once")]
        indexes = [models.Index(fields=["kind", "key"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
