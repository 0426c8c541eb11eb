"""Gives an ERP the suppliers and items that it lacks. Only when somebody asks for it by name; orders never do."""

from __future__ import annotations

from collections.abc import Iterable

from ledger import rights
from ledger.actors import Actor
from procure.erp import calls
from procure.erp.connections import connector_of
from procure.erp.connectors.base import CallContext, Masters, Party, Product
from procure.models.erp import ErpConnection
from vendors.models import Item, Vendor

TIMEOUT = 120.0


def seed(
    connection: ErpConnection, *, vendors: Iterable[Vendor], items: Iterable[Item], actor: Actor
) -> dict[str, int]:
    """Returns how many of each were made; what is there already is left as it is."""
    rights.require(actor, "erp.configure")
    masters = Masters(
        parties=tuple(Party(each.key, each.name) for each in vendors),
        products=tuple(Product(each.key, each.name, each.unit.code) for each in items),
    )
    asked = {"vendors": [each.key for each in masters.parties], "items": [each.key for each in masters.products]}
    with calls.recording(connection, verb="seed", request=asked) as call:
        context = CallContext.within(TIMEOUT, actor=actor, correlation_id=f"seed:{connection.name}")
        made = connector_of(connection).make_masters(masters, context=context)
        call.response = dict(made)
    return made
