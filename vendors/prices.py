"""What items cost when they were delivered: quartiles of recent unit prices paid to vendors."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from ledger.models import LegalEntity
from vendors.models import Delivery, Item

#: Prices age: only the last three years count, unless they hold too few.
RECENT = timedelta(days=3 * 365)
ENOUGH_PRICES = 8
PRICE = Decimal("0.0001")


class Paid(NamedTuple):
    unit_price: Decimal
    delivered_on: date


@dataclass(frozen=True, slots=True)
class Quartiles:
    p25: Decimal
    median: Decimal
    p75: Decimal
    rows: int


def quantile(values: Sequence[Decimal], at: Decimal, *, places: Decimal = PRICE) -> Decimal | None:
    """Between the two nearest values in proportion; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    place = at * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return (ordered[below] + (ordered[above] - ordered[below]) * (place - below)).quantize(places)


def recent(paid: Iterable[Paid], *, as_of: date, enough: int = ENOUGH_PRICES) -> list[Decimal]:
    """Prices above zero of the last three years up to `as_of`; of all years when those are not `enough`."""
    known = [each for each in paid if each.unit_price > 0 and each.delivered_on <= as_of]
    late = [each for each in known if each.delivered_on > as_of - RECENT]
    return [each.unit_price for each in (late if len(late) >= enough else known)]


def quartiles(prices: Sequence[Decimal]) -> Quartiles | None:
    p25, median, p75 = (quantile(prices, Decimal(at)) for at in ("0.25", "0.5", "0.75"))
    if p25 is None or median is None or p75 is None:
        return None
    return Quartiles(p25, median, p75, len(prices))


def main_currency(currencies: Iterable[str]) -> str:
    """The most frequent one; the first in the alphabet of equals."""
    counted = Counter(currencies)
    return min(counted, key=lambda each: (-counted[each], each)) if counted else ""


def refresh(*, entity: LegalEntity, as_of: date) -> int:
    """Writes each item's quartiles from what `entity` paid vendors; how many items have them now."""
    paid: dict[int, list[tuple[str, Paid]]] = defaultdict(list)
    rows = Delivery.objects.filter(entity=entity, vendor__isnull=False, delivered_on__lte=as_of)
    for item_id, currency, price, day in rows.values_list("item_id", "currency", "unit_price", "delivered_on"):
        paid[item_id].append((currency, Paid(price, day)))
    changed = []
    for item in Item.objects.filter(pk__in=paid):
        currency = main_currency(each for each, _paid in paid[item.pk])
        found = quartiles(recent((each for known, each in paid[item.pk] if known == currency), as_of=as_of))
        if not found:
            continue
        item.price_p25, item.price_median, item.price_p75 = found.p25, found.median, found.p75
        item.price_currency, item.price_as_of, item.price_rows = currency, as_of, found.rows
        changed.append(item)
    fields = ["price_p25", "price_median", "price_p75", "price_currency", "price_as_of", "price_rows"]
    Item.objects.bulk_update(changed, fields, batch_size=200)
    return len(changed)
