"""Orders as tests send them, and orders of ours with their intent to the ERP."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from ledger import clock, outbox
from ledger.command import ObjectRef, digest
from ledger.importing import importing
from ledger.models import Effect, LegalEntity
from procure.erp import gateway
from procure.erp.connectors.payloads import PurchaseOrder, PurchaseOrderLine
from procure.erp.outgoing import purchase_order
from procure.models import Order, OrderLine, OrderTracking, OrderVersion
from vendors.models import Category, Item, Unit, Vendor


def make_order(reference: str, **changes: Any) -> PurchaseOrder:
    """Two lines and freight; both prices have four places and both amounts end at the cent."""
    lines = (
        PurchaseOrderLine(
            1, "ITM-0001", "Lamivudine/Zidovudine", Decimal(2000), "pack", Decimal("8.8005"), date(2027, 1, 15)
        ),
        PurchaseOrderLine(2, "ITM-0002", "Nevirapine", Decimal(300), "bottle", Decimal("2.3511")),
    )
    fields: dict[str, Any] = {
        "reference": reference,
        "version": 1,
        "vendor": "VEN-0001",
        "currency": "USD",
        "lines": lines,
        "freight": Decimal("120.45"),
        "incoterm": "CIP",
        "deliver_to": "NG",
        "comment": "entry 17 of procure.example/hq",
    } | changes
    order = PurchaseOrder(total=Decimal(0), **fields) if "total" not in fields else PurchaseOrder(**fields)
    return order if "total" in fields else PurchaseOrder(total=order.reckoned_total, **fields)


def issue(entity: LegalEntity, reference: str = "PO-00031") -> Order:
    """An issued order of ours with its intent to the ERP, as the handler leaves it behind."""
    meant = make_order(reference)
    with importing("tests", "0" * 64):
        order = Order.objects.create(
            reference=reference,
            entity=entity,
            vendor=_vendor(entity, meant.vendor),
            currency=meant.currency,
            issued_at=clock.now(),
        )
        version = OrderVersion.objects.create(
            order=order,
            number=1,
            total=meant.total,
            freight=meant.freight,
            incoterm=meant.incoterm,
            deliver_to=meant.deliver_to,
            issued_at=clock.now(),
        )
        for line in meant.lines:
            OrderLine.objects.create(
                version=version,
                number=line.number,
                item=_item(line.item, line.unit),
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                delivery_date=line.delivery_date,
            )
        OrderTracking.objects.create(order=order)
    intend(order, gateway.CREATE)
    return order


def cancel(order: Order) -> Effect:
    """Cancelled here, with the intent to cancel over there."""
    with importing("tests", "0" * 64):
        Order.objects.filter(pk=order.pk).update(status=Order.Status.CANCELLED)
    OrderTracking.objects.filter(order=order).update(erp_status=OrderTracking.Status.CANCELLING)
    return intend(order, gateway.CANCEL)


def intend(order: Order, purpose: str, *, version: int = 1) -> Effect:
    request = purchase_order(order).as_request() if purpose == gateway.CREATE else {"order": order.reference}
    with transaction.atomic():
        return outbox.put(
            entity=order.entity,
            sender="erp",
            purpose=purpose,
            effect_key=digest({"order": order.reference, "purpose": purpose, "version": version}),
            object=ObjectRef("order", order.reference),
            request=request,
        )


def effect_of(order: Order, purpose: str = gateway.CREATE) -> Effect:
    return Effect.objects.get(object_key=order.reference, purpose=purpose)


def tracking_of(order: Order) -> OrderTracking:
    return OrderTracking.objects.get(order=order)


def work(*, visits: int = 1, apart: timedelta = timedelta(hours=1)) -> None:
    """So many worker visits, each long enough after the one before that everything waiting is due."""
    for visit in range(visits):
        clock.shift(apart * (visit + 1))
        outbox.answer()


def _vendor(entity: LegalEntity, key: str) -> Vendor:
    fields = {"entity": entity, "name": key, "status": Vendor.Status.APPROVED, "created_at": clock.now()}
    return Vendor.objects.get_or_create(key=key, defaults=fields)[0]


def _item(key: str, unit: str) -> Item:
    category, _ = Category.objects.get_or_create(code="ARV", defaults={"name": "Antiretrovirals"})
    counted, _ = Unit.objects.get_or_create(code=unit, defaults={"name": unit})
    return Item.objects.get_or_create(key=key, defaults={"name": key, "category": category, "unit": counted})[0]
