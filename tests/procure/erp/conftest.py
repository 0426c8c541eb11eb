"""The two ERPs that every connector test runs against: the sandbox in process, and a real Tryton beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ledger.actors import Actor
from ledger.models import LegalEntity
from procure.erp import connections, credentials, registration
from procure.erp.connectors.base import CallContext, ErpConnector
from procure.models import ErpConnection, SandboxOrder
from tests.peers.tryton import server
from tests.procure.erp.proxy import CuttingProxy


@pytest.fixture(autouse=True)
def _gateway_is_registered() -> None:
    registration.register()


@pytest.fixture
def sandbox(entity: LegalEntity) -> ErpConnection:
    return connections.open_sandbox(entity=entity)


@pytest.fixture(scope="session")
def tryton_server() -> Iterator[server.Tryton]:
    if reason := server.missing():
        pytest.fail(reason) if os.environ.get("STRICT") == "1" else pytest.skip(reason)
    with server.running() as running:
        yield running


@pytest.fixture
def tryton(entity: LegalEntity, tryton_server: server.Tryton, monkeypatch: pytest.MonkeyPatch) -> ErpConnection:
    """A connection to a running Tryton as its least-privileged service user."""
    connection = ErpConnection.objects.create(
        entity=entity, name="tryton", kind="tryton", base_url=tryton_server.base_url, settings=tryton_server.settings
    )
    monkeypatch.setenv(credentials.variable_of(connection), tryton_server.password)
    return connection


@dataclass(frozen=True)
class Peer:
    """One ERP under test: a connection to it, and what it says itself when asked past our connector."""

    connection: ErpConnection
    live_orders: Callable[[str], list[Any]]

    @property
    def connector(self) -> ErpConnector:
        return connections.connector_of(self.connection)


@pytest.fixture(params=["sandbox", pytest.param("tryton", marks=pytest.mark.tryton)])
def peer(request: pytest.FixtureRequest) -> Peer:
    connection = request.getfixturevalue(request.param)
    if request.param == "sandbox":
        return Peer(connection, lambda key: list(SandboxOrder.objects.filter(reference=key, state="open")))
    erp = request.getfixturevalue("tryton_server")
    return Peer(connection, lambda key: [each for each in erp.purchases(reference=key) if each["state"] == "confirmed"])


@pytest.fixture
def context() -> CallContext:
    return CallContext.within(30, actor=Actor.system("tests"), correlation_id="tests")


@pytest.fixture
def proxy(tryton_server: server.Tryton) -> Iterator[CuttingProxy]:
    with CuttingProxy(tryton_server.port) as running:
        yield running
