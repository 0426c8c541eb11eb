"""What only a real Tryton can show: its states, its users, its lock, and a line that is cut after it did the work."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledger import clock, outbox
from ledger.actors import Actor
from ledger.models import Effect, LegalEntity
from procure.erp import connections, credentials
from procure.erp.connectors.base import CallContext, OrderState
from procure.erp.connectors.errors import (
    Ambiguous,
    Changed,
    Conflict,
    NotAllowedOut,
    Rejected,
    SignInRefused,
    TooLate,
    Transient,
)
from procure.erp.connectors.tryton import wire
from procure.erp.reconciliation import reconcile
from procure.models import ErpCall, ErpConnection, OrderTracking
from tests.peers.tryton.server import Tryton
from tests.procure.erp.orders import cancel, effect_of, issue, make_order, tracking_of, work
from tests.procure.erp.proxy import CuttingProxy

pytestmark = [pytest.mark.django_db, pytest.mark.tryton]
PURCHASE = "model.purchase.purchase"


@pytest.fixture(autouse=True)
def _signed_out() -> None:
    wire._sessions.clear()


@pytest.fixture
def default(tryton: ErpConnection) -> ErpConnection:
    ErpConnection.objects.update(default=True)
    return tryton


def through(proxy: CuttingProxy, connection: ErpConnection) -> None:
    connection.base_url = proxy.url
    connection.save(update_fields=["base_url"])


def test_an_order_goes_from_our_outbox_into_tryton_and_is_cancelled_there(
    entity: LegalEntity, default: ErpConnection, tryton_server: Tryton
) -> None:
    order = issue(entity, "PO-10001")
    work()
    tracking = tracking_of(order)
    [held] = tryton_server.purchases(description="PO-10001")
    assert tracking.erp_status == OrderTracking.Status.CONFIRMED
    assert (tracking.erp_number, held["state"]) == (held["number"], "confirmed")
    assert held["untaxed_amount"] == {"__class__": "Decimal", "decimal": "18426.78"}
    assert reconcile(order).matches
    cancel(order)
    order.refresh_from_db()
    work(visits=2)
    [held] = tryton_server.purchases(description="PO-10001")
    assert held["state"] == "cancelled"
    assert tracking_of(order).erp_status == OrderTracking.Status.CANCELLED
    assert reconcile(order).matches


@pytest.mark.parametrize("cut_at", ["purchase.create", "purchase.quote", "purchase.confirm"])
def test_cut_off_after_tryton_did_the_work_it_is_asked_and_the_order_finished(
    entity: LegalEntity, default: ErpConnection, tryton_server: Tryton, proxy: CuttingProxy, cut_at: str
) -> None:
    reference = f"PO-1{abs(hash(cut_at)) % 10000:04d}"
    through(proxy, default)
    proxy.cut = lambda request: f"{PURCHASE.removesuffix('purchase')}{cut_at}".encode() in request
    order = issue(entity, reference)
    work()
    assert tracking_of(order).erp_status == OrderTracking.Status.PENDING
    assert ErpCall.objects.get(verb="create").outcome == ErpCall.Outcome.UNKNOWN
    work(visits=3, apart=timedelta(hours=2))
    [held] = tryton_server.purchases(description=reference)
    assert held["state"] == "confirmed"
    assert tracking_of(order).erp_number == held["number"]
    assert proxy.requests(f"{PURCHASE}.create") == 1


def test_soon_after_a_cut_absence_is_not_believed(
    entity: LegalEntity, default: ErpConnection, proxy: CuttingProxy, tryton_server: Tryton
) -> None:
    through(proxy, default)
    proxy.cut = lambda request: b"purchase.create" in request
    order = issue(entity, "PO-10002")
    outbox.answer()
    [held] = tryton_server.purchases(description="PO-10002")
    tryton_server.as_person(f"{PURCHASE}.cancel", [held["id"]])
    tryton_server.as_person(f"{PURCHASE}.write", [held["id"]], {"reference": "moved away"})
    clock.shift(timedelta(seconds=20))
    outbox.answer()
    assert effect_of(order).status == Effect.Status.WAITING
    assert "still be working" in effect_of(order).last_error
    assert proxy.requests(f"{PURCHASE}.create") == 1


def test_a_cut_during_the_cancellation_ends_cancelled(
    entity: LegalEntity, default: ErpConnection, tryton_server: Tryton, proxy: CuttingProxy
) -> None:
    through(proxy, default)
    order = issue(entity, "PO-10003")
    work()
    cancel(order)
    proxy.cut = lambda request: b"purchase.draft" in request
    work(visits=4)
    [held] = tryton_server.purchases(description="PO-10003")
    assert held["state"] == "cancelled"
    assert tracking_of(order).erp_status == OrderTracking.Status.CANCELLED


def test_a_wrong_password_is_tried_once_and_says_what_to_do(
    entity: LegalEntity, default: ErpConnection, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    through(proxy, default)
    good, wrong = credentials.password(default), "not-the-password"
    monkeypatch.setenv(credentials.variable_of(default), wrong)
    order = issue(entity, "PO-10004")
    work(visits=4)
    assert proxy.requests("common.db.login") == 1
    assert "manage.py erp check tryton" in effect_of(order).last_error
    assert tracking_of(order).erp_status == OrderTracking.Status.PENDING
    default.refresh_from_db()
    with pytest.raises(SignInRefused):
        connections.check(default, actor=Actor.system("tests"))
    assert proxy.requests("common.db.login") == 2
    monkeypatch.setenv(credentials.variable_of(default), good)
    assert connections.check(default, actor=Actor.system("tests")) == "Tryton 8.2"
    work(visits=6, apart=timedelta(hours=2))
    assert tracking_of(order).erp_status == OrderTracking.Status.CONFIRMED
    kept = "".join(str(call.request) + str(call.response) + call.detail for call in ErpCall.objects.all())
    assert good not in kept
    assert wrong not in kept


def test_one_sign_in_serves_many_calls_and_a_closed_session_is_opened_once(
    tryton: ErpConnection, proxy: CuttingProxy, context: CallContext
) -> None:
    through(proxy, tryton)
    connector = connections.connector_of(tryton)
    connector.create_order(make_order("PO-10005"), key="PO-10005-ONE", context=context)
    assert proxy.requests("common.db.login") == 1
    key, session = next(iter(wire._sessions.items()))
    wire._sessions[key] = wire.Session("Session bm90OjE6b3Blbg==", session.preferences)
    assert connector.find_by_key("PO-10005-ONE", context=context)
    assert proxy.requests("common.db.login") == 2


def test_when_tryton_is_stopped_nothing_counts_as_sent(tryton: ErpConnection, entity: LegalEntity) -> None:
    ErpConnection.objects.update(default=True, base_url="http://127.0.0.1:9")
    order = issue(entity, "PO-10006")
    work()
    assert effect_of(order).status == Effect.Status.WAITING
    assert "nothing was sent" in effect_of(order).last_error
    assert outbox.cancel(effect_of(order).effect_key, reason="proves that it surely never left")


def test_past_processing_there_is_no_way_back(
    tryton: ErpConnection, tryton_server: Tryton, context: CallContext
) -> None:
    connector = connections.connector_of(tryton)
    made = connector.create_order(make_order("PO-10007"), key="PO-10007-LATE", context=context)
    tryton_server.as_person(f"{PURCHASE}.process", [int(made.external_id)])
    with pytest.raises(TooLate, match="credit note"):
        connector.cancel_order(made.external_id, key="PO-10007-LATE", context=context)
    found = connector.find_by_key("PO-10007-LATE", context=context)
    assert found
    assert found.state == OrderState.FIXED


def test_an_edit_made_in_tryton_is_found(entity: LegalEntity, default: ErpConnection, tryton_server: Tryton) -> None:
    order = issue(entity, "PO-10008")
    work()
    [held] = tryton_server.purchases(description="PO-10008")
    tryton_server.as_person(f"{PURCHASE}.draft", [held["id"]])
    lines = tryton_server.as_person(
        "model.purchase.line.search", [["purchase", "=", held["id"]]], 0, 1, [["sequence", "ASC"]]
    )
    price = {"__class__": "Decimal", "decimal": "8.8010"}
    tryton_server.as_person("model.purchase.line.write", lines, {"unit_price": price, "quantity": 1999})
    found = {each.field: (each.ours, each.theirs) for each in reconcile(order).discrepancies}
    assert found["line 1 unit price"] == ("8.8005", "8.8010")
    assert found["state"] == ("issued", "draft")
    assert found.keys() == {"state", "total", "line 1 quantity", "line 1 unit price"}


def test_a_draft_that_differs_is_cancelled_and_never_confirmed(
    tryton: ErpConnection, tryton_server: Tryton, proxy: CuttingProxy, context: CallContext
) -> None:
    through(proxy, tryton)
    connector = connections.connector_of(tryton)
    proxy.cut = lambda request: b"purchase.create" in request
    with pytest.raises(Ambiguous):
        connector.create_order(make_order("PO-10009"), key="PO-10009-DIFF", context=context)
    changed = make_order("PO-10009", freight=Decimal("99.00"))
    with pytest.raises(Conflict, match="freight"):
        connector.create_order(changed, key="PO-10009-DIFF", context=context)
    [held] = tryton_server.purchases(reference="PO-10009-DIFF")
    assert held["state"] == "cancelled"


def test_what_somebody_changes_at_the_same_moment_is_not_made_binding(
    tryton: ErpConnection, tryton_server: Tryton, proxy: CuttingProxy, context: CallContext
) -> None:
    through(proxy, tryton)

    def meddle(request: bytes) -> None:
        if b"purchase.quote" in request:
            [draft] = tryton_server.purchases(reference="PO-10010-LOCK")
            tryton_server.as_person(f"{PURCHASE}.write", [draft["id"]], {"comment": "Changed by hand."})

    proxy.before = meddle
    with pytest.raises(Changed):
        connections.connector_of(tryton).create_order(make_order("PO-10010"), key="PO-10010-LOCK", context=context)
    [held] = tryton_server.purchases(reference="PO-10010-LOCK")
    assert held["state"] == "draft"


def test_once_a_draft_is_there_no_failure_says_that_nothing_was_sent(
    tryton: ErpConnection, context: CallContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = wire.Wire.call

    def busy(self: wire.Wire, method: str, *params: object, **options: Any) -> object:
        if method.endswith(".quote"):
            raise Transient
        return call(self, method, *params, **options)

    monkeypatch.setattr(wire.Wire, "call", busy)
    with pytest.raises(Ambiguous):
        connections.connector_of(tryton).create_order(make_order("PO-10015"), key="PO-10015-BUSY", context=context)


def test_an_amount_that_tryton_would_round_is_refused_before_anything_is_made(
    tryton: ErpConnection, tryton_server: Tryton, context: CallContext
) -> None:
    order = make_order("PO-10011")
    odd = replace(order.lines[1], quantity=Decimal(3))
    order = replace(order, lines=(order.lines[0], odd))
    order = replace(order, total=order.reckoned_total)
    with pytest.raises(Rejected, match="would round"):
        connections.connector_of(tryton).create_order(order, key="PO-10011-ROUND", context=context)
    assert tryton_server.purchases(reference="PO-10011-ROUND") == []


@pytest.mark.parametrize(
    ("change", "said"),
    [({"vendor": "VEN-9999"}, "VEN-9999"), ({"currency": "XTS"}, "XTS")],
)
def test_what_tryton_does_not_know_is_named(
    tryton: ErpConnection, context: CallContext, change: dict[str, str], said: str
) -> None:
    with pytest.raises(Rejected, match=said):
        connections.connector_of(tryton).validate(make_order("PO-10012", **change), context=context)


def test_names_may_differ_when_the_settings_say_so(
    tryton: ErpConnection, tryton_server: Tryton, context: CallContext
) -> None:
    tryton.settings |= {"vendors": {"VEN-0077": "VEN-0002"}, "units": {"pk": "pack"}}
    order = make_order("PO-10013", vendor="VEN-0077")
    order = replace(order, lines=(replace(order.lines[0], unit="pk"), order.lines[1]))
    connector = connections.connector_of(tryton)
    made = connector.create_order(order, key="PO-10013-NAMES", context=context)
    assert connector.fetch(made.external_id, context=context).vendor == "VEN-0077"


def test_the_service_user_may_not_process_what_it_orders(tryton: ErpConnection, context: CallContext) -> None:
    connector = connections.connector_of(tryton)
    made = connector.create_order(make_order("PO-10014"), key="PO-10014-LEAST", context=context)
    with pytest.raises(Rejected, match="not allowed"):
        connector.wire.call(f"{PURCHASE}.process", [int(made.external_id)], context=context, writes=True)  # type: ignore[attr-defined]


def test_no_other_path_can_be_called(tryton: ErpConnection, context: CallContext) -> None:
    with pytest.raises(NotAllowedOut):
        connections.connector_of(tryton).wire.egress.post(  # type: ignore[attr-defined]
            "/other/rpc/", body=b"{}", headers={}, context=context, writes=False
        )
