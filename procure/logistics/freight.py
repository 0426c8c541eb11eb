"""What it costs to bring goods here, from our own delivery history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import median

from ledger.models import LegalEntity
from vendors.models import Delivery

#: Incoterms 2020 whose price already holds the main carriage.
CARRIAGE_INCLUDED = frozenset({"CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP", "DDU"})
FEWEST_ROWS = 5
MOST_ROWS = 200
WHOLE_TENANT = "all lanes"


@dataclass(frozen=True, slots=True)
class FreightShare:
    """Freight as a share of goods value: the median over `rows` past deliveries on `basis`."""

    share: Decimal
    rows: int
    basis: str


def share_of_value(entity: LegalEntity, *, country: str, as_of: date) -> FreightShare | None:
    """From deliveries to the country, or from all where there are too few; None without any history."""
    priced = Delivery.objects.filter(
        entity=entity, delivered_on__lte=as_of, freight__gt=0, value__gt=0, weight_kg__gt=0
    ).order_by("-delivered_on")
    for basis, rows in ((country, priced.filter(country=country)), (WHOLE_TENANT, priced)):
        shares = [freight / value for freight, value in rows.values_list("freight", "value")[:MOST_ROWS]]
        if len(shares) >= FEWEST_ROWS:
            return FreightShare(Decimal(median(shares)).quantize(Decimal("0.0001")), len(shares), basis)
    return None
