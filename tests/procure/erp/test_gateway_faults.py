"""The sandbox's dials: whatever the line to the ERP does, the ERP ends up with exactly one order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import clock, outbox
from ledger.models import Effect, LegalEntity
from procure.erp.connectors.sandbox import books, dials
from procure.erp.connectors.sandbox.connector import SandboxConnector
from procure.erp.connectors.sandbox.dials import Fault
from procure.models import ErpCall, ErpConnection, ExternalRef, OrderTracking, SandboxJournal, SandboxOrder
from tests.procure.erp.orders import cancel, effect_of, issue, tracking_of, work

pytestmark = pytest.mark.django_db
Status = OrderTracking.Status


def journal(verb: str) -> list[str]:
    return list(SandboxJournal.objects.filter(verb=verb).values_list("verdict", flat=True))


def test_an_order_reaches_the_erp_once_and_its_number_comes_back(entity: LegalEntity, sandbox: ErpConnection) -> None:
    order = issue(entity)
    work(visits=3)
    held = SandboxOrder.objects.get()
    assert journal("create") == ["done"]
    assert (held.total, held.currency, held.state) == (order.versions.get().total, "USD", "open")
    assert tracking_of(order).erp_status == Status.CONFIRMED
    assert tracking_of(order).erp_number == held.number
    assert ExternalRef.objects.get(kind="order").external_number == held.number


def test_while_the_erp_is_down_the_order_waits_visibly_and_then_arrives_once(
    entity: LegalEntity, sandbox: ErpConnection
) -> None:
    dials.turn(sandbox, Fault.DOWN, calls=3)
    order = issue(entity)
    work(visits=2)
    effect = effect_of(order)
    assert (effect.status, effect.attempts) == (Effect.Status.WAITING, 2)
    assert "down" in effect.last_error
    assert tracking_of(order).erp_status == Status.PENDING
    assert SandboxJournal.objects.count() == 0
    assert set(ErpCall.objects.values_list("outcome", flat=True)) == {ErpCall.Outcome.FAILED}
    work(visits=5)
    assert tracking_of(order).erp_status == Status.CONFIRMED
    assert journal("create") == ["done"]


def test_a_slow_answer_in_time_is_an_answer(
    entity: LegalEntity, sandbox: ErpConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(SandboxConnector, "pause", staticmethod(waited.append))
    dials.turn(sandbox, Fault.SLOW, seconds=5)
    order = issue(entity)
    work()
    assert waited == [5]
    assert tracking_of(order).erp_status == Status.CONFIRMED
    assert journal("create") == ["done"]


def test_an_answer_that_comes_too_late_is_asked_for_by_key(
    entity: LegalEntity, sandbox: ErpConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SandboxConnector, "pause", staticmethod(lambda seconds: None))
    dials.turn(sandbox, Fault.SLOW, seconds=3600)
    order = issue(entity)
    work(visits=2)
    assert tracking_of(order).erp_status == Status.CONFIRMED
    assert (journal("create"), journal("find")) == (["done"], ["found"])


def test_accepted_then_timed_out_is_found_and_adopted_not_sent_again(
    entity: LegalEntity, sandbox: ErpConnection
) -> None:
    dials.turn(sandbox, Fault.ACCEPTED_THEN_TIMEOUT, calls=1)
    order = issue(entity)
    work()
    assert tracking_of(order).erp_status == Status.PENDING
    assert ErpCall.objects.get().outcome == ErpCall.Outcome.UNKNOWN
    work(visits=2)
    assert (journal("create"), journal("find")) == (["done"], ["found"])
    assert tracking_of(order).erp_number == SandboxOrder.objects.get().number


def test_answering_twice_books_once(entity: LegalEntity, sandbox: ErpConnection) -> None:
    dials.turn(sandbox, Fault.ANSWERS_TWICE)
    order = issue(entity)
    work(visits=2)
    assert journal("create") == ["done", "duplicate"]
    assert SandboxOrder.objects.count() == 1
    assert ExternalRef.objects.filter(kind="order").count() == 1
    assert tracking_of(order).erp_status == Status.CONFIRMED


def test_a_refusal_is_final_and_says_why(entity: LegalEntity, sandbox: ErpConnection) -> None:
    dials.turn(sandbox, Fault.REFUSES, calls=1)
    order = issue(entity)
    work(visits=3)
    assert effect_of(order).status == Effect.Status.REFUSED
    assert tracking_of(order).erp_status == Status.REFUSED
    assert "told to refuse" in tracking_of(order).problem
    assert (SandboxOrder.objects.count(), journal("create")) == (0, ["refused"])


def test_a_worker_that_dies_after_the_erp_accepted_leaves_one_order(
    entity: LegalEntity, sandbox: ErpConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    accept = books.create

    def accept_and_die(*args: object) -> None:
        accept(*args)  # type: ignore[arg-type]
        raise Killed

    order = issue(entity)
    monkeypatch.setattr(books, "create", accept_and_die)
    clock.shift(timedelta(hours=1))
    with pytest.raises(Killed):
        outbox.answer()
    assert ErpCall.objects.get().outcome == ErpCall.Outcome.RUNNING
    monkeypatch.setattr(books, "create", accept)
    work(visits=3, apart=timedelta(hours=2))
    assert (journal("create"), journal("find")) == (["done"], ["found"])
    assert tracking_of(order).erp_status == Status.CONFIRMED


def test_an_order_stays_with_the_erp_that_may_have_it(entity: LegalEntity, sandbox: ErpConnection) -> None:
    dials.turn(sandbox, Fault.ACCEPTED_THEN_TIMEOUT, calls=1)
    order = issue(entity)
    work()
    ErpConnection.objects.filter(pk=sandbox.pk).update(default=False)
    other = ErpConnection.objects.create(entity=entity, name="other", kind="sandbox", default=True)
    work(visits=3)
    assert tracking_of(order).erp_status == Status.CONFIRMED
    assert SandboxOrder.objects.get().connection == sandbox
    assert not SandboxJournal.objects.filter(connection=other).exists()


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.ACCEPTED_THEN_TIMEOUT, Fault.ANSWERS_TWICE])
def test_a_cancellation_ends_in_the_erp_whatever_the_line_does(
    entity: LegalEntity, sandbox: ErpConnection, fault: str
) -> None:
    order = issue(entity)
    work()
    dials.turn(sandbox, fault, calls=1)
    cancel(order)
    work(visits=4)
    assert SandboxOrder.objects.get().state == SandboxOrder.State.CANCELLED
    assert tracking_of(order).erp_status == Status.CANCELLED
    assert journal("cancel").count("done") == 1


def test_a_cancellation_waits_until_the_creation_is_settled(entity: LegalEntity, sandbox: ErpConnection) -> None:
    dials.turn(sandbox, Fault.ACCEPTED_THEN_TIMEOUT, calls=1)
    order = issue(entity)
    work()
    cancel(order)
    outbox.answer()
    assert journal("cancel") == []
    work(visits=4)
    assert (journal("create"), journal("cancel")) == (["done"], ["done"])
    assert tracking_of(order).erp_status == Status.CANCELLED


def test_an_order_that_never_left_is_cancelled_without_reaching_the_erp(
    entity: LegalEntity, sandbox: ErpConnection
) -> None:
    order = issue(entity)
    assert outbox.cancel(effect_of(order).effect_key, reason="not needed any more")
    cancel(order)
    work(visits=2)
    assert tracking_of(order).erp_status == Status.CANCELLED
    assert SandboxOrder.objects.count() == 0


def test_an_order_already_cancelled_over_there_counts_as_cancelled(entity: LegalEntity, sandbox: ErpConnection) -> None:
    order = issue(entity)
    work()
    held = SandboxOrder.objects.get()
    books.cancel(sandbox, held.number or "", held.reference)
    cancel(order)
    work(visits=2)
    assert tracking_of(order).erp_status == Status.CANCELLED


def test_past_the_point_of_no_return_a_person_is_told(entity: LegalEntity, sandbox: ErpConnection) -> None:
    order = issue(entity)
    work()
    SandboxOrder.objects.update(state=SandboxOrder.State.RECEIVED)
    effect = cancel(order)
    work(visits=2)
    effect.refresh_from_db()
    assert effect.status == Effect.Status.REFUSED
    assert "return the goods" in tracking_of(order).problem
    assert tracking_of(order).erp_status != Status.CANCELLED
    assert SandboxOrder.objects.get().state == SandboxOrder.State.RECEIVED


def test_a_dial_is_used_up_by_the_calls_it_was_set_for(sandbox: ErpConnection) -> None:
    dials.turn(sandbox, Fault.DOWN, calls=2)
    assert [bool(dials.strike(sandbox, Fault.DOWN)) for _ in range(3)] == [True, True, False]
    dials.turn(sandbox, Fault.DOWN)
    assert all(dials.strike(sandbox, Fault.DOWN) for _ in range(3))
    dials.reset(sandbox)
    assert dials.strike(sandbox, Fault.DOWN) is None


def test_a_sandbox_request_inside_our_transaction_is_refused(sandbox: ErpConnection) -> None:
    from django.db import transaction

    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        books.find(sandbox, "PO-00001")
