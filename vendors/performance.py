"""How vendors deliver: figures from delivered lines, each with the rows behind it.

Late is delivered after promised. Rates are smoothed: a vendor's towards the base rate of all vendors' deliveries, a
narrower slice (item, country) towards the vendor's own. Issues from the warehouse are not vendors' deliveries.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from ledger.models import LegalEntity
from vendors import queries
from vendors.models import Delivery, Item, Vendor
from vendors.prices import Paid, main_currency, quantile, recent

#: So many imagined deliveries at the wider rate join those seen: few rows say little.
PRIOR_ROWS = 10
#: The late rate of a tenant that has no deliveries yet.
FIRST_GUESS = Decimal("0.1")
#: A lead time or price comes from the narrowest slice with at least so many rows.
ENOUGH_ROWS = 3
#: Evidence names at most so many deliveries, newest first.
SHOWN_ROWS = 50
RATE = Decimal("0.0001")
DAYS = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Performance:
    """Of one vendor up to `as_of`. `deliveries` to `reference_keys` are the slice asked for; `confidence` is 0..1.

    `deliveries_of_item` counts all countries. Lead days (order to delivery) and price come from the slice that
    `lead_basis` and `price_basis` name in words; a price needs an item.
    """

    vendor: str
    item: str | None
    country: str | None
    as_of: date
    deliveries: int
    deliveries_of_item: int
    on_time_rate: Decimal | None
    late_probability: Decimal
    confidence: Decimal
    last_delivery: date | None
    reference_keys: tuple[str, ...]
    lead_days_median: Decimal | None
    lead_days_p90: Decimal | None
    lead_basis: str
    price_median: Decimal | None
    price_currency: str
    price_basis: str


class _Row(NamedTuple):
    vendor: str
    item: str
    country: str
    delay_days: int
    ordered_on: date | None
    delivered_on: date
    unit_price: Decimal
    currency: str
    reference: str


def figures(vendor_key: str, *, item_key: str | None = None, country: str | None = None, as_of: date) -> Performance:
    """Raises `UnknownVendor` and `UnknownItem`."""
    return figures_for([vendor_key], item_key=item_key, country=country, as_of=as_of)[0]


def figures_for(
    vendor_keys: Iterable[str], *, item_key: str | None = None, country: str | None = None, as_of: date
) -> list[Performance]:
    """The same for many vendors in four queries, in the order given."""
    vendors = queries.vendors(vendor_keys)
    item = queries.item(item_key) if item_key else None
    country = country.upper() if country else None
    if not vendors:
        return []
    base = base_late_rate(vendors[0].entity, as_of=as_of)
    rows = _rows(vendors, as_of)
    return [_performance(each, item, country, as_of, rows[each.key], base) for each in vendors]


def base_late_rate(entity: LegalEntity, *, as_of: date) -> Decimal:
    """Share of late lines among all vendors' deliveries, smoothed towards FIRST_GUESS."""
    seen = Delivery.objects.filter(entity=entity, vendor__isnull=False, delivered_on__lte=as_of).aggregate(
        rows=Count("pk"), late=Count("pk", filter=Q(delay_days__gt=0))
    )
    return _smoothed(seen["late"], seen["rows"], FIRST_GUESS)


def record_delivery(
    *,
    entity: LegalEntity,
    vendor: Vendor,
    item: Item,
    reference: str,
    order_reference: str,
    country: str,
    ordered_on: date | None,
    promised_on: date,
    delivered_on: date,
    quantity: Decimal,
    unit_price: Decimal,
    currency: str,
    mode: str = "",
    incoterm: str = "",
    freight: Decimal | None = None,
    weight_kg: Decimal | None = None,
) -> Delivery:
    """Pushed down when goods arrive. The same reference is kept once."""
    delivery, _created = Delivery.objects.get_or_create(
        entity=entity,
        reference=reference,
        defaults={
            "vendor": vendor,
            "item": item,
            "order_reference": order_reference,
            "country": country,
            "mode": mode,
            "incoterm": incoterm,
            "ordered_on": ordered_on,
            "promised_on": promised_on,
            "delivered_on": delivered_on,
            "delay_days": (delivered_on - promised_on).days,
            "quantity": quantity,
            "unit_price": unit_price,
            "currency": currency,
            "value": quantity * unit_price,
            "freight": freight,
            "weight_kg": weight_kg,
        },
    )
    return delivery


def _rows(vendors: Sequence[Vendor], as_of: date) -> dict[str, list[_Row]]:
    """Newest first, by vendor key."""
    found = (
        Delivery.objects.filter(vendor__in=vendors, delivered_on__lte=as_of)
        .order_by("-delivered_on", "reference")
        .values_list(
            "vendor__key",
            "item__key",
            "country",
            "delay_days",
            "ordered_on",
            "delivered_on",
            "unit_price",
            "currency",
            "reference",
        )
    )
    rows: dict[str, list[_Row]] = defaultdict(list)
    for each in found.iterator(chunk_size=2000):
        rows[each[0]].append(_Row(*each))
    return rows


def _performance(
    vendor: Vendor, item: Item | None, country: str | None, as_of: date, rows: list[_Row], base: Decimal
) -> Performance:
    slices = _slices(rows, item, country)
    exact = slices[0][1]
    leads, lead_basis = _narrowest([(basis, _lead_days(each)) for basis, each in slices])
    prices, price_basis, currency = _prices(slices[:-1], as_of) if item else ([], "", "")
    return Performance(
        vendor=vendor.key,
        item=item.key if item else None,
        country=country,
        as_of=as_of,
        deliveries=len(exact),
        deliveries_of_item=len(slices[-2][1]) if item else len(rows),
        on_time_rate=_share(len(exact) - _late(exact), len(exact)),
        late_probability=_late_probability(slices, base),
        confidence=(Decimal(len(exact)) / (len(exact) + PRIOR_ROWS)).quantize(RATE),
        last_delivery=exact[0].delivered_on if exact else None,
        reference_keys=tuple(each.reference for each in exact[:SHOWN_ROWS]),
        lead_days_median=quantile(leads, Decimal("0.5"), places=DAYS),
        lead_days_p90=quantile(leads, Decimal("0.9"), places=DAYS),
        lead_basis=lead_basis,
        price_median=quantile(prices, Decimal("0.5")),
        price_currency=currency,
        price_basis=price_basis,
    )


def _slices(rows: list[_Row], item: Item | None, country: str | None) -> list[tuple[str, list[_Row]]]:
    """From the slice asked for to all of the vendor's rows, each with its name."""
    wide = [(_("all items"), rows)]
    if item:
        wide.insert(0, (_("this item"), [each for each in rows if each.item == item.key]))
    if country:
        narrow, there = wide[0]
        name = _("%(slice)s, to %(country)s") % {"slice": narrow, "country": country}
        wide.insert(0, (name, [each for each in there if each.country == country]))
    return wide


def _narrowest(slices: list[tuple[str, list[Decimal]]]) -> tuple[list[Decimal], str]:
    """The first slice with enough values, else the one with most."""
    for basis, values in slices:
        if len(values) >= ENOUGH_ROWS:
            return values, basis
    basis, values = max(slices, key=lambda each: len(each[1]))
    return values, basis if values else ""


def _lead_days(rows: list[_Row]) -> list[Decimal]:
    spans = ((each.delivered_on - each.ordered_on).days for each in rows if each.ordered_on)
    return [Decimal(days) for days in spans if days >= 0]


def _prices(slices: list[tuple[str, list[_Row]]], as_of: date) -> tuple[list[Decimal], str, str]:
    currency = main_currency(each.currency for _basis, rows in slices for each in rows)
    paid = [
        (basis, [Paid(each.unit_price, each.delivered_on) for each in rows if each.currency == currency])
        for basis, rows in slices
    ]
    prices, basis = _narrowest([(basis, recent(rows, as_of=as_of, enough=ENOUGH_ROWS)) for basis, rows in paid])
    return prices, basis, currency if prices else ""


def _late(rows: list[_Row]) -> int:
    return sum(each.delay_days > 0 for each in rows)


def _late_probability(slices: list[tuple[str, list[_Row]]], base: Decimal) -> Decimal:
    """Each slice starts from the next wider one's rate, the widest from the base rate."""
    rate = base
    for _basis, rows in reversed(slices):
        rate = _smoothed(_late(rows), len(rows), rate)
    return rate.quantize(RATE)


def _smoothed(late: int, rows: int, prior: Decimal) -> Decimal:
    """Mean of the Beta distribution after `rows` deliveries, `late` of them late."""
    return (late + PRIOR_ROWS * prior) / (rows + PRIOR_ROWS)


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(RATE) if whole else None
