"""Orders: what was quoted to the last digit, one an award, changed and changed back, cancelled here and there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger import anchors, checkpoints, clock, outbox
from ledger.authority import importing
from ledger.checkpoints import WORKER
from ledger.models import Anchoring, Effect
from procure.commands import CancelOrder, ChangeOrder
from procure.erp.connectors.sandbox.connector import SandboxConnector
from procure.errors import BudgetExceeded, QuoteMismatch, WrongState
from procure.models import (
    Budget,
    Commitment,
    ErpConnection,
    Order,
    OrderTracking,
    Requisition,
    SandboxOrder,
    SourcingEvent,
)
from procure.orders import tracking
from tests.procure.market import award_of, carry, make_budget, make_event, order_of, reach_deadline, submit
from tests.vendors.rows import DIGEST


@pytest.fixture
def event(entity, rita, cost_centre) -> SourcingEvent:
    """Two lines, quoted at 2.50 with 5 of freight, and awarded."""
    make_budget(cost_centre, 1000)
    made = make_event(entity, rita, quantities=(10, 20))
    submit(made, 1, "2.50", lines=2, freight="5", incoterm="CIP")
    reach_deadline(made)
    carry(award_of(made), entity=entity)
    return made


def committed() -> Decimal:
    return Budget.objects.get().committed


def nothing_ordered() -> bool:
    return not (Order.objects.exists() or Effect.objects.exists() or Commitment.objects.exists() or committed())


def test_an_order_says_what_was_quoted_and_holds_its_total(event, entity):
    carry(order_of(event), entity=entity)
    order = Order.objects.get()
    version = order.versions.get()
    assert (version.total, version.freight, version.incoterm) == (80, 5, "CIP")
    assert committed() == 80
    assert Effect.objects.get(sender="erp").request["total"] == f"{version.total:f}"


@pytest.mark.parametrize(
    "changes",
    [
        {"freight": Decimal(6)},
        {"freight": Decimal(4)},
        {"freight": Decimal(0)},
        {"incoterm": "DAP"},
        {"incoterm": ""},
        {"currency": "EUR"},
        {"vendor": "VEN-002"},
        {"line": {"unit_price": Decimal("2.49")}},
        {"line": {"quantity": Decimal(9)}},
        {"line": {"delivery_date": "2001-01-01"}},
        {"line": {"delivery_date": "2099-01-01"}},
    ],
    ids=str,
)
def test_an_order_that_differs_from_quote_or_award_is_refused(event, entity, changes):
    with pytest.raises(QuoteMismatch):
        carry(order_of(event, **changes), entity=entity)
    assert nothing_ordered()


def test_a_promised_day_is_ordered_for_that_day(entity, rita, cost_centre):
    make_budget(cost_centre, 1000)
    event = make_event(entity, rita)
    day = clock.business_date(entity) + timedelta(days=30)
    submit(event, 1, line={"delivery_date": str(day)})
    reach_deadline(event)
    carry(award_of(event), entity=entity)
    for wrong in (None, day - timedelta(days=1), day + timedelta(days=1)):
        with pytest.raises(QuoteMismatch):
            carry(order_of(event, line={"delivery_date": wrong}), entity=entity)
    assert nothing_ordered()
    carry(order_of(event, line={"delivery_date": day}), entity=entity)
    assert Order.objects.count() == 1


def test_a_proposal_says_so_too_before_anybody_decides(event):
    with pytest.raises(QuoteMismatch):
        order_of(event, freight=Decimal(6)).check()
    order_of(event).check()


def test_one_award_is_ordered_once(event, entity):
    carry(order_of(event), entity=entity)
    with pytest.raises(WrongState):
        carry(order_of(event), entity=entity)
    assert (Order.objects.count(), committed()) == (1, 80)


def test_no_order_without_an_award(entity, rita, cost_centre):
    make_budget(cost_centre, 1000)
    event = make_event(entity, rita)
    submit(event, 1)
    reach_deadline(event)
    with pytest.raises(QuoteMismatch):
        carry(order_of(event), entity=entity)
    assert nothing_ordered()


def test_an_order_names_the_requisition_of_its_event_or_none(event, entity):
    with pytest.raises(Exception, match="is for PR-00001"):
        carry(order_of(event, requisition="PR-00002"), entity=entity)
    assert nothing_ordered()
    carry(order_of(event, requisition=None), entity=entity)
    assert Order.objects.get().requisition.status == "ordered"


@pytest.mark.parametrize("status", ["withdrawn", "closed", "captured", "ordered"])
def test_nothing_is_ordered_for_a_requisition_that_is_past_it(event, entity, status):
    Requisition.objects.update(status=status)
    with pytest.raises(WrongState):
        carry(order_of(event), entity=entity)
    assert nothing_ordered()


def test_an_order_beyond_the_budget_is_refused_whole(event, entity):
    command = order_of(event)
    with importing("tests", DIGEST):
        Budget.objects.update(amount=Decimal("79.99"))
    with pytest.raises(BudgetExceeded):
        carry(command, entity=entity)
    assert nothing_ordered()
    assert Requisition.objects.get().status == "sourcing"


@pytest.fixture
def order(event, entity) -> Order:
    carry(order_of(event), entity=entity)
    return Order.objects.select_related("tracking").get()


def changed(order: Order, quantity: int) -> ChangeOrder:
    now = order.versions.get(number=order.current_version)
    lines = [
        {"number": each.number, "description": each.description, "quantity": quantity, "unit_price": each.unit_price}
        for each in now.lines.all()
    ]
    return ChangeOrder(
        order=order.reference,
        version=order.current_version,
        reason="fewer",
        currency="USD",
        lines=lines,
        freight=now.freight,
        incoterm=now.incoterm,
        total=Decimal("2.5") * quantity * 2 + now.freight,
    )


def test_a_change_and_its_way_back_leave_the_first_content_and_one_way_out(order, entity):
    done = carry(changed(order, 4), entity=entity)
    order.refresh_from_db()
    assert (order.current_version, committed()) == (2, 25)
    done.compensation.check()
    carry(done.compensation, entity=entity)
    order.refresh_from_db()
    first, last = order.versions.get(number=1), order.versions.get(number=3)
    said = ["number", "description", "quantity", "unit", "unit_price", "delivery_date"]
    assert list(first.lines.values_list(*said)) == list(last.lines.values_list(*said))
    assert (first.total, first.freight, first.incoterm, committed()) == (last.total, last.freight, last.incoterm, 80)
    assert sorted(Effect.objects.values_list("status", flat=True)) == ["cancelled", "cancelled", "waiting"]


def test_a_change_of_what_was_changed_meanwhile_is_refused(order, entity):
    stale = changed(order, 4)
    carry(changed(order, 5), entity=entity)
    with pytest.raises(WrongState):
        carry(stale, entity=entity)
    order.refresh_from_db()
    assert (order.current_version, committed()) == (2, 30)


def test_what_is_in_the_erp_is_not_changed_but_cancelled_there_too(order, entity, in_erp):
    outbox.answer()
    order.tracking.refresh_from_db()
    assert order.tracking.erp_status == "confirmed"
    with pytest.raises(WrongState, match="ERP already"):
        carry(changed(order, 4), entity=entity)
    carry(CancelOrder(order=order.reference, reason="none"), entity=entity)
    order.tracking.refresh_from_db()
    assert (order.tracking.erp_status, committed()) == ("cancelling", 0)
    outbox.answer()
    order.tracking.refresh_from_db()
    assert order.tracking.erp_status == "cancelled"


def test_what_never_left_is_cancelled_here_alone(order, entity):
    carry(CancelOrder(order=order.reference, reason="none"), entity=entity)
    order.refresh_from_db()
    assert (order.status, order.tracking.erp_status, committed()) == ("cancelled", "cancelled", 0)
    assert list(Effect.objects.values_list("status", flat=True)) == ["cancelled"]
    assert Requisition.objects.get().status == "sourcing"
    with pytest.raises(WrongState):
        carry(CancelOrder(order=order.reference, reason="none"), entity=entity)


@pytest.fixture
def in_erp(entity) -> ErpConnection:
    return ErpConnection.objects.create(entity=entity, name="sandbox", kind="sandbox", active=True, default=True)


@pytest.mark.parametrize("answer", [tracking.refused, tracking.unknown])
@pytest.mark.parametrize("status", ["cancelling", "cancelled"])
def test_a_late_answer_does_not_hide_that_it_is_being_cancelled(order, in_erp, answer, status):
    OrderTracking.objects.update(erp_status=status)
    effect = Effect.objects.get(sender="erp")
    answer(order.reference, detail="no such item", effect=effect, connection=in_erp)
    order.tracking.refresh_from_db()
    assert (order.tracking.erp_status, order.tracking.problem) == (status, "no such item")


def test_the_erp_having_it_after_it_was_cancelled_is_told(order, in_erp):
    OrderTracking.objects.update(erp_status="cancelled")
    effect = Effect.objects.get(sender="erp")
    tracking.confirmed(order.reference, external_id="1", external_number="P1", effect=effect, connection=in_erp)
    order.tracking.refresh_from_db()
    assert order.tracking.erp_status == "cancelled"
    assert "by hand" in order.tracking.problem


def test_the_order_takes_the_newest_checkpoint_into_the_erp_which_thereby_has_it(event, entity, in_erp):
    made = checkpoints.make(actor=WORKER)
    carry(order_of(event), entity=entity)
    checkpoints.make(actor=WORKER)
    outbox.answer()
    booked = SandboxOrder.objects.get()
    assert booked.comment == anchors.line_of(made)
    assert anchors.line_of(made) not in booked.reference
    kept = Anchoring.objects.get(anchor="erp")
    assert (kept.checkpoint, kept.reference) == (made, Order.objects.get().tracking.erp_number)


def test_a_changed_order_takes_the_checkpoint_of_its_own_hour(order, entity, in_erp):
    made = checkpoints.make(actor=WORKER)
    carry(changed(order, 4), entity=entity)
    outbox.answer()
    assert Anchoring.objects.get(anchor="erp").checkpoint == made


def test_an_erp_without_a_place_for_comments_gets_none(event, entity, in_erp, monkeypatch):
    checkpoints.make(actor=WORKER)
    monkeypatch.setattr(SandboxConnector, "capabilities", replace(SandboxConnector.capabilities, comment_field=""))
    carry(order_of(event), entity=entity)
    outbox.answer()
    assert SandboxOrder.objects.get().comment == ""
    assert not Anchoring.objects.filter(anchor="erp").exists()


def test_before_the_first_checkpoint_an_order_has_no_comment(event, entity, in_erp):
    carry(order_of(event), entity=entity)
    outbox.answer()
    assert SandboxOrder.objects.get().comment == ""
    assert Order.objects.get().tracking.erp_status == "confirmed"
