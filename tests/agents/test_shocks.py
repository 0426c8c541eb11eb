"""What happens while a plan runs reaches it, on the story of a purchase: what was proposed is taken back and the next
best proposed, by proposals only; and the journal tells all of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agents import reconsidering, triggers
from agents.models import Plan, Reconsideration, Step, StepOverride
from approvals import proposals
from approvals.models import Proposal
from ledger import clock, doorbell, replay
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.models import Cursor, Entry
from procure import notices
from procure.models import OpenedBid, Order, SourcingEvent
from tests.agents import market
from tests.agents.market import WORDS, approve, ask_for, quote, reach_deadline, work
from vendors.commands import BlockVendor, WithdrawQualification
from vendors.models import Certificate, Vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(entity, ada, amir, ben, cost_centre, rita):
    """Three suppliers invited for 2,000 packs."""
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    ask_for(WORDS, person=rita, entity=entity)
    work()
    return SourcingEvent.objects.get()


@pytest.fixture
def plan(event):
    """VEN-002 is the cheapest, then VEN-001; the award waits for a person."""
    quote(event, "VEN-001", "7.10")
    quote(event, "VEN-002", "6.90")
    reach_deadline(event)
    work()
    assert chosen(award()) == "VEN-002"
    return Plan.objects.get()


def award() -> Proposal:
    return Proposal.objects.filter(command_kinds__contains="AwardEvent").latest("pk")


def chosen(proposal: Proposal) -> str:
    return proposal.commands[0]["fields"]["lines"][0]["vendor"]


def step(key: str) -> Step:
    return Step.objects.get(key=key)


def carry_out(command, *, by, entity, approver) -> Proposal:
    made = proposals.propose(commands=[command], actor=Actor.human(by), entity=entity, rationale="It must be so.")
    if made.status == Proposal.Status.WAITING:
        approve(made, approver)
    work()
    made.refresh_from_db()
    assert made.status == Proposal.Status.CARRIED_OUT
    return made


def block(vendor: str, *, by, entity, approver) -> None:
    carry_out(BlockVendor(vendor=vendor, reason="Fraud."), by=by, entity=entity, approver=approver)


def tell(ben, entity, **fields):
    notice = notices.record(actor=Actor.human(ben), entity=entity, **fields)
    work()
    return notice


def replayed() -> None:
    """But for vendors and budgets, which these tests put there without telling the journal."""
    assert [each for each in replay.differences() if each.kind not in ("vendor", "budget")] == []


def causes_of(plan: Plan) -> list[int]:
    told = history_of(ObjectRef("plan", plan.reference)).filter(kind="plan.reconsidered")
    return [seq for each in told for seq in triggers.chain.read(each)["causes"]]


def test_a_chosen_vendor_that_is_blocked_makes_room_for_the_next_best(plan, entity, ben, amir):
    before = award()
    block("VEN-002", by=ben, entity=entity, approver=amir)
    before.refresh_from_db()
    assert before.status == Proposal.Status.WITHDRAWN
    assert before.problem
    assert chosen(award()) == "VEN-001"
    assert award().status == Proposal.Status.WAITING
    assert causes_of(plan) == [Entry.objects.get(kind="vendor.blocked").seq]
    replayed()


def test_what_was_checked_is_checked_again_and_both_results_are_kept(plan, entity, ben, amir):
    own = step("comply").result
    block("VEN-002", by=ben, entity=entity, approver=amir)
    comply, look = step("comply"), step("again1-comply")
    assert comply.result == own
    assert own["barred"] == []
    assert look.result["barred"] == ["VEN-002"]
    counted = StepOverride.objects.get(step=comply)
    assert (counted.person, counted.result) == (None, look.result)
    assert look.again_of == comply


def test_a_blocked_vendor_that_nobody_chose_leaves_the_choice_as_it_is(plan, entity, ben, amir):
    block("VEN-003", by=ben, entity=entity, approver=amir)
    assert chosen(award()) == "VEN-002"
    assert award().status == Proposal.Status.WAITING
    assert Proposal.objects.filter(command_kinds__contains="AwardEvent").count() == 1
    assert not StepOverride.objects.exists()
    replayed()


def test_an_approval_that_is_withdrawn_is_a_finding_in_the_next_proposal(plan, entity, ben, amir):
    withdrawal = WithdrawQualification(vendor="VEN-002", reason="The audit failed.")
    carry_out(withdrawal, by=ben, entity=entity, approver=amir)
    assert "Not fully approved" in str(step("again1-comply").result["findings"])
    assert award().status == Proposal.Status.WAITING
    assert Proposal.objects.filter(command_kinds__contains="AwardEvent").count() == 2
    replayed()


def test_a_price_change_of_the_chosen_vendor_makes_room_for_the_next_best(plan, entity, ben):
    before = award()
    notice = tell(ben, entity, kind="price_change", vendor="VEN-002", item=market.ITEM, new_price="9", currency="USD")
    before.refresh_from_db()
    assert before.status == Proposal.Status.WITHDRAWN
    assert notice.reference in before.problem
    assert chosen(award()) == "VEN-001"
    assert notice.reference in award().rationale
    replayed()


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "price_change", "vendor": "VEN-002", "item": market.ITEM, "new_price": "6", "currency": "USD"},
        {"kind": "delay", "vendor": "VEN-002", "item": market.ITEM},
        {"kind": "stock_out", "vendor": "VEN-001"},
        {"kind": "price_change", "item": market.ITEM, "new_price": "9", "currency": "USD"},
    ],
    ids=["a lower price", "a delay", "another vendor", "no vendor named"],
)
def test_a_notice_that_spoils_no_chosen_quote_is_told_and_changes_no_proposal(plan, entity, ben, fields):
    before = Proposal.objects.count()
    tell(ben, entity, **fields)
    assert Reconsideration.objects.get().plan == plan
    assert Proposal.objects.count() == before
    assert award().status == Proposal.Status.WAITING
    replayed()


def test_a_notice_about_something_else_does_not_reach_the_plan(plan, entity, ben):
    market.make_item("ITM-9999", name="Gloves")
    tell(ben, entity, kind="stock_out", item="ITM-9999")
    tell(ben, entity, kind="stock_out", vendor="VEN-002", item="ITM-9999")
    assert not Reconsideration.objects.exists()
    assert award().status == Proposal.Status.WAITING


@pytest.fixture
def soon_over(event, entity):
    """The chosen quote is good for three more days."""
    until = (clock.business_date(entity) + timedelta(days=5)).isoformat()
    quote(event, "VEN-001", "7.10", validity_until=(clock.business_date(entity) + timedelta(days=90)).isoformat())
    quote(event, "VEN-002", "6.90", validity_until=until)
    reach_deadline(event)
    work()
    assert chosen(award()) == "VEN-002"
    return Plan.objects.get()


def pass_days(days: int) -> None:
    clock.shift(timedelta(0))
    clock.shift(timedelta(days=days))
    work()


def test_a_quote_that_runs_out_is_told_once_and_the_next_best_is_proposed(soon_over):
    before = award()
    pass_days(8)
    before.refresh_from_db()
    assert Entry.objects.filter(kind="bid.expired").count() == 1
    assert before.status == Proposal.Status.WITHDRAWN
    assert "has run out" in before.problem
    assert chosen(award()) == "VEN-001"
    work()
    assert Entry.objects.filter(kind="bid.expired").count() == 1
    replayed()


def test_when_no_quote_is_left_suppliers_are_invited_once_more_and_then_a_person_is_asked(soon_over, entity, ben):
    pass_days(100)
    assert OpenedBid.objects.filter(expired_at=None).count() == 0
    first, second = SourcingEvent.objects.order_by("pk")
    assert second.requisition == first.requisition
    assert "Quotes for" in step("award").waiting_for
    quote(second, "VEN-001", "7.40")
    reach_deadline(second)
    work()
    assert award().commands[0]["fields"]["event"] == second.reference
    tell(ben, entity, kind="stock_out", vendor="VEN-001")
    assert award().status == Proposal.Status.WITHDRAWN
    assert SourcingEvent.objects.count() == 2
    assert step("award").status == "parked"
    assert "No valid quote" in step("award").error
    replayed()


def test_after_the_order_a_person_is_asked_and_nothing_is_taken_back(plan, entity, ada, ben, amir, monkeypatch):
    without_the_erp(monkeypatch)
    approve(award(), ada)
    work()
    order = Order.objects.get()
    block("VEN-002", by=ben, entity=entity, approver=amir)
    asked = step("ask1-comply")
    assert (asked.status, asked.asks_person) == ("waiting", True)
    assert award().reference in asked.label
    assert Order.objects.get().status == order.status == Order.Status.ISSUED
    assert award().status == Proposal.Status.CARRIED_OUT
    replayed()


def test_after_the_order_a_vendor_that_got_nothing_is_nobodys_question(plan, entity, ada, ben, amir, monkeypatch):
    without_the_erp(monkeypatch)
    approve(award(), ada)
    work()
    block("VEN-001", by=ben, entity=entity, approver=amir)
    assert Reconsideration.objects.get().asks == []
    assert not Step.objects.filter(again_of__isnull=False).exists()


def without_the_erp(monkeypatch) -> None:
    """Nothing goes to an ERP by itself here."""
    others = {name: each for name, each in doorbell._answerers.items() if name != "outbox"}
    monkeypatch.setattr(doorbell, "_answerers", others)


def test_doubled_and_repeated_readings_of_the_journal_reconsider_once(plan, entity, ben):
    tell(ben, entity, kind="price_change", vendor="VEN-002", item=market.ITEM, new_price="9", currency="USD")
    told = Proposal.objects.count(), Entry.objects.count(), Step.objects.count()
    Cursor.objects.filter(name="triggers").update(seq=0)
    work()
    work()
    assert (Proposal.objects.count(), Entry.objects.count(), Step.objects.count()) == told


def test_a_ring_that_was_lost_is_made_up_for_by_the_next_visit(plan, entity, ben):
    notices.record(kind="stock_out", vendor="VEN-002", item=market.ITEM, actor=Actor.human(ben), entity=entity)
    assert triggers.due()
    work()
    assert chosen(award()) == "VEN-001"


def test_a_plan_that_has_ended_is_not_told(plan, entity, ada, ben, amir):
    market.reject(award(), ada, "Not needed.")
    work()
    before = history_of(ObjectRef("plan", plan.reference)).count()
    tell(ben, entity, kind="stock_out", vendor="VEN-002")
    assert not Reconsideration.objects.exists()
    assert history_of(ObjectRef("plan", plan.reference)).count() == before


def test_a_plan_is_told_so_often_and_then_a_person_is_asked(plan, entity, ben, monkeypatch):
    monkeypatch.setattr(reconsidering, "MOST", 2)
    for _ in range(5):
        tell(ben, entity, kind="delay", vendor="VEN-003")
    assert Reconsideration.objects.count() == 3
    assert Step.objects.filter(key__startswith="ask").count() == 1
    replayed()


def test_an_invitation_that_waits_is_made_anew_without_a_supplier_that_is_blocked(
    entity, ada, amir, ben, rita, cost_centre
):
    """It waits because papers of one supplier have run out."""
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    papers = {"kind": "GMP", "number": "1", "issued_by": "WHO", "valid_until": "2020-01-01"}
    Certificate.objects.create(vendor=Vendor.objects.get(key="VEN-001"), **papers)
    ask_for(WORDS, person=rita, entity=entity)
    work()
    assert step("shortlist").asks_person
    block("VEN-002", by=ben, entity=entity, approver=amir)
    first, second = Proposal.objects.filter(command_kinds="InviteSuppliers").order_by("pk")
    assert (first.status, second.status) == (Proposal.Status.WITHDRAWN, Proposal.Status.WAITING)
    assert "VEN-002" in first.commands[0]["fields"]["vendors"]
    assert second.commands[0]["fields"]["vendors"] == ["VEN-001", "VEN-003"]
    replayed()


def test_what_a_person_withdraws_stays_withdrawn(plan, entity, ben, ada):
    proposals.withdraw(award(), actor=Actor.human(ben), reason="We wait.")
    work()
    assert Plan.objects.get().status == "cancelled"
    assert Proposal.objects.filter(command_kinds__contains="AwardEvent").count() == 1


def test_a_proposal_that_was_approved_but_not_yet_carried_out_is_taken_back_too(plan, entity, ada, ben, monkeypatch):
    others = {name: each for name, each in doorbell._answerers.items() if name != "clerk"}
    monkeypatch.setattr(doorbell, "_answerers", others)
    before = award()
    approve(before, ada)
    before.refresh_from_db()
    assert before.status == Proposal.Status.APPROVED
    tell(ben, entity, kind="stock_out", vendor="VEN-002", item=market.ITEM)
    before.refresh_from_db()
    assert before.status == Proposal.Status.WITHDRAWN
    assert chosen(award()) == "VEN-001"
    assert not Order.objects.exists()
    replayed()
