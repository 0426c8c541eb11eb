"""Orders as tests send them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from procure.erp.connectors.payloads import PurchaseOrder, PurchaseOrderLine


def make_order(reference: str, **changes: Any) -> PurchaseOrder:
    """Two lines and freight; both prices have four places and both amounts end at the cent."""
    lines = (
        PurchaseOrderLine(
            1, "ITM-0001", "Lamivudine/Zidovudine", Decimal(2000), "pack", Decimal("8.8005"), date(2027, 1, 15)
        ),
        PurchaseOrderLine(2, "ITM-0002", "Nevirapine", Decimal(300), "bottle", Decimal("2.3511")),
    )
    fields: dict[str, Any] = {
        "reference": reference,
        "version": 1,
        "vendor": "VEN-0001",
        "currency": "USD",
        "lines": lines,
        "freight": Decimal("120.45"),
        "incoterm": "CIP",
        "deliver_to": "NG",
        "comment": "entry 17 of procure.example/hq",
    } | changes
    order = PurchaseOrder(total=Decimal(0), **fields) if "total" not in fields else PurchaseOrder(**fields)
    return order if "total" in fields else PurchaseOrder(total=order.reckoned_total, **fields)
