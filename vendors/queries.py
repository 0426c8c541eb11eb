"""What other floors may ask about vendors and the catalogue. Keys and names match in any case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from ledger.models import LegalEntity
from vendors.errors import UnknownCategory, UnknownItem, UnknownVendor
from vendors.folding import fold
from vendors.models import Category, Item, Vendor, VendorContact


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Quartiles of delivered unit prices; `rows` deliveries stand behind them."""

    p25: Decimal
    median: Decimal
    p75: Decimal
    currency: str
    rows: int
    as_of: date | None


def vendor(key: str) -> Vendor:
    """Raises `UnknownVendor`."""
    found = Vendor.objects.select_related("entity").filter(key=key.strip().upper()).first()
    if found is None:
        raise UnknownVendor(_("There is no vendor “%(key)s”.") % {"key": key[:40]}, key=key[:40])
    return found


def vendors(keys: Iterable[str]) -> list[Vendor]:
    """In the order given, in one query; raises `UnknownVendor` for the first that is not there."""
    wanted = [each.strip().upper() for each in keys]
    found = {each.key: each for each in Vendor.objects.select_related("entity").filter(key__in=wanted)}
    for key in wanted:
        if key not in found:
            raise UnknownVendor(_("There is no vendor “%(key)s”.") % {"key": key[:40]}, key=key[:40])
    return [found[key] for key in wanted]


def vendor_named(text: str, *, entity: LegalEntity) -> Vendor | None:
    """By number or whole name; None when there is none, or several."""
    found = Vendor.objects.filter(entity=entity).filter(Q(key=text.strip().upper()) | Q(folded_name=fold(text)))[:2]
    return found[0] if len(found) == 1 else None


def item(key: str) -> Item:
    """Raises `UnknownItem`."""
    found = Item.objects.select_related("category", "unit").filter(key=key.strip().upper()).first()
    if found is None:
        raise UnknownItem(_("There is no item “%(key)s” in the catalogue.") % {"key": key[:40]}, key=key[:40])
    return found


def category(code: str) -> Category:
    """Raises `UnknownCategory`."""
    found = Category.objects.filter(code__iexact=code.strip()).first()
    if found is None:
        raise UnknownCategory(_("There is no category “%(code)s”.") % {"code": code[:40]}, code=code[:40])
    return found


def benchmark(item_key: str) -> Benchmark | None:
    """None when no delivery shows a price. Raises `UnknownItem`."""
    found = item(item_key)
    if found.price_p25 is None or found.price_median is None or found.price_p75 is None:
        return None
    return Benchmark(
        p25=found.price_p25,
        median=found.price_median,
        p75=found.price_p75,
        currency=found.price_currency,
        rows=found.price_rows,
        as_of=found.price_as_of,
    )


def suppliers_of(item_key: str, entity: LegalEntity) -> list[Vendor]:
    """Vendors that delivered this item or an equivalent, most deliveries first, whatever their status."""
    wanted = item(item_key)
    items = [wanted.pk, *wanted.equivalents.values_list("pk", flat=True)]
    return list(
        Vendor.objects.filter(entity=entity, deliveries__item__in=items)
        .select_related("entity")
        .annotate(delivered_lines=Count("deliveries"))
        .order_by("-delivered_lines", "key")
    )


def with_verified_contact(vendors: Iterable[Vendor]) -> set[int]:
    """Primary keys of those that can be written to."""
    return set(
        VendorContact.objects.filter(vendor__in=list(vendors), verified_at__isnull=False).values_list(
            "vendor_id", flat=True
        )
    )


def approved_for(vendor: Vendor, category: Category, *, on: date) -> bool:
    """Whether the vendor may supply this category, or a category above it, on that day."""
    codes, above = [category.pk], category.parent
    while above is not None and above.pk not in codes:
        codes.append(above.pk)
        above = above.parent
    live = Q(valid_until=None) | Q(valid_until__gte=on)
    return vendor.is_orderable and vendor.category_approvals.filter(live, category__in=codes).exists()


def status_before_block(vendor: Vendor) -> str:
    """From the vendor's history; approved with conditions when that is silent."""
    earlier = vendor.history.exclude(status=Vendor.Status.BLOCKED).order_by("-history_date", "-history_id").first()
    return earlier.status if earlier else Vendor.Status.CONDITIONAL
