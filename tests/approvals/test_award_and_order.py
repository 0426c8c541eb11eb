"""Award and order as one bundle: judged by the quotes, carried out together, undone in reverse."""

from __future__ import annotations

from decimal import Decimal

import pytest

from approvals import queries, undo
from approvals.evidence import Claim, QuoteLine
from approvals.models import Proposal
from ledger.actors import Actor
from ledger.importing import importing
from procure.models import Award, Budget, EventLine, OpenedBidLine, Order, SourcingEvent
from tests.approvals.stage import DIGEST, SOURCING, approve, keys, propose, work
from tests.procure import market
from tests.vendors.rows import make_item

pytestmark = pytest.mark.usefixtures("policy", "budget")


@pytest.fixture
def opened(entity, rita) -> SourcingEvent:
    """Two quotes for 10 packs of an item that cost 2.00 before: 2.10 and 2.50."""
    event = market.make_event(entity, rita)
    known = {"price_p25": "1.9", "price_median": "2", "price_p75": "2.2", "price_currency": "USD", "price_rows": 9}
    EventLine.objects.update(item=make_item("ITM-0001", **known))
    market.submit(event, 1, "2.10")
    market.submit(event, 2, "2.50")
    return market.reach_deadline(event)


def claims(event: SourcingEvent, price: str) -> list[Claim]:
    line = OpenedBidLine.objects.get(opened_bid__event=event, unit_price=Decimal(price))
    return [Claim(f"Quoted {price}", price, QuoteLine(line.pk, "unit_price"))]


def propose_bundle(event: SourcingEvent, number: int, price: str, *, rita) -> Proposal:
    return propose(
        market.award_of(event, number),
        market.order_of(event, number, line={"item": "ITM-0001"}),
        by=SOURCING,
        entity=event.entity,
        requested_by=rita,
        confidence=Decimal("0.9"),
        evidence=claims(event, price),
    )


def fact(proposal: Proposal, name: str) -> object:
    return proposal.judgement.facts[name].get("value")


def test_the_bundle_is_judged_by_its_quotes(opened, rita, ada):
    made = propose_bundle(opened, 1, "2.10", rita=rita)
    assert (made.status, keys(made)) == ("waiting", ["standing-default"])
    assert fact(made, "command_kind") == "bundle"
    assert fact(made, "amount") == "21", "award and order are the same money"
    assert (fact(made, "bids_received"), fact(made, "single_source")) == ("2", False)
    assert fact(made, "lead_time_days") == "10"
    assert fact(made, "evidence_coverage") == "1"


def test_an_award_alone_knows_the_items_of_the_event(opened, entity, rita):
    made = propose(
        market.award_of(opened, 2),
        by=SOURCING,
        entity=entity,
        requested_by=rita,
        confidence=Decimal("0.9"),
        evidence=claims(opened, "2.50"),
    )
    assert keys(made) == ["price-above-benchmark"]
    assert fact(made, "price_vs_benchmark_pct") == "25"


def test_one_quote_is_a_single_source(entity, rita):
    event = market.make_event(entity, rita)
    EventLine.objects.update(item=make_item("ITM-0001"))
    market.submit(event, 1, "2.10")
    market.reach_deadline(event)
    made = propose_bundle(event, 1, "2.10", rita=rita)
    assert "single-source" in keys(made)


def test_both_are_carried_out_together_and_undone_in_reverse(opened, rita, ada):
    made = propose_bundle(opened, 1, "2.10", rita=rita)
    approve(made, ada)
    work()
    made.refresh_from_db()
    assert made.status == "carried_out", made.problem
    assert (Award.objects.get().status, Order.objects.get().status) == ("made", "issued")
    undoing = undo.propose(made, actor=Actor.human(ada), reason="Wrong pack size")
    assert [each["kind"] for each in undoing.commands] == ["CancelOrder", "RevokeAward"]
    assert keys(undoing) == ["declared-undo"]
    work()
    assert queries.outcome(made) == "undone"
    assert (Award.objects.get().status, Order.objects.get().status) == ("revoked", "cancelled")
    opened.refresh_from_db()
    assert opened.status == "opened"
    assert Budget.objects.get().committed == 0


def test_when_the_order_is_refused_the_award_is_not_made_either(opened, rita, ada, amir):
    made = propose_bundle(opened, 1, "2.10", rita=rita)
    approve(made, ada)
    with importing("tests", DIGEST):
        Budget.objects.update(amount=Decimal(20))
    work()
    made.refresh_from_db()
    approve(made, ada)
    approve(made, amir)
    work()
    made.refresh_from_db()
    assert made.status == "failed"
    assert not Award.objects.exists()
    assert not Order.objects.exists()
    opened.refresh_from_db()
    assert opened.status == "opened"
