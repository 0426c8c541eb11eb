"""Sourcing events: published, closed at the deadline or early, opened once, cancelled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ledger import clock, doorbell, numbering, rights
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.keys import CannotOpen
from procure import entries, messages
from procure.errors import SealBroken, VendorNotInvitable, WrongState
from procure.models import EventLine, Invitation, Requisition, SourcingEvent
from procure.sourcing import bids, invitations
from vendors import queries as vendor_queries
from vendors.models import Vendor

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    event: SourcingEvent
    invitations: tuple[Invitation, ...]


def invitable(key: str) -> Vendor:
    """The vendor, if it may be invited. Raises `VendorNotInvitable` with the reason and what to do."""
    vendor = vendor_queries.vendor(key)
    if vendor.status in (Vendor.Status.BLOCKED, Vendor.Status.RETIRED):
        raise VendorNotInvitable(
            _("%(vendor)s is %(status)s: choose another, or propose to unblock it.")
            % {"vendor": vendor.name, "status": vendor.get_status_display()}
        )
    if invitations.contact_of(vendor) is None:
        raise VendorNotInvitable(_("%s has no verified mail address. Verify one in its contacts first.") % vendor.name)
    return vendor


def publish(
    requisition: Requisition,
    *,
    title: str,
    vendors: Sequence[str],
    deadline_hours: int,
    currency: str,
    incoterm: str,
    actor: Actor,
    cause: int,
) -> Published:
    """Makes the event with the requisition's lines and one invitation a vendor. For handlers only."""
    invited = [invitable(key) for key in vendors]
    at = clock.now()
    event = SourcingEvent.objects.create(
        reference=numbering.take("RFQ"),
        entity=requisition.entity,
        requisition=requisition,
        title=title,
        deadline=at + settings.UNDO_WINDOW + timedelta(hours=deadline_hours),
        currency=currency,
        deliver_to=requisition.deliver_to,
        incoterm=incoterm,
        published_at=at,
    )
    EventLine.objects.bulk_create(
        EventLine(
            event=event,
            number=line.number,
            item=line.item,
            description=line.description,
            quantity=line.quantity or Decimal(0),
            unit=line.unit or "pack",
            needed_by=requisition.needed_by,
        )
        for line in requisition.lines.select_related("item")
    )
    made = tuple(invitations.invite(event, vendor) for vendor in invited)
    entries.event_published(event, invited=[vendor.key for vendor in invited], actor=actor, causes=[cause])
    return Published(event, made)


def all_answered(event: SourcingEvent) -> bool:
    """Everybody whose invitation stands has quoted or declined."""
    standing = event.invitations.filter(revoked_at=None)
    return standing.exists() and not standing.exclude(status__in=Invitation.ANSWERED).exists()


def close_early(event: SourcingEvent, *, actor: Actor) -> SourcingEvent:
    """Closes and opens before the deadline; only when nobody is left who might still answer."""
    rights.require(actor, "event.open_bids")

    def nobody_is_left(held: SourcingEvent) -> None:
        if held.status != SourcingEvent.Status.OPEN:
            raise WrongState(_("%s is closed already.") % held.reference)
        if not all_answered(held):
            raise WrongState(_("Not everybody invited has answered, so the quotes stay sealed until the deadline."))

    return _open_or_say_why(event, actor=actor, why="all_answered", check=nobody_is_left)


def try_again(event: SourcingEvent, *, actor: Actor) -> SourcingEvent:
    """Opens an event whose opening failed, after what was wrong (say, a missing key) was put right."""
    rights.require(actor, "event.open_bids")

    def has_failed(held: SourcingEvent) -> None:
        if held.status != SourcingEvent.Status.CLOSED or not held.problem:
            raise WrongState(_("The opening of %s has not failed.") % held.reference)

    return _open_or_say_why(event, actor=actor, why="tried_again", check=has_failed)


def due() -> bool:
    """Whether any event waits to be closed or opened."""
    return _due().exists()


def _due() -> QuerySet[SourcingEvent]:
    return clock.unless_held(past_deadline())


def past_deadline() -> QuerySet[SourcingEvent]:
    """To be closed or opened. An event whose opening failed waits for a person, not for the next visit."""
    live = (SourcingEvent.Status.OPEN, SourcingEvent.Status.CLOSED)
    return SourcingEvent.objects.filter(status__in=live, problem="", deadline__lte=clock.now())


def answer() -> int:
    """Closes and opens events whose deadline has passed by the database's clock; returns how many were settled."""

    def still_due(held: SourcingEvent) -> None:
        if not _due().filter(pk=held.pk).exists():
            raise WrongState(_("%s is closed already.") % held.reference)

    done = 0
    for event in _due().order_by("deadline"):
        try:
            _open_or_say_why(event, actor=Actor.system("clock"), why="deadline", check=still_due)
            done += 1
        except (SealBroken, CannotOpen) as error:
            log.error("%s stays closed: %s", event.reference, error)
            done += 1
        except DomainError as error:
            log.warning("%s not opened: %s", event.reference, error)
    return done


def _open_or_say_why(
    event: SourcingEvent, *, actor: Actor, why: str, check: Callable[[SourcingEvent], None]
) -> SourcingEvent:
    """Closes and opens at once. When a seal does not open, the event is closed and tells its problem; then raises."""
    try:
        with transaction.atomic():
            held = _hold(event, check)
            _close_and_open(held, actor=actor, why=why)
    except (SealBroken, CannotOpen) as error:
        with transaction.atomic():
            held = _hold(event, check)
            _keep_closed(held, actor=actor, why=why, problem=error.message)
        raise
    return held


def _hold(event: SourcingEvent, check: Callable[[SourcingEvent], None]) -> SourcingEvent:
    """Event, then invitations: all rows an opening touches, before the first entry takes the head of the ledger."""
    SourcingEvent.objects.select_for_update().get(pk=event.pk)
    held = SourcingEvent.objects.select_related("entity", "requisition").get(pk=event.pk)
    check(held)
    list(held.invitations.select_for_update().order_by("pk").values_list("pk", flat=True))
    return held


def _close_and_open(held: SourcingEvent, *, actor: Actor, why: str) -> None:
    at = clock.now()
    was_open = _close(held, at)
    opened = bids.open_all(held, at=at)
    if was_open:
        entries.event_fact("closed", held, actor=actor, data={"why": why, "status": SourcingEvent.Status.CLOSED})
    facts = [bids.as_facts(each) for each in opened]
    entries.event_fact("opened", held, actor=actor, data={"bids": facts, "count": len(facts)})
    doorbell.ring(f"{held.reference} opened")


def _close(held: SourcingEvent, at: datetime) -> bool:
    open_still = SourcingEvent.objects.filter(pk=held.pk, status=SourcingEvent.Status.OPEN)
    return bool(open_still.update(status=SourcingEvent.Status.CLOSED, closed_at=at))


def _keep_closed(held: SourcingEvent, *, actor: Actor, why: str, problem: str) -> None:
    was_open = _close(held, clock.now())
    known = held.problem
    SourcingEvent.objects.filter(pk=held.pk).update(problem=problem)
    held.refresh_from_db(fields=["status", "closed_at", "problem"])
    if was_open:
        entries.event_fact("closed", held, actor=actor, data={"why": why})
    if problem != known:
        entries.event_fact("opening_failed", held, actor=actor, data={"problem": problem})
    doorbell.ring(f"{held.reference} not opened")


def send_now(event: SourcingEvent, *, actor: Actor) -> int:
    """Lets the invitations leave at once instead of after the undo window; returns how many leave."""
    rights.require(actor, "event.manage")
    with transaction.atomic():
        leaving = messages.send_now(event)
        held = SourcingEvent.objects.select_related("entity", "requisition").get(pk=event.pk)
        if not leaving:
            raise WrongState(_("No mail of %s waits to leave.") % held.reference)
        entries.event_fact("mails_sent_now", held, actor=actor, data={"mails": leaving})
        doorbell.ring(f"{held.reference} mails leave")
    return leaving


def cancel(event: SourcingEvent, *, reason: str, actor: Actor, cause: int) -> None:
    """Ends an event that was not awarded; its links open nothing any more. For handlers only."""
    live = (SourcingEvent.Status.OPEN, SourcingEvent.Status.CLOSED, SourcingEvent.Status.OPENED)
    if not SourcingEvent.objects.filter(pk=event.pk, status__in=live).update(status=SourcingEvent.Status.CANCELLED):
        raise WrongState(_("%s cannot be cancelled any more.") % event.reference)
    event.refresh_from_db(fields=["status"])
    data = {"requisition_status": event.requisition.status}
    entries.event_fact("cancelled", event, actor=actor, causes=[cause], data=data, words={"reason": reason})
    doorbell.ring(f"{event.reference} cancelled")
