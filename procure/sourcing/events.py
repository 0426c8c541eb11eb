"""Sourcing events: published, closed at the deadline or early, opened once, cancelled."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from ledger import clock, doorbell, numbering, rights
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError
from procure import entries
from procure.errors import VendorNotInvitable, WrongState
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
        deadline=at + timedelta(hours=deadline_hours),
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
    entries.event_fact(
        "published",
        event,
        actor=actor,
        causes=[cause],
        data={"deadline": event.deadline, "invited": [vendor.key for vendor in invited]},
        objects=[ObjectRef("vendor", vendor.key) for vendor in invited],
    )
    return Published(event, made)


def all_answered(event: SourcingEvent) -> bool:
    """Everybody whose invitation stands has quoted or declined."""
    standing = event.invitations.filter(revoked_at=None)
    return standing.exists() and not standing.exclude(status__in=Invitation.ANSWERED).exists()


def close_early(event: SourcingEvent, *, actor: Actor) -> SourcingEvent:
    """Closes and opens before the deadline; only when nobody is left who might still answer."""
    rights.require(actor, "event.open_bids")
    with transaction.atomic():
        held = SourcingEvent.objects.select_for_update().get(pk=event.pk)
        if held.status != SourcingEvent.Status.OPEN:
            raise WrongState(_("%s is closed already.") % held.reference)
        if not all_answered(held):
            raise WrongState(_("Not everybody invited has answered, so the quotes stay sealed until the deadline."))
        _close(held, actor=actor, why="all_answered")
        bids.open_all(held, actor=actor)
    return held


def _close(event: SourcingEvent, *, actor: Actor, why: str) -> None:
    open_still = SourcingEvent.objects.filter(pk=event.pk, status=SourcingEvent.Status.OPEN)
    if open_still.update(status=SourcingEvent.Status.CLOSED, closed_at=clock.now()):
        event.refresh_from_db()
        entries.event_fact("closed", event, actor=actor, data={"why": why})


def due() -> bool:
    """Whether any event waits to be closed or opened."""
    return _due().exists()


def _due():
    live = (SourcingEvent.Status.OPEN, SourcingEvent.Status.CLOSED)
    return SourcingEvent.objects.filter(status__in=live, deadline__lte=clock.now())


def answer() -> int:
    """Closes and opens events whose deadline has passed by the database's clock; returns how many."""
    done = 0
    for event in _due().select_related("entity", "requisition"):
        try:
            with transaction.atomic():
                _close(event, actor=Actor.system("clock"), why="deadline")
                bids.open_all(event, actor=Actor.system("clock"))
            done += 1
        except DomainError as error:
            log.warning("%s not opened: %s", event.reference, error)
    return done


def cancel(event: SourcingEvent, *, reason: str, actor: Actor, cause: int) -> None:
    """Ends an event that was not awarded; its links open nothing any more. For handlers only."""
    live = (SourcingEvent.Status.OPEN, SourcingEvent.Status.CLOSED, SourcingEvent.Status.OPENED)
    if not SourcingEvent.objects.filter(pk=event.pk, status__in=live).update(status=SourcingEvent.Status.CANCELLED):
        raise WrongState(_("%s cannot be cancelled any more.") % event.reference)
    event.refresh_from_db()
    entries.event_fact("cancelled", event, actor=actor, causes=[cause], data={"reason": reason})
    doorbell.ring(f"{event.reference} cancelled")
