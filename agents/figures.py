"""Claims about figures that code can read again: a vendor's deliveries, a benchmark, an agreed price, a quote."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from approvals.evidence import Claim, QuoteLine, Row
from contracts.queries import AgreedPrice
from vendors.models import Vendor
from vendors.performance import Performance
from vendors.queries import Benchmark


def plain(value: Any) -> str:
    """As JSON and claims carry it: decimals without exponent or trailing zeros."""
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def trimmed(value: Decimal) -> Decimal:
    """Without the trailing zeros of a database column: 2000, not 2000.0000."""
    return Decimal(plain(value))


def of_vendor(vendor: Vendor) -> Claim:
    return Claim(_("Status of %s") % vendor.name, vendor.status, Row("vendor", vendor.key, "status"))


def of_performance(figures: Performance, name: str, *fields: str) -> list[Claim]:
    """One claim a known figure; what is not known is left out, not claimed."""
    titles = {
        "deliveries": _("Deliveries by %s"),
        "deliveries_of_item": _("Deliveries of this item by %s"),
        "on_time_rate": _("Share of deliveries in time by %s"),
        "late_probability": _("Risk of being late with %s"),
        "lead_days_median": _("Usual lead time of %s in days"),
        "lead_days_p90": _("Lead time of %s in nine of ten cases, in days"),
        "price_median": _("Usual price of %s"),
    }
    key = "/".join(filter(None, (figures.vendor, figures.item, figures.country)))
    known = ((field, getattr(figures, field)) for field in fields)
    return [
        Claim(titles[field] % name, plain(value), Row("performance", key, field))
        for field, value in known
        if value is not None
    ]


def of_benchmark(item_key: str, benchmark: Benchmark, *fields: str) -> list[Claim]:
    titles = {"p25": _("Lower quartile"), "median": _("Median"), "p75": _("Upper quartile"), "rows": _("Prices behind")}
    return [
        Claim(
            _("%(figure)s of the price paid for %(item)s") % {"figure": titles[field], "item": item_key},
            plain(getattr(benchmark, field)),
            Row("benchmark", item_key, field),
        )
        for field in fields
    ]


def of_agreed(vendor_key: str, item_key: str, quantity: Decimal, agreed: AgreedPrice) -> Claim:
    key = f"{vendor_key}/{item_key}/{plain(quantity)}"
    return Claim(
        _("Price agreed in %s") % agreed.contract, plain(agreed.unit_price), Row("agreed_price", key, "unit_price")
    )


def of_quote(bid_line: int, name: str, values: Iterable[tuple[str, Any]]) -> list[Claim]:
    titles = {"unit_price": _("Price quoted by %s"), "lead_time_days": _("Lead time quoted by %s in days")}
    return [Claim(titles[field] % name, plain(value), QuoteLine(bid_line, field)) for field, value in values]
