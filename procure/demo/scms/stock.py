"""Open order lines and stock levels of the demo tenant. How levels come about is told in data/PROVENANCE.md."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from ledger.models import LegalEntity
from procure.demo.scms.dataset import WAREHOUSE, Row, Shift, country_codes, rows
from procure.models import ImportedOrderLine, StockLevel
from vendors.models import Delivery, Item, Vendor

YEAR = timedelta(days=365)
LOCATION = "RDC"


def load_open_lines(*, entity: LegalEntity, shift: Shift) -> dict[str, int]:
    """Counts by kind."""
    vendors = {each.key: each for each in Vendor.objects.filter(entity=entity)}
    items = {each.key: each for each in Item.objects.all()}
    codes = country_codes()
    lines, counts = [], dict.fromkeys(ImportedOrderLine.Kind.values, 0)
    for row in rows("open_orders"):
        line = _open_line(row, shift)
        line.entity, line.country = entity, codes[row["country"]]
        line.vendor, line.item = vendors.get(row["vendor_key"]), items.get(row["item_key"])
        counts[line.kind] += 1
        lines.append(line)
    ImportedOrderLine.objects.bulk_create(lines, batch_size=200)
    return counts


def _open_line(row: Row, shift: Shift) -> ImportedOrderLine:
    kinds = ImportedOrderLine.Kind
    return ImportedOrderLine(
        reference=row["line_id"],
        kind=kinds.TRANSFER if row["vendor_key"] == WAREHOUSE else kinds.PURCHASE,
        vendor_name=" ".join(row["vendor"].split()),
        description=row["item"],
        order_reference=row["order_no"],
        mode=row["shipment_mode"],
        incoterm=row["incoterm"],
        quantity=Decimal(row["quantity_packs"]),
        unit_price=Decimal(row["pack_price_usd"]),
        value=Decimal(row["line_value_usd"]),
        currency="USD",
        ordered_on=shift.day(row["po_date"]),
        promised_on=shift.day(row["scheduled_date"]),
    )


def load_levels(*, entity: LegalEntity, as_of: date) -> int:
    issued: dict[tuple[Item, str], Decimal] = defaultdict(Decimal)
    recent = Delivery.objects.filter(entity=entity, delivered_on__gt=as_of - YEAR, delivered_on__lte=as_of)
    for line in recent.select_related("item"):
        issued[line.item, line.country] += line.quantity
        if line.channel == Delivery.Channel.WAREHOUSE:
            issued[line.item, LOCATION] += line.quantity
    levels = [
        StockLevel(
            entity=entity,
            item=item,
            location=location,
            quantity=(packs / 12 * _months_of_cover(item, location)).quantize(Decimal(1)),
            as_of=as_of,
        )
        for (item, location), packs in issued.items()
    ]
    StockLevel.objects.bulk_create(levels, batch_size=200)
    return len(levels)


def _months_of_cover(item: Item, location: str) -> int:
    number = int(item.key.split("-")[1])
    return 1 + number % 6 if location == LOCATION else 1 + (number + ord(location[0])) % 4
