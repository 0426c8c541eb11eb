"""A sourcing event: sealed until the opening, then quotes side by side."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from ledger.command import ObjectRef
from ledger.errors import DomainError, NotFound
from ledger.keys import CannotOpen
from procure import messages as mails
from procure.console import event_page, sight, timeline
from procure.console.pages import actor_of, may, page, person_of, show
from procure.errors import SealBroken
from procure.models import AwardLine, Invitation, SourcingEvent
from procure.sourcing import comparison, events, invitations

OPEN_TO_READ = (SourcingEvent.Status.OPENED, SourcingEvent.Status.AWARDED)


def _found(request: HttpRequest, reference: str) -> SourcingEvent:
    rows = sight.events(person_of(request))
    return sight.one(rows.select_related("requisition__requested_by", "entity"), reference)


@page(right="proposal.view")
def event(request: HttpRequest, reference: str) -> HttpResponse:
    found = _found(request, reference)
    invited = list(found.invitations.select_related("vendor").order_by("vendor__name"))
    lost = mails.lost(invited)
    context: dict[str, Any] = {
        "title": found.title,
        "here": found.reference,
        "event": found,
        "lines": list(found.lines.select_related("item")),
        "invitations": invited,
        "answered": sum(each.status in each.ANSWERED for each in invited),
        "quoted": sum(each.status == each.Status.SUBMITTED for each in invited),
        "may_close": found.status == SourcingEvent.Status.OPEN
        and may(request, "event.open_bids")
        and events.all_answered(found),
        "may_try_again": found.status == SourcingEvent.Status.CLOSED
        and bool(found.problem)
        and may(request, "event.open_bids"),
        "may_revoke": found.status == SourcingEvent.Status.OPEN and may(request, "invitation.revoke"),
        "mails_wait": found.status == SourcingEvent.Status.OPEN
        and may(request, "event.manage")
        and any(each.sent_at is None and each.revoked_at is None and each.pk not in lost for each in invited),
        "lost": lost,
        "may_resend": [each.pk for each in invited if not each.revoked_at and (each.sent_at or each.pk in lost)]
        if found.status == SourcingEvent.Status.OPEN and may(request, "event.manage")
        else [],
        "may_cancel": found.status not in (SourcingEvent.Status.AWARDED, SourcingEvent.Status.CANCELLED)
        and may(request, "event.manage"),
        "orders": found.orders.select_related("vendor", "tracking"),
        "history": timeline.history(ObjectRef("event", found.reference)),
    }
    if found.status in OPEN_TO_READ:
        context |= _compared(request, found, context["lines"])
    return show(request, "console/event.html", context)


def _compared(request: HttpRequest, found: SourcingEvent, lines: list[Any]) -> dict[str, Any]:
    try:
        compared = comparison.compare(found)
    except DomainError as error:
        return {"not_compared": error.message}
    awarded = AwardLine.objects.filter(award__event=found, award__status="made")
    options = event_page.scenarios(compared, list(awarded.select_related("event_line", "vendor")))
    chosen = next(
        (each for each in options if each.key == request.GET.get("scenario")), options[0] if options else None
    )
    return {
        "compared": compared,
        "scenarios": options,
        "scenario": chosen,
        "grid": event_page.grid(compared, lines, chosen),
    }


@page(right="event.open_bids", methods=("POST",))
def close(request: HttpRequest, reference: str) -> HttpResponse:
    events.close_early(_found(request, reference), actor=actor_of(request))
    messages.success(request, _("Closed, and the quotes were opened."))
    return redirect("console:event", reference)


@page(right="event.open_bids", methods=("POST",))
def try_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Opens an event whose opening failed; while the fault stays, the page says again what is wrong."""
    try:
        events.try_again(_found(request, reference), actor=actor_of(request))
    except (SealBroken, CannotOpen) as error:
        messages.error(request, _("Still not opened, and no quote was read. %s") % error.message)
    else:
        messages.success(request, _("The quotes were opened."))
    return redirect("console:event", reference)


@page(right="event.manage", methods=("POST",))
def send(request: HttpRequest, reference: str) -> HttpResponse:
    """Gives up what is left of the undo window: the invitations leave now."""
    events.send_now(_found(request, reference), actor=actor_of(request))
    messages.success(request, _("The invitations leave now."))
    return redirect("console:event", reference)


@page(right="event.manage", methods=("POST",))
def resend(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    invitation = _invitation(_found(request, reference), pk)
    invitations.resend(invitation, actor=actor_of(request))
    messages.success(request, _("%(vendor)s gets a new mail with a new link.") % {"vendor": invitation.vendor.name})
    return redirect("console:event", reference)


def _invitation(found: SourcingEvent, pk: int) -> Invitation:
    invitation = found.invitations.select_related("vendor", "event__entity").filter(pk=pk).first()
    if invitation is None:
        raise NotFound()
    return invitation


@page(right="invitation.revoke", methods=("POST",))
def revoke(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    invitation = _invitation(_found(request, reference), pk)
    invitations.revoke(invitation, actor=actor_of(request), reason=request.POST.get("reason", "")[:300])
    messages.success(request, _("The link of %(vendor)s opens nothing any more.") % {"vendor": invitation.vendor.name})
    return redirect("console:event", reference)
