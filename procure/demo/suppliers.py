"""The demo's suppliers: each opens its link and answers through the form, as a real one would."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger import clock
from procure.demo.visitor import Visitor
from procure.models import Invitation, SourcingEvent
from vendors import performance

#: What a supplier asks who has never delivered this item, and the step between rivals.
FIRST_TIME = Decimal("8.00")
STEP = Decimal("0.15")
FREIGHT = "350.00"


def usual_price(event: SourcingEvent, invitation: Invitation, position: int) -> Decimal:
    """What this supplier was last paid for the item, a little up or down, as its own habit."""
    line = event.lines.select_related("item").first()
    item = line.item.key if line and line.item else None
    known = performance.figures(invitation.vendor.key, item_key=item, as_of=clock.business_date(event.entity))
    base = known.price_median if known.price_median and known.price_basis.startswith("item") else FIRST_TIME
    return max(base + STEP * (position - 1), STEP).quantize(Decimal("0.01"))


def usual_lead(position: int) -> int:
    return 45 + 7 * position


def quote(link: str, price: Decimal, *, lead_days: int) -> None:
    """Opens the link, fills every line with this price and sends the form."""
    supplier = Visitor()
    supplier.open(link)
    values: dict[str, Any] = {}
    for form in supplier.forms():
        for name in form.fields:
            if name.endswith("unit_price"):
                values[name] = price
            elif name.endswith("lead_time_days"):
                values[name] = lead_days
            elif name == "freight":
                values[name] = FREIGHT
    supplier.submit(values, has=next(name for name in values if name.endswith("unit_price")), press=("do", "submit"))
