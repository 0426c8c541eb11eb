"""Where an order stands in the ERP. Called by the gateway when an answer is settled, inside its transaction."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ledger import anchors, clock, doorbell
from ledger.models import Effect
from procure import entries, queries
from procure.models import ErpConnection, Order, OrderTracking

Status = OrderTracking.Status
#: A late answer about making the order does not hide that it is being cancelled.
ENDING = (Status.CANCELLING, Status.CANCELLED)
CREATE, CHANGE, CANCEL = "order.create", "order.change", "order.cancel"


def _held(order_reference: str) -> tuple[Order, OrderTracking]:
    order = queries.order(order_reference)
    return order, OrderTracking.objects.select_for_update().get(order=order)


def confirmed(
    order_reference: str, *, external_id: str, external_number: str, effect: Effect, connection: ErpConnection
) -> None:
    """The ERP has it. A cancellation that was asked for meanwhile goes on."""
    order, tracking = _held(order_reference)
    tracking.erp_external_id, tracking.erp_number = external_id, external_number
    tracking.confirmed_at, tracking.problem = clock.now(), ""
    if tracking.erp_status == Status.CANCELLED:
        tracking.problem = _("The ERP confirmed it after it was cancelled here. Undo it there by hand.")
    elif tracking.erp_status != Status.CANCELLING:
        tracking.erp_status = Status.CONFIRMED
    tracking.save()
    entries.erp_fact(
        "confirmed",
        order,
        effect=effect,
        data={"external_id": external_id, "external_number": external_number, "connection": connection.name},
    )
    if checkpoint := anchors.of_line(effect.request.get("comment", "")):
        anchors.confirm(checkpoint, anchor="erp", reference=external_number or external_id)
    doorbell.ring(f"{order.reference} confirmed")


def refused(order_reference: str, *, detail: str, effect: Effect, connection: ErpConnection) -> None:
    """The ERP said no: the order stays visible with the reason until a person acts on it."""
    order, tracking = _held(order_reference)
    if effect.purpose == CANCEL:
        tracking.problem = _("The ERP did not cancel it: %s. Undo it there by hand.") % detail
    else:
        tracking.problem = detail
        if tracking.erp_status not in ENDING:
            tracking.erp_status = Status.REFUSED
    tracking.save()
    entries.erp_fact("refused", order, effect=effect, data={"reason": detail[:500], "connection": connection.name})
    doorbell.ring(f"{order.reference} refused")


def unknown(order_reference: str, *, detail: str, effect: Effect, connection: ErpConnection) -> None:
    """Nobody can tell what the ERP did: a person looks there and decides."""
    order, tracking = _held(order_reference)
    if effect.purpose == CREATE and tracking.erp_status not in ENDING:
        tracking.erp_status = Status.UNKNOWN
    tracking.problem = detail
    tracking.save()
    entries.erp_fact("unknown", order, effect=effect, data={"reason": detail[:500], "connection": connection.name})
    doorbell.ring(f"{order.reference} unknown")


def cancelled(order_reference: str, *, effect: Effect, connection: ErpConnection) -> None:
    """Cancelled in the ERP as well."""
    order, tracking = _held(order_reference)
    tracking.erp_status, tracking.problem = Status.CANCELLED, ""
    tracking.save()
    entries.erp_fact(
        "cancelled",
        order,
        effect=effect,
        data={"external_id": tracking.erp_external_id, "connection": connection.name},
    )
    doorbell.ring(f"{order.reference} cancelled")
