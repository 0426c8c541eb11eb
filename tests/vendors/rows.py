"""Vendors, items and deliveries with sensible defaults, for any test that needs some."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from ledger import clock
from ledger.importing import importing
from ledger.models import LegalEntity
from vendors.models import Category, Delivery, Item, Unit, Vendor, VendorContact

DIGEST = "0" * 64


def make_vendor(key: str, *, entity: LegalEntity, name: str = "", **fields: object) -> Vendor:
    fields = {"status": Vendor.Status.APPROVED, "created_at": clock.now()} | fields
    with importing("tests", DIGEST):
        return Vendor.objects.create(key=key, entity=entity, name=name or f"Vendor {key}", **fields)


def make_contact(vendor: Vendor, *, verified: bool = True) -> VendorContact:
    return VendorContact.objects.create(
        vendor=vendor,
        name="Sales",
        email=f"sales@{vendor.key.lower()}.example",
        verified_at=clock.now() if verified else None,
    )


def make_category(code: str = "ARV") -> Category:
    return Category.objects.get_or_create(code=code, defaults={"name": code})[0]


def make_item(key: str, *, name: str = "", category: str = "ARV", **fields: object) -> Item:
    pack = Unit.objects.get_or_create(code="pack", defaults={"name": "Pack"})[0]
    return Item.objects.create(
        key=key, name=name or f"Item {key}", category=make_category(category), unit=pack, **fields
    )


def deliver(
    reference: str,
    *,
    item: Item,
    entity: LegalEntity,
    vendor: Vendor | None = None,
    on: date = date(2026, 1, 10),
    delay: int = 0,
    lead: int | None = 100,
    price: str = "10",
    country: str = "NG",
    currency: str = "USD",
) -> Delivery:
    """Delivered on `on`, `delay` days after the promise, `lead` days after the order. No vendor: from the warehouse."""
    return Delivery.objects.create(
        entity=entity,
        reference=reference,
        vendor=vendor,
        item=item,
        channel=Delivery.Channel.DIRECT if vendor else Delivery.Channel.WAREHOUSE,
        country=country,
        ordered_on=None if lead is None else on - timedelta(days=lead),
        promised_on=on - timedelta(days=delay),
        delivered_on=on,
        delay_days=delay,
        quantity=Decimal(100),
        unit_price=Decimal(price),
        currency=currency,
        value=Decimal(price) * 100,
    )
