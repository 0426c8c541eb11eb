"""The ERP rooms' rows: connections, what is called what over there, each call made, and the sandbox's own tables."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ErpConnection(models.Model):
    """One ERP of a legal entity. The secret is only named here; `procure.erp.credentials` reads it elsewhere."""

    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="erp_connections")
    name = models.SlugField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, help_text=_("A connector of procure.erp.connectors, such as sandbox."))
    base_url = models.URLField(blank=True, help_text=_("HTTPS, or plain HTTP on this machine only."))
    secret_name = models.SlugField(
        max_length=40, blank=True, help_text=_("Names PROCURE_ERP_<NAME>_PASSWORD or a file in the key folder.")
    )
    settings = models.JSONField(default=dict, blank=True, help_text=_("What the connector's page of help lists."))
    active = models.BooleanField(default=True)
    default = models.BooleanField(default=False, help_text=_("New orders of the entity go here."))
    sign_in_refused_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text=_("Nothing is sent until the credential was tried by hand.")
    )

    class Meta:
        verbose_name = _("ERP connection")
        constraints = [
            models.UniqueConstraint(
                fields=["entity"], condition=models.Q(default=True, active=True), name="erp_connection_one_default"
            )
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ExternalRef(models.Model):
    """One thing, and what it is called in one ERP. Unique both ways, so nothing is ever taken for something else."""

    class Kind(models.TextChoices):
        ORDER = "order", _("Purchase order")
        VENDOR = "vendor", _("Vendor")
        ITEM = "item", _("Item")

    connection = models.ForeignKey(ErpConnection, on_delete=models.PROTECT, related_name="refs")
    kind = models.CharField(max_length=20, choices=Kind)
    internal_key = models.CharField(max_length=80)
    external_id = models.CharField(max_length=120)
    external_number = models.CharField(max_length=120, blank=True)
    version_token = models.CharField(max_length=120, blank=True)
    last_seen = models.DateTimeField()

    class Meta:
        verbose_name = _("external reference")
        constraints = [
            models.UniqueConstraint(fields=["connection", "kind", "internal_key"], name="external_ref_internal_once"),
            models.UniqueConstraint(fields=["connection", "kind", "external_id"], name="external_ref_external_once"),
        ]
        indexes = [models.Index(fields=["kind", "internal_key"])]

    def __str__(self) -> str:
        return f"{self.internal_key} = {self.external_number or self.external_id} in {self.connection_id}"


class ErpCall(models.Model):
    """One call of the gateway, written down before it is made; secrets are struck out of both bodies."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("Running")
        ANSWERED = "answered", _("Answered")
        REFUSED = "refused", _("Refused")
        FAILED = "failed", _("Failed, nothing sent")
        UNKNOWN = "unknown", _("Sent, outcome unknown")

    connection = models.ForeignKey(ErpConnection, on_delete=models.PROTECT, related_name="calls")
    effect_key = models.CharField(max_length=64, blank=True, db_index=True)
    verb = models.CharField(max_length=20)
    object_key = models.CharField(max_length=80, blank=True, db_index=True)
    request = models.JSONField(default=dict)
    response = models.JSONField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.RUNNING)
    detail = models.TextField(blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("ERP call")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["connection", "started_at"])]

    def __str__(self) -> str:
        return f"{self.verb} {self.object_key}"


class SandboxOrder(models.Model):
    """A purchase order as the sandbox ERP keeps it. Nobody but the sandbox writes here."""

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        RECEIVED = "received", _("Received")
        CANCELLED = "cancelled", _("Cancelled")

    connection = models.ForeignKey(ErpConnection, on_delete=models.PROTECT, related_name="sandbox_orders")
    number = models.CharField(max_length=20, null=True, unique=True)
    reference = models.CharField(max_length=60, help_text=_("The buyer's key for this order."))
    buyer_reference = models.CharField(max_length=40, db_index=True)
    vendor = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    currency = models.CharField(max_length=3)
    lines = models.JSONField()
    freight = models.DecimalField(max_digits=19, decimal_places=4)
    total = models.DecimalField(max_digits=19, decimal_places=4)
    comment = models.TextField(blank=True)
    body_digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "reference"], name="sandbox_order_reference_once")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.number or self.reference


class SandboxJournal(models.Model):
    """Every request the sandbox received and what it answered, in order, duplicates included. Only ever added to."""

    class Verdict(models.TextChoices):
        DONE = "done", _("Done")
        DUPLICATE = "duplicate", _("Known already, nothing done")
        FOUND = "found", _("Found")
        ABSENT = "absent", _("Not there")
        REFUSED = "refused", _("Refused")

    connection = models.ForeignKey(ErpConnection, on_delete=models.PROTECT, related_name="sandbox_journal")
    at = models.DateTimeField()
    verb = models.CharField(max_length=20)
    reference = models.CharField(max_length=60, db_index=True)
    buyer_reference = models.CharField(max_length=40, blank=True, db_index=True)
    order = models.ForeignKey(SandboxOrder, on_delete=models.PROTECT, null=True, related_name="journal")
    verdict = models.CharField(max_length=10, choices=Verdict)
    request = models.JSONField(default=dict)
    answer = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("sandbox journal entry")
        verbose_name_plural = _("sandbox journal")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.verb} {self.reference}: {self.verdict}"


class SandboxDial(models.Model):
    """A fault the sandbox is told to show, for the next so many calls or until it is turned back."""

    class Fault(models.TextChoices):
        DOWN = "down", _("Down: no connection")
        SLOW = "slow", _("Slow to answer")
        ACCEPTED_THEN_TIMEOUT = "accepted_then_timeout", _("Accepts, then never answers")
        ANSWERS_TWICE = "answers_twice", _("Gets and answers everything twice")
        REFUSES = "refuses", _("Refuses")

    connection = models.ForeignKey(ErpConnection, on_delete=models.CASCADE, related_name="sandbox_dials")
    fault = models.CharField(max_length=24, choices=Fault)
    remaining = models.PositiveIntegerField(null=True, help_text=_("Calls left; empty means until turned back."))
    seconds = models.FloatField(default=0, help_text=_("For slow: how long an answer takes."))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "fault"], name="sandbox_dial_once")]

    def __str__(self) -> str:
        return f"{self.fault} ×{'∞' if self.remaining is None else self.remaining}"
