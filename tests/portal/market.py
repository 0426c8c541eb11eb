"""One request for quotation, and suppliers with personal links to it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client

from ledger import clock, sources
from ledger.models import LegalEntity, Person
from procure.models import EventLine, Invitation, Requisition, SourcingEvent
from procure.sourcing import invitations
from procure.sourcing.links import fresh_link
from tests.vendors.rows import make_contact, make_vendor

DESCRIPTION = "Lamivudine/Zidovudine 150/300mg, tablets, 60 Tabs"


def publish(
    entity: LegalEntity, person: Person, *, title: str = "Tablets for Nigeria", lines: int = 2
) -> SourcingEvent:
    at = clock.now()
    number = SourcingEvent.objects.count() + 1
    requisition = Requisition.objects.create(
        reference=f"PR-{number}",
        entity=entity,
        requested_by=person,
        words="tablets",
        source=sources.keep(f"tablets {number}", origin="user:1"),
        captured_at=at,
    )
    event = SourcingEvent.objects.create(
        reference=f"RFQ-{number}",
        entity=entity,
        requisition=requisition,
        title=title,
        deadline=at + timedelta(hours=48, seconds=30),
        currency="USD",
        deliver_to="NG",
        incoterm="DAP",
        published_at=at,
    )
    for line in range(1, lines + 1):
        EventLine.objects.create(
            event=event,
            number=line,
            description=DESCRIPTION,
            quantity=Decimal(2000),
            unit="pack",
            needed_by=date(2030, 9, 15),
        )
    return event


def invite(event: SourcingEvent, key: str, *, name: str = "") -> tuple[Invitation, str]:
    """(invitation, address of its page)"""
    vendor = make_vendor(key, entity=event.entity, name=name)
    make_contact(vendor)
    invitation = invitations.invite(event, vendor)
    return invitation, "/s/" + fresh_link(invitation).split("/s/")[1]


def typed(
    price: str = "7.20", days: str = "45", *, do: str = "submit", key: str = "k" * 32, **more: str
) -> dict[str, Any]:
    return {"do": do, "key": key, "line-1-unit_price": price, "line-1-lead_time_days": days} | more


def post(page: str, data: dict[str, Any], **headers: str) -> Any:
    return Client().post(page, data, headers=headers)


def after_deadline(event: SourcingEvent) -> None:
    clock.shift(event.deadline - clock.now() + timedelta(seconds=1))
