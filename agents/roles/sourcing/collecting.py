"""Waits for the opening. Without a single quote it widens the list once, then asks a person."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from agents import standing
from agents.context import Context
from agents.outcomes import Await, End, Finish, Outcome, Park
from agents.roles.sourcing import candidates
from agents.roles.sourcing.inviting import event_of, invite
from ledger.command import ObjectRef
from procure import queries
from procure.models import Invitation, OpenedBid, Requisition, SourcingEvent

Status = SourcingEvent.Status
#: Looks again so long after a deadline, should nobody have told of the opening.
PATIENCE = timedelta(minutes=5)


def collect(context: Context) -> Outcome:
    outcome = of_event(context, str(context.given["event"]), widened=False)
    if not isinstance(outcome, Park):
        return outcome
    wider = context.proposed("widen") or _widen(context)
    if wider is None:
        return Park(_("No quote came in, and there is nobody else to ask."))
    if (waiting := standing.unless_carried_out(wider)) is not None:
        return waiting
    return of_event(context, event_of(wider), widened=True)


def of_event(context: Context, reference: str, *, widened: bool) -> Outcome:
    """Its end, when its quotes are opened; else what there is to wait for, or why a person must look."""
    on = [ObjectRef("event", reference), context.subject]
    for each in on:
        context.look(each)
    event = queries.event(reference)
    if event.requisition.status == Requisition.Status.WITHDRAWN:
        return End(_("%s was withdrawn.") % event.requisition.reference)
    invited = event.invitations.filter(revoked_at=None)
    answered = invited.filter(status__in=Invitation.ANSWERED).count()
    if event.status in (Status.OPEN, Status.CLOSED):
        note = _("Quotes for %(event)s until %(deadline)s UTC: %(answered)d of %(invited)d have answered.") % {
            "event": reference,
            "deadline": f"{event.deadline:%Y-%m-%d %H:%M}",
            "answered": answered,
            "invited": invited.count(),
        }
        until = max(event.deadline, context.now) + PATIENCE
        return Await(on, note, until=until)
    if event.status == Status.CANCELLED:
        return End(_("%s was cancelled.") % reference)
    bids = OpenedBid.objects.filter(event=event).count()
    if not bids:
        return Park(_("No quote came in for %s.") % reference)
    result = {"event": reference, "bids": bids, "invited": invited.count(), "answered": answered, "widened": widened}
    return Finish(result)


def _widen(context: Context):
    """The next best approved vendors; when there are none, sellers that a person must let in first."""
    requisition = queries.requisition(context.subject.key)
    asked = set(Invitation.objects.filter(event__requisition=requisition).values_list("vendor__key", flat=True))
    field = candidates.choose(context, requisition, besides=asked)
    more = candidates.beyond_approved(context, requisition, besides=asked)[: candidates.MOST - len(field.chosen)]
    if not field.chosen and not more:
        return None
    return invite(context, requisition, field.chosen, purpose="widen", more=tuple(each.key for each in more))
