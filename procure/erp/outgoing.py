"""An order of ours as an ERP gets it."""

from __future__ import annotations

from procure.erp.connectors.payloads import PurchaseOrder, PurchaseOrderLine
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
