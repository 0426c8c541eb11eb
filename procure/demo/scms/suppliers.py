"""The 67 suppliers of the SCMS history, with what the demo adds: contacts, approvals, certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from simple_history.utils import bulk_create_with_history

from ledger import clock
from ledger.models import LegalEntity
from procure.demo.scms.dataset import WAREHOUSE, Shift, rows
from vendors.models import CategoryApproval, Certificate, Item, Vendor, VendorContact

RECENT = timedelta(days=3 * 365)
#: Fewer delivered lines: nobody to write to is known.
LINES_FOR_A_CONTACT = 3


@dataclass
class _Past:
    lines: int = 0
    first: date = date.max
    last: date = date.min
    items: set[str] = field(default_factory=set)


def load(*, entity: LegalEntity, shift: Shift) -> int:
    """How many suppliers there are."""
    past = _past(shift)
    countries = {row["vendor_key"]: row["iso2"] for row in rows("vendor_countries")}
    vendors = [
        Vendor(
            key=row["vendor_key"],
            entity=entity,
            name=" ".join(row["vendor"].split()),
            status=_status(past[row["vendor_key"]], shift),
            country=countries.get(row["vendor_key"], ""),
            created_at=datetime.combine(past[row["vendor_key"]].first, time(), UTC),
        )
        for row in rows("vendors")
        if row["vendor_key"] != WAREHOUSE
    ]
    made = bulk_create_with_history(vendors, Vendor, default_change_reason="Imported with the SCMS history")
    _approve_categories(made, past)
    _introduce(made, past, shift)
    return len(made)


def _past(shift: Shift) -> dict[str, _Past]:
    found: dict[str, _Past] = {}
    for row in rows("deliveries"):
        past, day = found.setdefault(row["vendor_key"], _Past()), shift.must(row["delivered_date"])
        past.lines += 1
        past.first, past.last = min(past.first, day), max(past.last, day)
        past.items.add(row["item_key"])
    return found


def _status(past: _Past, shift: Shift) -> str:
    return Vendor.Status.APPROVED if past.last > shift.as_of - RECENT else Vendor.Status.CONDITIONAL


def _approve_categories(vendors: list[Vendor], past: dict[str, _Past]) -> None:
    category_of = dict(Item.objects.values_list("key", "category_id"))
    CategoryApproval.objects.bulk_create(
        CategoryApproval(vendor=vendor, category_id=category)
        for vendor in vendors
        if vendor.status == Vendor.Status.APPROVED
        for category in sorted({category_of[key] for key in past[vendor.key].items})
    )


def _introduce(vendors: list[Vendor], past: dict[str, _Past], shift: Shift) -> None:
    """Contacts at reserved addresses and certificates marked as made up, for suppliers in regular use."""
    known = [
        each
        for each in vendors
        if each.status == Vendor.Status.APPROVED and past[each.key].lines >= LINES_FOR_A_CONTACT
    ]
    at = clock.now()
    VendorContact.objects.bulk_create(
        VendorContact(
            vendor=each, name="Sales desk", email=f"sales.{each.key.lower()}@example.org", verified_at=at, language="en"
        )
        for each in known
    )
    Certificate.objects.bulk_create(
        Certificate(
            vendor=each,
            kind="Good distribution practice",
            number=f"DEMO-{each.key[-3:]}",
            issued_by="Made up for the demo",
            valid_until=shift.as_of + timedelta(days=90 + 30 * (int(each.key[-3:]) % 12)),
        )
        for each in known
    )
