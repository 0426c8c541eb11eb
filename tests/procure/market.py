"""A requisition put out to suppliers, and short ways to quote on it, open it and order from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.module_loading import import_string

from ledger import authority, clock, journal, sources
from ledger.actors import Actor
from ledger.command import Carried, Command, digest, handler_path
from ledger.models import CostCentre, Entry, LegalEntity, Person
from procure.commands import AwardedLine, AwardEvent, IssueOrder, OrderedLine
from procure.commands.orders import total_of
from procure.models import (
    Award,
    Budget,
    EventLine,
    ExchangeRate,
    Invitation,
    OpenedBid,
    Requisition,
    RequisitionLine,
    SourcingEvent,
)
from procure.sourcing import bids, events, invitations
from tests.vendors.rows import DIGEST, make_contact, make_vendor

POLICY = Actor.system("tests")


def carry(command: Command, *, entity: LegalEntity) -> Carried:
    """The handler, as execution calls it: under an authority, after an entry that is its cause."""
    with authority.importing("tests", DIGEST) as granted:
        cause = journal.record("tests.decided", actor=POLICY, entity=entity)
        handler = import_string(handler_path(command.kind()))
        return handler(command, authority=granted, actor=POLICY, entity=entity, cause=cause.seq)


def make_requisition(
    entity: LegalEntity, person: Person, *, reference: str = "PR-00001", status: str = "raised", **fields: Any
) -> Requisition:
    made = Requisition.objects.create(
        reference=reference,
        entity=entity,
        requested_by=person,
        words="gloves",
        source=sources.keep("gloves", origin=f"user:{person.pk}"),
        captured_at=clock.now(),
        status=status,
        **fields,
    )
    RequisitionLine.objects.create(requisition=made, number=1, description="Gloves", quantity=10, unit="pack")
    return made


def make_event(
    entity: LegalEntity, person: Person, *, vendors: int = 2, quantities: Sequence[int] = (10,), **fields: Any
) -> SourcingEvent:
    """Open for an hour, with invitations whose mails are not on their way."""
    at = clock.now()
    requisition = fields.pop("requisition", None) or make_requisition(entity, person, status="sourcing")
    event = SourcingEvent.objects.create(
        entity=entity,
        requisition=requisition,
        title="Gloves",
        published_at=at,
        **{
            "reference": "RFQ-00001",
            "deadline": at + timedelta(hours=1),
            "currency": "USD",
            "deliver_to": "NG",
            "incoterm": "DAP",
        }
        | fields,
    )
    for number, quantity in enumerate(quantities, start=1):
        EventLine.objects.create(event=event, number=number, description=f"Gloves {number}", quantity=quantity)
    for number in range(1, vendors + 1):
        vendor = make_vendor(f"VEN-00{number}", entity=entity, name=f"Maker {number}")
        make_contact(vendor)
        invitations.invite(event, vendor)
    return event


def invitation(event: SourcingEvent, number: int = 1) -> Invitation:
    return event.invitations.select_related("vendor", "event__entity").get(vendor__key=f"VEN-00{number}")


def quote(price: Any = "2.50", *, lines: int = 1, line: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """Each line at that price in ten days."""
    body = {"unit_price": price, "lead_time_days": 10} | (line or {})
    return {"currency": "USD", "lines": [{"line": number, **body} for number in range(1, lines + 1)]} | fields


def submit(event: SourcingEvent, number: int = 1, price: Any = "2.50", **fields: Any) -> bids.Receipt:
    key = fields.pop("key", digest([number, str(price), fields]))
    return bids.submit(invitation(event, number), quote(price, **fields), idempotency_key=key)


def reach_deadline(event: SourcingEvent) -> SourcingEvent:
    clock.shift(timedelta(hours=2))
    events.answer()
    event.refresh_from_db()
    return event


def make_budget(centre: CostCentre, amount: Any = 1000, currency: str = "USD") -> Budget:
    year = clock.business_date(centre.entity).year
    with authority.importing("tests", DIGEST):
        return Budget.objects.create(
            entity=centre.entity, cost_centre=centre, year=year, amount=Decimal(amount), currency=currency
        )


def make_rate(currency: str, per_eur: str) -> None:
    ExchangeRate.objects.create(currency=currency, per_eur=Decimal(per_eur), on="2014-01-31")


def award_of(event: SourcingEvent, number: int = 1, **changes: Any) -> AwardEvent:
    """All lines as that vendor quoted them."""
    bid = OpenedBid.objects.get(event=event, vendor__key=f"VEN-00{number}")
    lines = [
        AwardedLine(
            **{
                "line": each.event_line.number,
                "bid_line": each.pk,
                "vendor": bid.vendor.key,
                "quantity": each.event_line.quantity,
                "unit_price": each.unit_price,
                "currency": bid.currency,
            }
            | changes
        )
        for each in bid.lines.select_related("event_line")
    ]
    return AwardEvent(event=event.reference, lines=tuple(lines))


def order_of(event: SourcingEvent, number: int = 1, **changes: Any) -> IssueOrder:
    """The order that follows that award."""
    bid = OpenedBid.objects.get(event=event, vendor__key=f"VEN-00{number}")
    on_line = changes.pop("line", {})
    lines = tuple(
        OrderedLine(
            **{
                "number": each.event_line.number,
                "description": each.event_line.description,
                "quantity": each.event_line.quantity,
                "unit_price": each.unit_price,
                "delivery_date": clock.business_date(event.entity) + timedelta(days=each.lead_time_days),
            }
            | on_line
        )
        for each in bid.lines.select_related("event_line")
    )
    body = {
        "requisition": event.requisition.reference,
        "event": event.reference,
        "vendor": bid.vendor.key,
        "currency": bid.currency,
        "freight": bid.freight,
        "incoterm": bid.incoterm or event.incoterm,
        "cost_centre": "PROG",
    } | changes
    return IssueOrder(lines=lines, total=total_of(lines, body["freight"], body["currency"]), **body)


def standing_award(event: SourcingEvent) -> Award:
    return event.awards.get(status=Award.Status.MADE)


def kinds() -> list[str]:
    return [each for each in Entry.objects.order_by("seq").values_list("kind", flat=True) if each != "tests.decided"]
