"""Delivered lines of the SCMS history: of suppliers, and issues from the regional warehouse."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ledger.models import LegalEntity
from procure.demo.scms.dataset import WAREHOUSE, Row, Shift, country_codes, number, rows
from vendors import prices
from vendors.models import Delivery, Item, Vendor

BATCH = 500


def load(*, entity: LegalEntity, shift: Shift, tell: Callable[[int], None]) -> tuple[int, int]:
    """Lines of suppliers and lines of the warehouse; `tell` hears how many are in so far."""
    vendors = {each.key: each for each in Vendor.objects.filter(entity=entity)}
    items = {each.key: each for each in Item.objects.all()}
    codes = country_codes()
    waiting: list[Delivery] = []
    counts = {True: 0, False: 0}
    for row in rows("deliveries"):
        delivery = _delivery(row, shift)
        delivery.entity, delivery.item, delivery.country = entity, items[row["item_key"]], codes[row["country"]]
        delivery.vendor = vendors.get(row["vendor_key"])
        counts[row["vendor_key"] == WAREHOUSE] += 1
        waiting.append(delivery)
        if len(waiting) == BATCH:
            Delivery.objects.bulk_create(waiting)
            waiting.clear()
            tell(sum(counts.values()))
    Delivery.objects.bulk_create(waiting)
    tell(sum(counts.values()))
    prices.refresh(entity=entity, as_of=shift.as_of)
    return counts[False], counts[True]


def _delivery(row: Row, shift: Shift) -> Delivery:
    return Delivery(
        reference=row["line_id"],
        order_reference=row["order_no"],
        channel=row["fulfill_via"],
        mode=row["shipment_mode"],
        incoterm=row["incoterm"],
        ordered_on=shift.day(row["po_date"]),
        promised_on=shift.must(row["scheduled_date"]),
        delivered_on=shift.must(row["delivered_date"]),
        delay_days=int(row["delay_days"]),
        quantity=Decimal(row["quantity_packs"]),
        unit_price=Decimal(row["pack_price_usd"]),
        currency="USD",
        value=Decimal(row["line_value_usd"]),
        freight=number(row["freight_usd"]),
        weight_kg=number(row["weight_kg"]),
    )
