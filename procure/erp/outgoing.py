"""An order of ours as an ERP gets it."""

from __future__ import annotations

from ledger import anchors
from procure.erp.connectors import kinds
from procure.erp.connectors.payloads import PurchaseOrder, PurchaseOrderLine
from procure.models.erp import ErpConnection
from procure.models.orders import Order


def purchase_order(order: Order, *, comment: str = "") -> PurchaseOrder:
    """The current version with its lines. `as_request()` of it is what the outbox takes for “order.create”."""
    version = order.versions.get(number=order.current_version)
    return PurchaseOrder(
        reference=order.reference,
        version=version.number,
        vendor=order.vendor.key,
        currency=order.currency,
        lines=tuple(
            PurchaseOrderLine(
                number=line.number,
                item=line.item.key if line.item else "",
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                delivery_date=line.delivery_date,
            )
            for line in version.lines.select_related("item").order_by("number")
        ),
        total=version.total,
        freight=version.freight,
        incoterm=version.incoterm,
        deliver_to=version.deliver_to,
        comment=comment,
    )


def ledger_line(order: Order) -> str:
    """Our newest checkpoint for the order's comment over there, where that kind of ERP has a place for one."""
    known = ErpConnection.objects.filter(entity=order.entity)
    default = known.filter(active=True, default=True).first()
    kind = default.kind if default else "" if known.exists() else "sandbox"  # as connections.of_order will choose
    connector = kinds().get(kind)
    return anchors.line(order.entity.log_id) if connector and connector.capabilities.comment_field else ""
