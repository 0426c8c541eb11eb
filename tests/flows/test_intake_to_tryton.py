"""The main story against a real Tryton that has never heard of our suppliers and items."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger.models import LegalEntity
from procure.erp import credentials
from procure.erp.connectors.tryton import wire
from procure.models import ErpCall, ErpConnection
from tests.peers.tryton.server import DATA, Tryton
from tests.procure.erp.conftest import tryton_server

__all__ = ["tryton_server"]

pytestmark = [pytest.mark.tryton, pytest.mark.usefixtures("demo")]


@pytest.fixture
def connected(demo, tryton_server: Tryton, monkeypatch: pytest.MonkeyPatch) -> ErpConnection:
    """Orders go out as the service user, which may not make masters; the keeper of masters has a connection too."""
    wire._sessions.clear()
    entity = LegalEntity.objects.get()
    ErpConnection.objects.filter(entity=entity).update(default=False)
    kept: list[ErpConnection] = []
    for name, who, default in (("tryton", "user", True), ("tryton-masters", "keeper", False)):
        settings = tryton_server.settings | {"user": DATA[who]["login"], "freight_product": "FREIGHT-IN"}
        kept.append(
            ErpConnection.objects.create(
                entity=entity,
                name=name,
                kind="tryton",
                base_url=tryton_server.base_url,
                settings=settings,
                default=default,
            )
        )
        monkeypatch.setenv(credentials.variable_of(kept[-1]), DATA[who]["password"])
    return kept[0]


def answered(*command: str) -> Any:
    out = StringIO()
    call_command(*command, stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def counted(erp: Tryton) -> list[int]:
    return [
        erp.as_person(f"model.{each}.search_count", []) for each in ("product.product", "product.uom", "party.party")
    ]


def test_the_user_that_orders_may_not_make_masters_and_nothing_is_made(
    connected: ErpConnection, tryton_server: Tryton
) -> None:
    with pytest.raises(CommandError, match="does not have the right"):
        call_command("erp", "seed", "tryton-masters", "--actor=rita", stdout=StringIO())
    before = counted(tryton_server)
    with pytest.raises(CommandError, match="Tryton says"):
        call_command("erp", "seed", "tryton", "--actor=olga", "--item=ITM-0003", "--vendor=VEN-014", stdout=StringIO())
    assert counted(tryton_server) == before
    assert ErpCall.objects.get(connection=connected, verb="seed").outcome == ErpCall.Outcome.REFUSED


def test_the_story_ends_with_an_order_cancelled_in_tryton(connected: ErpConnection, tryton_server: Tryton) -> None:
    made = answered("erp", "seed", "tryton-masters", "--actor", "olga")
    assert made["parties"] > 20
    assert made["products"] > 100
    assert answered("erp", "seed", "tryton-masters", "--actor", "olga") == {"parties": 0, "units": 0, "products": 0}

    told = answered("scenario", "intake-to-order", "--erp", "tryton", "--json")
    assert told["problems"] == []
    [order] = told["erp"]["orders"]
    assert (order["state"], order["times_created"], order["discrepancies"]) == ("cancelled", 1, [])
    [held] = tryton_server.purchases(description=told["order"]["reference"])
    assert (held["state"], held["number"]) == ("cancelled", order["number"])
    assert not ErpCall.objects.filter(connection=connected, verb="seed").exists()
