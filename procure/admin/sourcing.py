from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.adminsite import GovernedAdmin, ReadOnlyAdmin, ReadOnlyInline
from procure.models import (
    Award,
    AwardLine,
    Bid,
    BidVersion,
    EventLine,
    Invitation,
    OpenedBid,
    OpenedBidLine,
    SourcingEvent,
)


class EventLineInline(ReadOnlyInline):
    model = EventLine
    fields = ("number", "item", "description", "quantity", "unit", "needed_by")


class InvitationInline(ReadOnlyInline):
    model = Invitation
    fields = ("vendor", "status", "sent_at", "first_opened_at", "expires_at", "revoked_at")


class OpenedBidInline(ReadOnlyInline):
    model = OpenedBid
    fields = ("vendor", "currency", "freight", "incoterm", "validity_until")


class OpenedBidLineInline(ReadOnlyInline):
    model = OpenedBidLine
    fields = ("event_line", "unit_price", "lead_time_days", "delivery_date", "quantity_offered", "remarks")


class AwardLineInline(ReadOnlyInline):
    model = AwardLine
    fields = ("event_line", "vendor", "quantity", "unit_price", "currency")


@admin.register(SourcingEvent)
class SourcingEventAdmin(GovernedAdmin):
    list_display = ("reference", "title", "requisition", "status", "deadline", "currency")
    list_filter = ("status", "currency", "deliver_to")
    search_fields = ("reference", "title", "requisition__reference", "lines__description")
    list_select_related = ("requisition",)
    inlines = (EventLineInline, InvitationInline, OpenedBidInline)
    propose_actions = {_("Cancel event"): "CancelEvent", _("Award event"): "AwardEvent"}


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    hidden = ("token_hash",)
    list_display = ("event", "vendor", "status", "sent_at", "first_opened_at", "expires_at", "revoked_at")
    list_filter = ("status", "vendor")
    search_fields = ("event__reference", "vendor__name", "vendor__key")
    list_select_related = ("event", "vendor")


class BidVersionInline(ReadOnlyInline):
    model = BidVersion
    fields = ("number", "submitted_at", "commitment")


@admin.register(Bid)
class BidAdmin(ReadOnlyAdmin):
    """That there is a bid, never what it says."""

    hidden = ("draft_ciphertext",)
    list_display = ("__str__", "invitation", "current_version")
    search_fields = ("invitation__event__reference", "invitation__vendor__name")
    list_select_related = ("invitation__event", "invitation__vendor")
    inlines = (BidVersionInline,)


@admin.register(BidVersion)
class BidVersionAdmin(ReadOnlyAdmin):
    hidden = ("ciphertext", "idempotency_key")
    list_display = ("__str__", "submitted_at", "commitment")
    search_fields = ("commitment", "bid__invitation__event__reference")


@admin.register(OpenedBid)
class OpenedBidAdmin(ReadOnlyAdmin):
    list_display = ("event", "vendor", "currency", "freight", "incoterm", "validity_until", "opened_at")
    list_filter = ("currency", "vendor")
    search_fields = ("event__reference", "vendor__name")
    list_select_related = ("event", "vendor")
    inlines = (OpenedBidLineInline,)


@admin.register(OpenedBidLine)
class OpenedBidLineAdmin(ReadOnlyAdmin):
    list_display = ("opened_bid", "event_line", "unit_price", "lead_time_days", "delivery_date", "quantity_offered")
    search_fields = ("opened_bid__event__reference", "opened_bid__vendor__name")
    list_select_related = ("opened_bid__event", "opened_bid__vendor", "event_line__event")


@admin.register(EventLine)
class EventLineAdmin(ReadOnlyAdmin):
    list_display = ("event", "number", "item", "description", "quantity", "unit", "needed_by")
    search_fields = ("event__reference", "description", "item__key")
    list_select_related = ("event", "item")


@admin.register(Award)
class AwardAdmin(GovernedAdmin):
    list_display = ("reference", "event", "status", "made_at")
    list_filter = ("status",)
    search_fields = ("reference", "event__reference")
    list_select_related = ("event",)
    inlines = (AwardLineInline,)
    propose_actions = {_("Revoke award"): "RevokeAward"}
