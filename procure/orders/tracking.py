"""Where an order stands in the ERP. Called by the gateway when an answer is settled, inside its transaction."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ledger import clock, doorbell
from ledger.models import Effect
from procure import entries, queries
from procure.models import Order, OrderTracking, Requisition

Status = OrderTracking.Status


def _held(order_reference: str) -> tuple[Order, OrderTracking]:
    order = queries.order(order_reference)
    return order, OrderTracking.objects.select_for_update().get(order=order)


def confirmed(order_reference: str, *, external_id: str, external_number: str, effect: Effect) -> None:
    """The ERP has it. A cancellation that was asked for meanwhile goes on."""
    order, tracking = _held(order_reference)
    tracking.erp_external_id, tracking.erp_number = external_id, external_number
    tracking.confirmed_at, tracking.problem = clock.now(), ""
    if tracking.erp_status != Status.CANCELLING:
        tracking.erp_status = Status.CONFIRMED
    tracking.save()
    entries.erp_fact(
        "confirmed", order, effect=effect, data={"external_id": external_id, "external_number": external_number}
    )
    doorbell.ring(f"{order.reference} confirmed")


def refused(order_reference: str, *, reason: str, effect: Effect) -> None:
    """The ERP said no: the order stays visible with the reason until a person cancels or corrects it."""
    order, tracking = _held(order_reference)
    tracking.erp_status, tracking.problem = Status.REFUSED, reason
    tracking.save()
    entries.erp_fact("refused", order, effect=effect, data={"reason": reason[:500]})
    doorbell.ring(f"{order.reference} refused")


def unknown(order_reference: str, *, reason: str, effect: Effect) -> None:
    """Nobody can tell whether the ERP has it: a person decides."""
    order, tracking = _held(order_reference)
    tracking.erp_status, tracking.problem = Status.UNKNOWN, reason
    tracking.save()
    entries.erp_fact("unknown", order, effect=effect, data={"reason": reason[:500]})
    doorbell.ring(f"{order.reference} unknown")


def cancelled(order_reference: str, *, effect: Effect) -> None:
    """Cancelled in the ERP as well."""
    order, tracking = _held(order_reference)
    tracking.erp_status, tracking.problem = Status.CANCELLED, ""
    tracking.save()
    entries.erp_fact("cancelled", order, effect=effect, data={"external_id": tracking.erp_external_id})
    Requisition.objects.filter(pk=order.requisition_id, status=Requisition.Status.ORDERED).update(
        status=Requisition.Status.RAISED
    )
    doorbell.ring(f"{order.reference} cancelled")


def cancel_failed(order_reference: str, *, reason: str, effect: Effect) -> None:
    """The ERP would not cancel (already received, say): a person has to undo it there."""
    order, tracking = _held(order_reference)
    tracking.problem = _("The ERP did not cancel it: %s") % reason
    tracking.save(update_fields=["problem"])
    entries.erp_fact("refused", order, effect=effect, data={"reason": reason[:500]})
    doorbell.ring(f"{order.reference} not cancelled")
