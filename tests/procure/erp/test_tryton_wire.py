"""Tryton's JSON-RPC read as it is meant, with a stand-in for the network: errors hide behind status 200."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2 as httpx
import pytest

from ledger.errors import InvalidInput, Misconfigured
from ledger.models import LegalEntity
from procure.erp import credentials
from procure.erp.connectors.base import CallContext
from procure.erp.connectors.errors import (
    Ambiguous,
    Broken,
    Changed,
    ErpError,
    Forbidden,
    NeedsHuman,
    Rejected,
    SessionExpired,
    Transient,
)
from procure.erp.connectors.tryton import wire
from procure.erp.connectors.tryton.wire import Wire
from procure.models import ErpConnection

pytestmark = pytest.mark.django_db
Answer = Callable[[dict[str, Any]], httpx.Response]


@pytest.fixture
def make_wire(entity: LegalEntity, monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], Wire]:
    """A wire to a server that signs everybody in and answers every other call as told."""
    wire._sessions.clear()
    connection = ErpConnection(
        entity=entity,
        name="mock",
        kind="tryton",
        base_url="https://erp.example",
        settings={"database": "d", "user": "u"},
    )
    monkeypatch.setenv(credentials.variable_of(connection), "secret-word")

    def make(answer: Answer) -> Wire:
        def serve(request: httpx.Request) -> httpx.Response:
            asked = json.loads(request.content)
            if asked["method"] == "common.db.login":
                return httpx.Response(200, json={"id": 1, "result": [2, "token", None]})
            if asked["method"] == "model.res.user.get_preferences":
                return httpx.Response(200, json={"id": 1, "result": {"company": 1}})
            return answer(asked)

        return Wire(connection, transport=httpx.MockTransport(serve))

    return make


def error(*parts: Any) -> httpx.Response:
    return httpx.Response(200, json={"id": 1, "error": list(parts)})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (error("UserError", ["No party", "", None]), Rejected),
        (error("UserWarning", ["w1", "Taxes differ.", "Really?"]), NeedsHuman),
        (error("ConcurrencyException", "Records were modified"), Changed),
        (error("'nonsense'", "Traceback"), Broken),
        (httpx.Response(500, text="oops"), Ambiguous),
        (httpx.Response(502), Ambiguous),
        (httpx.Response(503), Transient),
        (httpx.Response(403), Forbidden),
        (httpx.Response(302, headers={"Location": "https://evil.example"}), Rejected),
        (httpx.Response(200, text="<html>"), Ambiguous),
        (httpx.Response(401), SessionExpired),
    ],
)
def test_every_failure_of_a_write_has_its_own_name(
    make_wire: Callable[[Answer], Wire], context: CallContext, answer: httpx.Response, expected: type[ErpError]
) -> None:
    with pytest.raises(ErpError) as raised:
        make_wire(lambda asked: answer).call("model.purchase.purchase.create", [], context=context, writes=True)
    assert type(raised.value) is expected


def test_a_read_without_an_answer_may_simply_be_repeated(
    make_wire: Callable[[Answer], Wire], context: CallContext
) -> None:
    def silence(asked: dict[str, Any]) -> httpx.Response:
        raise httpx.ReadTimeout("silence")

    with pytest.raises(Transient):
        make_wire(silence).call("model.purchase.purchase.read", [1], context=context)
    with pytest.raises(Ambiguous):
        make_wire(silence).call("model.purchase.purchase.create", [], context=context, writes=True)


def test_the_wait_the_server_asks_for_is_kept(make_wire: Callable[[Answer], Wire], context: CallContext) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "90"})
    with pytest.raises(Transient) as raised:
        make_wire(lambda asked: busy).call("model.purchase.purchase.create", [], context=context, writes=True)
    assert raised.value.retry_after == timedelta(seconds=90)


def test_a_warning_is_never_skipped(make_wire: Callable[[Answer], Wire], context: CallContext) -> None:
    sent: list[dict[str, Any]] = []

    def warn(asked: dict[str, Any]) -> httpx.Response:
        sent.append(asked)
        return error("UserWarning", ["w1", "Taxes differ.", ""])

    with pytest.raises(NeedsHuman, match="Taxes differ"):
        make_wire(warn).call("model.purchase.purchase.confirm", [1], context=context, writes=True)
    assert len(sent) == 1
    assert sent[0]["params"][-1] == {"company": 1}


def test_money_crosses_the_wire_to_the_last_digit(make_wire: Callable[[Answer], Wire], context: CallContext) -> None:
    seen: list[Any] = []

    def echo(asked: dict[str, Any]) -> httpx.Response:
        seen.append(asked["params"][0])
        return httpx.Response(200, json={"id": 1, "result": asked["params"][0]})

    amount = Decimal("99999999999.9999")
    assert make_wire(echo).call("model.echo", amount, context=context) == amount
    assert seen == [{"__class__": "Decimal", "decimal": "99999999999.9999"}]
    number = make_wire(lambda asked: httpx.Response(200, text='{"result": 0.1}')).call("model.echo", context=context)
    assert number == Decimal("0.1")


def test_a_quantity_that_a_float_would_bend_is_refused() -> None:
    assert wire.number(Decimal("2000.0000")) == 2000
    assert wire.number(Decimal("2.5")) == 2.5
    with pytest.raises(InvalidInput):
        wire.number(Decimal("12345678901234567.5"))


def test_without_time_left_nothing_is_sent(make_wire: Callable[[Answer], Wire], context: CallContext) -> None:
    late = CallContext(context.actor, "late", ends_at=0.0)
    with pytest.raises(Transient, match="no time left"):
        make_wire(lambda asked: error("UserError", ["reached", "", None])).call("model.x", context=late, writes=True)


def test_a_connection_without_its_user_says_so(entity: LegalEntity) -> None:
    with pytest.raises(Misconfigured, match="database"):
        Wire(ErpConnection(entity=entity, name="mock", kind="tryton", base_url="https://erp.example"))


def test_only_listed_hosts_are_called_when_there_is_a_list(
    make_wire: Callable[[Answer], Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCURE_ERP_HOSTS", "other.example")
    with pytest.raises(ErpError, match="PROCURE_ERP_HOSTS"):
        make_wire(lambda asked: httpx.Response(200))
