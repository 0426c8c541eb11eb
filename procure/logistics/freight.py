"""What it costs to bring goods here, from our own delivery history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor
from statistics import median

from ledger.models import LegalEntity
from vendors.models import Delivery

#: Incoterms 2020 whose price already holds the main carriage.
CARRIAGE_INCLUDED = frozenset({"CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP", "DDU"})
CENT, SMALLEST = Decimal("0.01"), Decimal("0.0001")
FEWEST_ROWS = 5
MOST_ROWS = 200
WHOLE_TENANT = "all lanes"


@dataclass(frozen=True, slots=True)
class FreightShare:
    """Freight as a share of goods value: the median over `rows` past deliveries on `basis`."""

    share: Decimal
    rows: int
    basis: str


def divide(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Shares that add up to the amount to the last digit: each rounded down, what is left goes to the largest
    remainders, earlier ones first. In cents where the amount is in cents. Pure."""
    unit = next((each for each in (CENT, SMALLEST) if amount % each == 0), None)
    if unit is None:
        raise ValueError("an amount has at most four places")
    whole = int(amount / unit)
    exact = [Fraction(each) for each in weights] if any(weights) else [Fraction(1)] * len(weights)
    parts = [whole * each / sum(exact) for each in exact]
    shares = [floor(each) for each in parts]
    by_remainder = sorted(range(len(parts)), key=lambda place: (shares[place] - parts[place], place))
    for place in by_remainder[: whole - sum(shares)]:
        shares[place] += 1
    return [each * unit for each in shares]


def share_of_value(entity: LegalEntity, *, country: str, as_of: date) -> FreightShare | None:
    """From deliveries to the country, or from all where there are too few; None without any history."""
    priced = Delivery.objects.filter(
        entity=entity, delivered_on__lte=as_of, freight__gt=0, value__gt=0, weight_kg__gt=0
    ).order_by("-delivered_on")
    for basis, rows in ((country, priced.filter(country=country)), (WHOLE_TENANT, priced)):
        shares = [freight / value for freight, value in rows.values_list("freight", "value")[:MOST_ROWS] if freight]
        if len(shares) >= FEWEST_ROWS:
            return FreightShare(Decimal(median(shares)).quantize(Decimal("0.0001")), len(shares), basis)
    return None
