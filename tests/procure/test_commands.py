"""Every command: it can be judged whatever it names, it holds what it writes, and its way back leads back."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest

from approvals import locks, proposals
from ledger import outbox
from ledger.actors import Actor
from ledger.command import build
from ledger.errors import DomainError, InvalidInput, NotAllowed
from ledger.models import Effect
from procure.commands import CancelEvent, InviteSuppliers, RaiseRequisition, WithdrawRequisition
from procure.errors import WrongState
from procure.finance import budgets
from procure.models import Award, Budget, Commitment, Order, Requisition, SourcingEvent
from tests.procure.market import (
    award_of,
    carry,
    make_budget,
    make_event,
    make_requisition,
    order_of,
    reach_deadline,
    standing_award,
    submit,
)
from tests.vendors.rows import make_contact, make_vendor

LINE = {"number": 1, "description": "Gloves", "quantity": "1", "unit_price": "1"}
NEEDED = {"description": "Gloves", "quantity": "10"}
UNKNOWN = {
    "RaiseRequisition": {"requisition": "PR-9", "lines": [NEEDED]},
    "WithdrawRequisition": {"requisition": "PR-9", "reason": "none"},
    "InviteSuppliers": {"requisition": "PR-9", "title": "Gloves", "vendors": ["VEN-9"]},
    "CancelEvent": {"event": "RFQ-9", "reason": "none"},
    "AwardEvent": {
        "event": "RFQ-9",
        "lines": [{"line": 1, "bid_line": 9, "vendor": "VEN-9", "quantity": "1", "unit_price": "1", "currency": "ZZZ"}],
    },
    "RevokeAward": {"award": "AWD-9", "reason": "none"},
    "IssueOrder": {
        "vendor": "VEN-9",
        "event": "RFQ-9",
        "requisition": "PR-9",
        "currency": "USD",
        "lines": [LINE],
        "total": "1",
        "cost_centre": "NONE",
    },
    "ChangeOrder": {
        "order": "PO-9",
        "version": 1,
        "reason": "none",
        "currency": "USD",
        "lines": [LINE],
        "total": "1",
    },
    "CancelOrder": {"order": "PO-9", "reason": "none"},
    "ChangeBudget": {"cost_centre": "NONE", "year": 2014, "amount": "1", "currency": "USD"},
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_names_nothing_known_is_refused_in_words_and_breaks_nothing(kind, entity):
    command = build(kind, UNKNOWN[kind])
    with pytest.raises(DomainError):
        command.check()
    for ask in (command.subjects, command.sentence, command.preview, command.exit, command.lock_keys):
        with contextlib.suppress(DomainError):
            ask()
    with pytest.raises(DomainError):
        carry(command, entity=entity)
    assert not Effect.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize("kind", UNKNOWN)
def test_text_that_a_database_cannot_keep_is_refused_before_it_is_proposed(kind):
    name = next(each for each in ("reason", "cost_centre", "requisition", "event") if each in UNKNOWN[kind])
    with pytest.raises(InvalidInput):
        build(kind, UNKNOWN[kind] | {name: "a\x00bc"})


def test_an_order_beyond_the_columns_is_refused_in_words():
    line = LINE | {"quantity": "99999999999", "unit_price": "99999999999"}
    with pytest.raises(InvalidInput, match="at most"):
        build("IssueOrder", UNKNOWN["IssueOrder"] | {"lines": [line]})


@pytest.fixture
def budget(cost_centre) -> Budget:
    return make_budget(cost_centre, 1000)


def committed() -> Decimal:
    return Budget.objects.get().committed


def raise_it(**fields) -> RaiseRequisition:
    body = {"requisition": "PR-00001", "lines": [NEEDED], "cost_centre": "prog", "budget": "400", "currency": "USD"}
    return build("RaiseRequisition", body | fields)


def test_raised_and_withdrawn(entity, rita, budget):
    made = make_requisition(entity, rita, status="captured")
    done = carry(raise_it(), entity=entity)
    made.refresh_from_db()
    assert (made.status, made.cost_centre.code, committed()) == ("raised", "PROG", 400)
    done.compensation.check()
    carry(done.compensation, entity=entity)
    made.refresh_from_db()
    assert (made.status, committed()) == ("withdrawn", 0)
    with pytest.raises(WrongState):
        carry(done.compensation, entity=entity)


def test_raised_beyond_the_budget_nothing_changes(entity, rita, budget):
    made = make_requisition(entity, rita, status="captured")
    with pytest.raises(DomainError):
        carry(raise_it(budget="1000.01"), entity=entity)
    made.refresh_from_db()
    assert (made.status, committed(), Commitment.objects.count()) == ("captured", 0, 0)


def test_only_the_requester_or_staff_withdraw(entity, rita, ben, ada, cost_centre):
    make_requisition(entity, rita, status="captured")
    command = WithdrawRequisition(requisition="PR-00001", reason="no need")
    with pytest.raises(NotAllowed):
        proposals.propose(commands=[command], actor=Actor.human(ada), entity=entity, rationale="not mine")
    for person in (rita, ben):
        command.check_asker(person)
    assert Requisition.objects.get().status == "captured"


def test_a_requisition_is_not_withdrawn_while_an_event_stands_on_it(event, entity):
    command = WithdrawRequisition(requisition="PR-00001", reason="no need")
    for refuse in (command.check, lambda: carry(command, entity=entity)):
        with pytest.raises(DomainError, match="RFQ-00001"):
            refuse()
    carry(CancelEvent(event=event.reference, reason="no need"), entity=entity)
    carry(command, entity=entity)
    assert Requisition.objects.get().status == "withdrawn"


def test_invited_and_cancelled(entity, rita):
    made = make_requisition(entity, rita)
    make_contact(make_vendor("VEN-001", entity=entity))
    command = InviteSuppliers(requisition=made.reference, title="Gloves", vendors=("VEN-001",))
    done = carry(command, entity=entity)
    made.refresh_from_db()
    assert made.status == "sourcing"
    outbox.answer()
    carry(done.compensation, entity=entity)
    made.refresh_from_db()
    assert (made.status, SourcingEvent.objects.get().status) == ("raised", "cancelled")
    carry(command, entity=entity)
    assert SourcingEvent.objects.filter(status="open").count() == 1


def test_suppliers_are_not_asked_to_quote_in_money_that_cannot_be_compared(entity, rita):
    make_requisition(entity, rita)
    make_contact(make_vendor("VEN-001", entity=entity))
    with pytest.raises(InvalidInput, match="ZZZ"):
        InviteSuppliers(requisition="PR-00001", title="Gloves", vendors=("VEN-001",), currency="ZZZ").check()


@pytest.fixture
def opened(entity, rita, budget) -> SourcingEvent:
    """Both quoted; the requisition holds 400."""
    make_requisition(entity, rita, status="captured")
    carry(raise_it(), entity=entity)
    requisition = Requisition.objects.get()
    Requisition.objects.update(status="sourcing")
    event = make_event(entity, rita, requisition=requisition)
    submit(event, 1, "2.50", freight="5")
    submit(event, 2, "3.00")
    return reach_deadline(event)


def test_awarded_revoked_and_awarded_to_another(opened, entity):
    done = carry(award_of(opened, 1), entity=entity)
    opened.refresh_from_db()
    assert opened.status == "awarded"
    with pytest.raises(WrongState):
        carry(award_of(opened, 2), entity=entity)
    carry(done.compensation, entity=entity)
    opened.refresh_from_db()
    assert opened.status == "opened"
    carry(award_of(opened, 2), entity=entity)
    assert [each.status for each in Award.objects.order_by("pk")] == ["revoked", "made"]


@pytest.mark.parametrize(
    "changes",
    [
        {"unit_price": "2.49"},
        {"currency": "EUR"},
        {"quantity": "11"},
        {"vendor": "VEN-002"},
        {"line": 2},
        {"bid_line": 9},
    ],
    ids=str,
)
def test_an_award_that_differs_from_the_quote_is_refused(opened, entity, changes):
    command = award_of(opened, 1, **changes)
    for refuse in (command.check, lambda: carry(command, entity=entity)):
        with pytest.raises(InvalidInput):
            refuse()
    opened.refresh_from_db()
    assert (opened.status, Award.objects.count()) == ("opened", 0)


def test_no_more_is_awarded_than_was_asked_for(opened, entity):
    both = award_of(opened, 1).lines + award_of(opened, 2).lines
    command = award_of(opened, 1).model_copy(update={"lines": both})
    with pytest.raises(InvalidInput, match="More is awarded"):
        carry(command, entity=entity)
    twice = award_of(opened, 1).model_copy(update={"lines": award_of(opened, 1, quantity="5").lines * 2})
    with pytest.raises(InvalidInput, match="twice"):
        carry(twice, entity=entity)
    assert not Award.objects.exists()


def test_an_award_with_its_order_is_undone_and_made_again(opened, entity):
    awarded = carry(award_of(opened, 1), entity=entity)
    issued = carry(order_of(opened, 1), entity=entity)
    requisition = Requisition.objects.get()
    assert (requisition.status, committed()) == ("ordered", 30)
    with pytest.raises(WrongState, match="cancel it first"):
        carry(awarded.compensation, entity=entity)
    carry(issued.compensation, entity=entity)
    requisition.refresh_from_db()
    assert (requisition.status, committed()) == ("sourcing", 400)
    carry(awarded.compensation, entity=entity)
    opened.refresh_from_db()
    assert opened.status == "opened"
    carry(award_of(opened, 2), entity=entity)
    carry(order_of(opened, 2), entity=entity)
    requisition.refresh_from_db()
    assert (requisition.status, committed()) == ("ordered", 30)
    assert [each.status for each in Order.objects.order_by("pk")] == ["issued", "cancelled"][::-1]


def test_every_row_a_command_writes_is_among_its_locks(opened, entity):
    carry(award_of(opened, 1), entity=entity)
    issue = order_of(opened, 1)
    year = budgets.current_year(entity)
    wanted = {("event", "RFQ-00001"), ("requisition", "PR-00001"), ("vendor", "VEN-001"), ("budget", f"PROG/{year}")}
    assert wanted <= refs(issue)
    carry(issue, entity=entity)
    order = Order.objects.get()
    effect = Effect.objects.get(sender="erp")
    cancel = build("CancelOrder", {"order": order.reference, "reason": "none"})
    assert wanted - {("vendor", "VEN-001")} | {("order", order.reference), ("effect", effect.effect_key)} <= refs(
        cancel
    )
    revoke = build("RevokeAward", {"award": standing_award(opened).reference, "reason": "none"})
    assert {("award", standing_award(opened).reference), ("event", "RFQ-00001")} <= refs(revoke)
    invited = {("invitation", str(each.pk)) for each in opened.invitations.all()}
    assert invited <= refs(CancelEvent(event="RFQ-00001", reason="none"))
    for command in (issue, cancel, revoke):
        locks.hold([command], entity)


def refs(command) -> set[tuple[str, str]]:
    return {(each.kind, each.key) for each in locks.refs_of([command])}
