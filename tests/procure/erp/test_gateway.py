"""The gateway's own promises: limits, holds, switched-off connections, people's questions, records without secrets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger import outbox
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed
from ledger.models import Effect, EntryObject, LegalEntity, Person
from ledger.outbox import Outcome
from procure.erp import calls, connections, gateway, keys, names
from procure.erp.connectors.base import CallContext, OrderState, WriteResult
from procure.erp.connectors.errors import Conflict, NeedsHuman, NotAllowedOut, SignInRefused
from procure.erp.connectors.payloads import PurchaseOrder
from procure.erp.connectors.sandbox import dials
from procure.erp.connectors.sandbox.connector import SandboxConnector
from procure.erp.connectors.sandbox.dials import Fault
from procure.models import ErpCall, ErpConnection, ExternalRef, OrderTracking, SandboxJournal, SandboxOrder
from tests.procure.erp.orders import cancel, effect_of, intend, issue, make_order, tracking_of, work

pytestmark = pytest.mark.django_db


def test_a_tenant_without_any_connection_orders_from_its_own_sandbox(entity: LegalEntity) -> None:
    order = issue(entity)
    work()
    assert ErpConnection.objects.get().kind == "sandbox"
    assert tracking_of(order).erp_status == OrderTracking.Status.CONFIRMED


def test_with_connections_but_no_default_the_order_waits_for_a_choice(
    entity: LegalEntity, sandbox: ErpConnection
) -> None:
    ErpConnection.objects.update(default=False)
    order = issue(entity)
    work()
    assert effect_of(order).status == Effect.Status.WAITING
    assert "choose one" in effect_of(order).last_error
    assert SandboxJournal.objects.count() == 0


def test_the_calls_per_minute_are_kept(entity: LegalEntity, sandbox: ErpConnection) -> None:
    ErpConnection.objects.update(settings={"calls_per_minute": 2})
    orders = [issue(entity, f"PO-0004{number}") for number in range(3)]
    outbox.answer()
    sent = [effect_of(order).status for order in orders]
    assert sent == [Effect.Status.CONFIRMED, Effect.Status.CONFIRMED, Effect.Status.WAITING]
    work(visits=2)
    assert SandboxOrder.objects.count() == 3


def test_every_call_is_written_down_with_its_end(entity: LegalEntity, sandbox: ErpConnection) -> None:
    order = issue(entity)
    work()
    call = ErpCall.objects.get(verb="create")
    assert (call.outcome, call.object_key) == (ErpCall.Outcome.ANSWERED, order.reference)
    assert call.request["total"] == "18426.7800"
    assert call.response["external_number"] == tracking_of(order).erp_number
    assert call.ended_at is not None


def test_a_refused_sign_in_is_not_repeated_until_somebody_tried_it(
    entity: LegalEntity, sandbox: ErpConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def refuse(self: SandboxConnector, context: CallContext) -> None:
        tries.append(context.correlation_id)
        raise SignInRefused

    reach = SandboxConnector._reach
    monkeypatch.setattr(SandboxConnector, "_reach", refuse)
    order = issue(entity)
    work(visits=4)
    assert len(tries) == 1
    assert effect_of(order).status == Effect.Status.WAITING
    assert "erp check" in effect_of(order).last_error
    monkeypatch.setattr(SandboxConnector, "_reach", reach)
    connections.check(sandbox, actor=Actor.system("tests"))
    work(visits=6)
    assert tracking_of(order).erp_status == OrderTracking.Status.CONFIRMED


def test_a_question_of_the_erp_goes_to_a_person_and_is_not_sent_again(
    entity: LegalEntity, sandbox: ErpConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(self: SandboxConnector, order: PurchaseOrder, *, key: str, context: CallContext) -> WriteResult:
        asked.append(key)
        raise NeedsHuman("The ERP asks a person: taxes differ.")

    draft = WriteResult("7", "", OrderState.DRAFT)
    monkeypatch.setattr(SandboxConnector, "create_order", ask)
    monkeypatch.setattr(SandboxConnector, "find_by_key", lambda self, key, *, context: draft)
    order = issue(entity)
    work(visits=4)
    assert len(asked) == 1
    assert effect_of(order).status == Effect.Status.UNKNOWN
    assert "taxes differ" in tracking_of(order).problem


def test_an_order_cancelled_over_there_before_its_answer_came_back_is_refused(
    entity: LegalEntity, sandbox: ErpConnection
) -> None:
    dials.turn(sandbox, Fault.ACCEPTED_THEN_TIMEOUT, calls=1)
    order = issue(entity)
    work()
    SandboxOrder.objects.update(state=SandboxOrder.State.CANCELLED)
    work(visits=3)
    assert tracking_of(order).erp_status == OrderTracking.Status.REFUSED
    assert SandboxJournal.objects.filter(verb="create").count() == 1


def test_what_a_person_confirms_must_say_which_order_it_is(entity: LegalEntity, ben: Person) -> None:
    order = issue(entity)
    Effect.objects.update(status=Effect.Status.UNKNOWN)
    effect = effect_of(order)
    with pytest.raises(Conflict):
        outbox.resolve(effect, outcome=Outcome("confirmed"), actor=Actor.human(ben))
    assert effect_of(order).status == Effect.Status.UNKNOWN


def test_absence_says_little_while_an_earlier_call_may_still_be_at_work(
    entity: LegalEntity, sandbox: ErpConnection
) -> None:
    dials.turn(sandbox, Fault.ACCEPTED_THEN_TIMEOUT, calls=1)
    order = issue(entity)
    outbox.answer()
    with pytest.raises(Exception, match="still be working"):
        calls.check_settled(effect_of(order).effect_key, "create", within=timedelta(seconds=60))
    calls.check_settled(effect_of(order).effect_key, "create", within=timedelta(0))


def test_keys_are_stable_short_and_told_apart() -> None:
    first = keys.receiver_key("a" * 64, reference="PO-00031", length=60)
    assert first == keys.receiver_key("a" * 64, reference="PO-00031", length=60)
    assert first != keys.receiver_key("b" * 64, reference="PO-00031", length=60)
    assert first.startswith("PO-00031-")
    assert len(keys.receiver_key("a" * 64, reference="PO-00031", length=12)) == 12


def test_a_request_survives_the_way_through_json_exactly() -> None:
    order = make_order("PO-00050")
    assert PurchaseOrder.from_request(order.as_request()) == order


def test_a_total_is_rounded_once_and_half_up(entity: LegalEntity, sandbox: ErpConnection, context: CallContext) -> None:
    line = replace(make_order("PO-00052").lines[0], quantity=Decimal("0.5"), unit_price=Decimal("0.0099"))
    order = make_order("PO-00052", lines=(line,), freight=Decimal("0.01"))
    assert order.total == Decimal("0.01")
    made = connections.connector_of(sandbox).create_order(order, key="PO-00052-ROUND", context=context)
    assert made.state == OrderState.OPEN


def test_a_changed_order_is_cancelled_under_the_key_it_left_with(entity: LegalEntity, sandbox: ErpConnection) -> None:
    order = issue(entity)
    assert outbox.cancel(effect_of(order).effect_key, reason="superseded by a change")
    changed = intend(order, gateway.CREATE, version=2)
    work()
    assert changed.effect_key != Effect.objects.order_by("pk")[0].effect_key
    cancel(order)
    work(visits=2)
    assert [each.state for each in SandboxOrder.objects.all()] == [SandboxOrder.State.CANCELLED]
    assert tracking_of(order).erp_status == OrderTracking.Status.CANCELLED


def test_a_float_amount_never_reaches_an_erp() -> None:
    request = make_order("PO-00051").as_request() | {"total": 18426.78}
    with pytest.raises(InvalidInput, match="float"):
        PurchaseOrder.from_request(request)


def test_one_external_id_never_means_two_orders(sandbox: ErpConnection) -> None:
    names.learn(sandbox, "order", "PO-00001", external_id="7")
    with pytest.raises(Conflict):
        names.learn(sandbox, "order", "PO-00002", external_id="7")
    assert ExternalRef.objects.get().internal_key == "PO-00001"


def test_only_administrators_change_connections_and_it_is_recorded(
    entity: LegalEntity, sandbox: ErpConnection, ben: Person, olga: Person
) -> None:
    new = ErpConnection(entity=entity, name="real", kind="tryton", base_url="https://erp.example", default=True)
    with pytest.raises(NotAllowed):
        connections.change(new, actor=Actor.human(ben))
    assert ErpConnection.objects.count() == 1
    connections.change(new, actor=Actor.human(olga))
    assert ErpConnection.objects.get(default=True).name == "real"
    assert EntryObject.objects.filter(kind="erp_connection", key="real").exists()


@pytest.mark.parametrize(
    "address",
    ["http://erp.example", "https://user:word@erp.example", "ftp://erp.example", "https://erp.example?x=1", ""],
)
def test_an_address_that_would_give_secrets_away_is_refused(entity: LegalEntity, olga: Person, address: str) -> None:
    new = ErpConnection(entity=entity, name="real", kind="tryton", base_url=address)
    with pytest.raises(NotAllowedOut):
        connections.change(new, actor=Actor.human(olga))
    assert ErpConnection.objects.count() == 0


def test_the_gateway_is_the_outbox_sender_named_erp() -> None:
    from ledger import senders

    assert senders.get("erp") is gateway.sender
