"""A company that buys a medicine, and the suppliers that sell it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from approvals import bounds, decisions, policies
from approvals.models import Proposal
from ledger import clock, doorbell, switches
from ledger.actors import Actor
from ledger.importing import importing
from ledger.models import CostCentre, LegalEntity, Person
from procure import requisitions
from procure.models import Budget, Invitation, Requisition, SourcingEvent
from procure.sourcing import bids
from tests.vendors.rows import DIGEST, deliver, make_contact, make_item, make_vendor

ITEM = "ITM-0118"
NAME = "Lamivudine/Zidovudine 150/300mg, tablets, 60 Tabs"
WORDS = "We need 2,000 packs of Lamivudine/Zidovudine 150/300mg tablets for Nigeria by mid September, budget 20k USD"


def open_market(entity: LegalEntity, *, sellers: int = 3, status: str = "approved") -> None:
    """`sellers` vendors that delivered the item eight times at about 7.00, in time except for the last of them."""
    item = make_item(
        ITEM,
        name=NAME,
        generic_name="Lamivudine/Zidovudine",
        dosage="150/300mg",
        dosage_form="Tablet",
        units_per_pack=60,
        price_p25=Decimal("6.8"),
        price_median=Decimal(7),
        price_p75=Decimal("7.2"),
        price_currency="USD",
        price_rows=24,
        price_as_of=clock.business_date(entity),
    )
    for number in range(1, sellers + 1):
        vendor = make_vendor(f"VEN-00{number}", entity=entity, name=f"Maker {number}", status=status)
        make_contact(vendor)
        for row in range(8):
            reference = f"D-{number}-{row}"
            deliver(reference, item=item, entity=entity, vendor=vendor, price="7", delay=20 if number == sellers else 0)


def set_up(entity: LegalEntity, ada: Person, amir: Person, cost_centre: CostCentre, *, budget: int = 100_000) -> None:
    """Policy, bounds and a budget for PROG."""
    bounds.set_up_shipped(entity)
    policies.publish_genesis(entity=entity, by=[ada, amir])
    with importing("tests", DIGEST):
        Budget.objects.create(
            entity=entity,
            cost_centre=cost_centre,
            year=clock.business_date(entity).year,
            amount=Decimal(budget),
            currency="USD",
        )


def ask_for(words: str, *, person: Person, entity: LegalEntity) -> Requisition:
    return requisitions.capture(words=words, actor=Actor.human(person), entity=entity)


def work() -> None:
    """As many visits of a worker as it takes."""
    while doorbell.answer():
        pass


def quote(event: SourcingEvent, vendor: str, price: str, **fields: Any) -> None:
    invitation = Invitation.objects.select_related("event__entity", "vendor").get(event=event, vendor__key=vendor)
    line = {"line": 1, "unit_price": price, "lead_time_days": 30} | fields.pop("line", {})
    data = {"currency": "USD", "freight": "100", "incoterm": "DAP", "lines": [line]} | fields
    bids.submit(invitation, data, idempotency_key=f"{event.reference}-{vendor}")


def reach_deadline(event: SourcingEvent) -> None:
    clock.shift(timedelta(0))
    clock.shift(event.deadline - clock.now() + timedelta(seconds=1))


def approve(proposal: Proposal, by: Person) -> None:
    decisions.approve(proposal, actor=Actor.human(by), fingerprint=proposal.fingerprint)


def reject(proposal: Proposal, by: Person, reason: str) -> None:
    decisions.reject(proposal, actor=Actor.human(by), reason=reason)


def stop(scope: str, *, by: Person, entity: LegalEntity) -> None:
    switches.turn(scope, stop=True, actor=Actor.human(by), entity=entity, reason="look first")
