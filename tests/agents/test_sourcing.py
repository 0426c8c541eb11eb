"""How sure the agent is, and what the roles make of quotes, papers and answers of the ERP."""

from decimal import Decimal

import pytest

from agents.models import Step
from agents.roles.sourcing.confidence import Grounds, of_award
from approvals.models import Proposal
from ledger import doorbell
from ledger.importing import importing
from procure.models import Order, OrderTracking, SourcingEvent
from procure.orders import tracking
from tests.agents import market
from tests.agents.market import WORDS, approve, ask_for, quote, reach_deadline, work
from tests.vendors.rows import DIGEST
from vendors.models import Certificate, Vendor

GOOD = {
    "rivals": 3,
    "history": Decimal(1),
    "benchmark_pct": Decimal(2),
    "freight_estimated": False,
    "findings": 0,
}


@pytest.mark.parametrize(
    ("weakness", "value"),
    [
        ({}, "0.95"),
        ({"rivals": 2}, "0.86"),
        ({"rivals": 1}, "0.57"),
        ({"history": Decimal(0)}, "0.76"),
        ({"benchmark_pct": None}, "0.86"),
        ({"benchmark_pct": Decimal(-40)}, "0.76"),
        ({"freight_estimated": True}, "0.90"),
        ({"findings": 3}, "0.86"),
    ],
)
def test_each_weakness_takes_its_stated_part_and_is_named(weakness, value):
    sure = of_award(Grounds(**GOOD | weakness))
    assert sure.value == Decimal(value)
    assert len(sure.reasons) == len(weakness)


def test_all_weaknesses_together_leave_little_but_never_nothing():
    sure = of_award(Grounds(1, Decimal(0), None, True, 9))
    assert Decimal("0.05") <= sure.value < Decimal("0.4")
    assert len(sure.reasons) == 5


@pytest.fixture
def event(entity, ada, amir, cost_centre, rita):
    """Three suppliers invited for 2,000 packs."""
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    ask_for(WORDS, person=rita, entity=entity)
    work()
    return SourcingEvent.objects.get()


def step(key):
    return Step.objects.get(key=key)


def award_proposal():
    return Proposal.objects.get(command_kinds__contains="AwardEvent")


@pytest.mark.django_db
def test_a_vendor_blocked_since_the_invitation_is_not_awarded(event, entity):
    quote(event, "VEN-001", "7.10")
    quote(event, "VEN-002", "6.90")
    with importing("tests", DIGEST):
        Vendor.objects.filter(key="VEN-002").update(status=Vendor.Status.BLOCKED, blocked_reason="fraud")
    reach_deadline(event)
    work()
    assert step("comply").result["barred"] == ["VEN-002"]
    assert award_proposal().commands[1]["fields"]["vendor"] == "VEN-001"


@pytest.mark.django_db
def test_papers_that_ran_out_are_remarked_on(event, entity):
    vendor = Vendor.objects.get(key="VEN-001")
    Certificate.objects.create(vendor=vendor, kind="GMP", number="1", issued_by="WHO", valid_until="2020-01-01")
    quote(event, "VEN-001", "7.10")
    reach_deadline(event)
    work()
    (finding,) = step("comply").result["findings"]
    assert finding["certificates_expired"] == ["GMP"]
    assert "Certificates have run out: GMP." in finding["remarks"]


@pytest.mark.django_db
def test_a_late_supplier_must_be_cheaper_by_more_than_its_lateness_costs(event):
    quote(event, "VEN-001", "7.00")
    quote(event, "VEN-003", "6.95")
    reach_deadline(event)
    work()
    proposal = award_proposal()
    assert proposal.commands[0]["fields"]["lines"][0]["vendor"] == "VEN-001"
    assert "VEN-003 is cheaper to land" in proposal.rationale


@pytest.mark.django_db
def test_changed_prices_change_the_award(event):
    quote(event, "VEN-001", "6.00")
    quote(event, "VEN-002", "7.00")
    reach_deadline(event)
    work()
    assert award_proposal().commands[0]["fields"]["lines"][0]["vendor"] == "VEN-001"


@pytest.mark.django_db
def test_a_single_quote_asks_with_low_confidence(event):
    quote(event, "VEN-001", "7.00")
    reach_deadline(event)
    work()
    assert award_proposal().confidence < Decimal("0.6")
    assert award_proposal().status == "waiting"


@pytest.fixture
def order(event, ada, monkeypatch):
    """Approved and issued; nothing goes to an ERP by itself here."""
    others = {name: each for name, each in doorbell._answerers.items() if name != "outbox"}
    monkeypatch.setattr(doorbell, "_answerers", others)
    quote(event, "VEN-001", "7.10")
    quote(event, "VEN-002", "6.90")
    reach_deadline(event)
    work()
    approve(award_proposal(), ada)
    work()
    return Order.objects.get()


@pytest.mark.django_db
def test_the_plan_waits_for_the_erp_and_ends_with_its_number(order):
    assert step("confirm").status == "waiting"
    answer_of_the_erp(order, erp_status=OrderTracking.Status.CONFIRMED, erp_number="4711")
    work()
    assert step("confirm").result == {"orders": [{"order": order.reference, "erp_number": "4711"}]}
    assert step("confirm").plan.status == "done"


@pytest.mark.django_db
def test_an_order_that_the_erp_refuses_is_a_persons_task(order):
    answer_of_the_erp(order, erp_status=OrderTracking.Status.REFUSED, problem="Unknown supplier")
    work()
    confirm = step("confirm")
    assert (confirm.status, confirm.asks_person) == ("waiting", True)
    assert "Unknown supplier" in confirm.waiting_for


def answer_of_the_erp(order, **fields):
    effect = tracking.Effect.objects.get(object_key=order.reference, sender="erp")
    with importing("tests", DIGEST):
        OrderTracking.objects.filter(order=order).update(**fields)
        tracking.entries.erp_fact("confirmed", order, effect=effect, data={})
