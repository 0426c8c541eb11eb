"""Sourcing events, sealed bids, what was opened, and awards.

Before the opening no column holds a bid's value in the clear.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SourcingEvent(models.Model):
    """A request for quotation (RFQ) with a deadline by the database's clock."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open for quotes")
        CLOSED = "closed", _("Closed, still sealed")
        OPENED = "opened", _("Quotes opened")
        AWARDED = "awarded", _("Awarded")
        CANCELLED = "cancelled", _("Cancelled")

    reference = models.CharField(_("number"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="events")
    requisition = models.ForeignKey("procure.Requisition", on_delete=models.PROTECT, related_name="events")
    title = models.CharField(_("title"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN, db_index=True)
    deadline = models.DateTimeField(_("deadline"), db_index=True)
    currency = models.CharField(_("currency"), max_length=3)
    deliver_to = models.CharField(_("deliver to"), max_length=2, blank=True)
    incoterm = models.CharField(_("incoterm"), max_length=3, blank=True)
    published_at = models.DateTimeField(_("published"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    opened_at = models.DateTimeField(_("opened"), null=True, blank=True)
    problem = models.TextField(_("problem"), blank=True, help_text=_("Why the quotes could not be opened."))

    class Meta:
        verbose_name = _("sourcing event")
        verbose_name_plural = _("sourcing events")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


class EventLine(models.Model):
    event = models.ForeignKey(SourcingEvent, on_delete=models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    item = models.ForeignKey("vendors.Item", on_delete=models.PROTECT, null=True, blank=True)
    description = models.CharField(max_length=500)
    quantity = models.DecimalField(max_digits=19, decimal_places=4)
    unit = models.CharField(max_length=20)
    needed_by = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("event line")
        verbose_name_plural = _("event lines")
        ordering = ["event", "number"]
        constraints = [models.UniqueConstraint(fields=["event", "number"], name="event_line_once")]

    def __str__(self) -> str:
        return f"{self.event.reference}/{self.number}"


class Invitation(models.Model):
    """One supplier's personal link to one event. Only the hash of the token is kept."""

    class Status(models.TextChoices):
        SENT = "sent", _("Invited")
        OPENED = "opened", _("Looked at")
        SUBMITTED = "submitted", _("Quoted")
        DECLINED = "declined", _("Declined")

    ANSWERED = (Status.SUBMITTED, Status.DECLINED)

    event = models.ForeignKey(SourcingEvent, on_delete=models.PROTECT, related_name="invitations")
    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="invitations")
    token_hash = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(_("link expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    first_opened_at = models.DateTimeField(_("first looked at"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.SENT)
    decline_reason = models.CharField(_("why declined"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["event", "pk"]
        constraints = [models.UniqueConstraint(fields=["event", "vendor"], name="invited_once")]

    def __str__(self) -> str:
        return f"{self.event.reference} to {self.vendor}"


class Bid(models.Model):
    """A supplier's answer. The draft is sealed too."""

    invitation = models.OneToOneField(Invitation, on_delete=models.PROTECT, related_name="bid")
    draft_ciphertext = models.BinaryField(null=True, blank=True, editable=False)
    draft_saved_at = models.DateTimeField(null=True, blank=True)
    current_version = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("bid")
        verbose_name_plural = _("bids")

    def __str__(self) -> str:
        return f"bid {self.pk}"


class BidVersion(models.Model):
    bid = models.ForeignKey(Bid, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    ciphertext = models.BinaryField(editable=False)
    commitment = models.CharField(max_length=64, help_text=_("Salted SHA-256, also in the ledger."))
    idempotency_key = models.CharField(max_length=80)
    submitted_at = models.DateTimeField(_("submitted"))

    class Meta:
        verbose_name = _("bid version")
        verbose_name_plural = _("bid versions")
        ordering = ["bid", "number"]
        constraints = [
            models.UniqueConstraint(fields=["bid", "number"], name="bid_version_once"),
            models.UniqueConstraint(fields=["bid", "idempotency_key"], name="bid_submitted_once_per_key"),
        ]

    def __str__(self) -> str:
        return f"bid {self.bid_id} version {self.number}"


class OpenedBid(models.Model):
    """The last version of a bid, in the clear since the opening."""

    version = models.OneToOneField(BidVersion, on_delete=models.PROTECT, related_name="opened")
    event = models.ForeignKey(SourcingEvent, on_delete=models.PROTECT, related_name="opened_bids")
    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="opened_bids")
    currency = models.CharField(max_length=3)
    freight = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    incoterm = models.CharField(max_length=3, blank=True)
    validity_until = models.DateField(null=True, blank=True)
    remarks = models.TextField(blank=True)
    opened_at = models.DateTimeField()
    expired_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it was noticed that its validity had ended before an award.")
    )

    class Meta:
        verbose_name = _("opened bid")
        verbose_name_plural = _("opened bids")
        ordering = ["event", "pk"]
        indexes = [
            models.Index(
                fields=["validity_until"],
                condition=models.Q(expired_at__isnull=True, validity_until__isnull=False),
                name="opened_bid_may_expire",
            )
        ]

    def __str__(self) -> str:
        return f"{self.event.reference} from {self.vendor}"


class OpenedBidLine(models.Model):
    opened_bid = models.ForeignKey(OpenedBid, on_delete=models.PROTECT, related_name="lines")
    event_line = models.ForeignKey(EventLine, on_delete=models.PROTECT, related_name="opened_bid_lines")
    unit_price = models.DecimalField(max_digits=19, decimal_places=4)
    lead_time_days = models.PositiveIntegerField()
    delivery_date = models.DateField(null=True, blank=True)
    quantity_offered = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    remarks = models.TextField(blank=True)

    class Meta:
        verbose_name = _("opened bid line")
        verbose_name_plural = _("opened bid lines")
        ordering = ["opened_bid", "event_line__number"]
        constraints = [models.UniqueConstraint(fields=["opened_bid", "event_line"], name="opened_bid_line_once")]

    def __str__(self) -> str:
        return f"{self.opened_bid} line {self.event_line.number}"


class Award(models.Model):
    """Who gets what. Governed."""

    class Status(models.TextChoices):
        MADE = "made", _("Made")
        REVOKED = "revoked", _("Revoked")

    reference = models.CharField(_("number"), max_length=20, unique=True)
    entity = models.ForeignKey("ledger.LegalEntity", on_delete=models.PROTECT, related_name="awards")
    event = models.ForeignKey(SourcingEvent, on_delete=models.PROTECT, related_name="awards")
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.MADE)
    reason = models.TextField(_("reason"), blank=True)
    made_at = models.DateTimeField(_("made"))

    class Meta:
        verbose_name = _("award")
        verbose_name_plural = _("awards")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["event"], condition=models.Q(status="made"), name="one_standing_award")
        ]

    def __str__(self) -> str:
        return self.reference


class AwardLine(models.Model):
    award = models.ForeignKey(Award, on_delete=models.PROTECT, related_name="lines")
    event_line = models.ForeignKey(EventLine, on_delete=models.PROTECT, related_name="award_lines")
    vendor = models.ForeignKey("vendors.Vendor", on_delete=models.PROTECT, related_name="award_lines")
    quantity = models.DecimalField(max_digits=19, decimal_places=4)
    unit_price = models.DecimalField(max_digits=19, decimal_places=4)
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name = _("award line")
        verbose_name_plural = _("award lines")
        ordering = ["award", "event_line__number"]

    def __str__(self) -> str:
        return f"{self.award} line {self.event_line.number}"
