"""Compares our orders with what the ERP holds of them: number, state, total, every line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ledger.actors import Actor
from procure.erp import calls, connections
from procure.erp.connectors.base import CallContext, ErpConnector, OrderState
from procure.erp.connectors.errors import Missing
from procure.erp.connectors.payloads import OrderReadBack, PurchaseOrder
from procure.erp.discrepancies import Discrepancy, differences
from procure.erp.outgoing import purchase_order
from procure.models.erp import ExternalRef
from procure.models.orders import Order

ACTOR = Actor.system("erp reconciliation")
READ_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Reconciled:
    """One order on both sides. No discrepancies: they say the same to the last digit."""

    order: str
    connection: str
    external_number: str
    state: str
    discrepancies: tuple[Discrepancy, ...]

    @property
    def matches(self) -> bool:
        return not self.discrepancies


def reconcile(order: Order) -> Reconciled:
    """Reads the order back from its ERP, outside any transaction; changes nothing."""
    connection = connections.of_order(order.reference, entity=order.entity)
    ref = ExternalRef.objects.filter(
        connection=connection, kind=ExternalRef.Kind.ORDER, internal_key=order.reference
    ).first()
    if ref is None:
        return Reconciled(order.reference, connection.name, "", "absent", _absent(order))
    connector = connections.connector_of(connection)
    request = {"external_id": ref.external_id}
    with calls.recording(connection, verb="fetch", request=request, object_key=order.reference) as call:
        context = CallContext.within(READ_TIMEOUT, actor=ACTOR, correlation_id=f"reconcile:{order.reference}")
        try:
            held = connector.fetch(ref.external_id, context=context)
        except Missing:
            call.response = {"found": False}
            return Reconciled(order.reference, connection.name, ref.external_number, "absent", _absent(order))
        call.response = {"state": str(held.state), "number": held.external_number, "total": held.total}
    found = tuple(_compare(order, ref, held, connector))
    return Reconciled(order.reference, connection.name, held.external_number, str(held.state), found)


def _compare(order: Order, ref: ExternalRef, held: OrderReadBack, connector: ErpConnector) -> Iterator[Discrepancy]:
    if held.external_number != ref.external_number:
        yield Discrepancy("number", ref.external_number, held.external_number)
    cancelled_here, cancelled_there = order.status == Order.Status.CANCELLED, held.state == OrderState.CANCELLED
    if cancelled_here != cancelled_there or held.state == OrderState.DRAFT:
        yield Discrepancy("state", order.status, str(held.state))
    meant: PurchaseOrder = purchase_order(order)
    yield from differences(meant, held, unit_name=connector.unit_name)


def _absent(order: Order) -> tuple[Discrepancy, ...]:
    if order.status == Order.Status.CANCELLED:
        return ()
    return (Discrepancy("order", order.reference, ""),)
