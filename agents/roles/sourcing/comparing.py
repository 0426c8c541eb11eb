"""The opened quotes side by side, as the comparison of floor 3 computes them."""

from __future__ import annotations

from typing import Any

from agents import figures
from agents.context import Context
from agents.figures import plain
from agents.outcomes import Finish, Outcome
from approvals.evidence import Claim
from procure import queries
from procure.sourcing import comparison
from procure.sourcing.comparison import Compared


def compare(context: Context) -> Outcome:
    event = queries.event(str(context.given["event"]))
    found = comparison.compare(event)
    result = {
        "event": event.reference,
        "currency": found.currency,
        "rows": [_told(row) for row in found.rows],
        "missing": [{"line": line, "vendor": vendor} for line, vendor in found.missing],
        "cheapest": {str(line): row.vendor for line in found.lines if (row := found.cheapest(line))},
    }
    return Finish(result, [claim for row in found.rows[:60] for claim in claims_about(row)])


def claims_about(row: Compared) -> list[Claim]:
    """What was quoted."""
    return figures.of_quote(row.bid_line, row.vendor_name, [("unit_price", row.quoted_price)])


def _told(row: Compared) -> dict[str, Any]:
    return {
        "line": row.line,
        "bid_line": row.bid_line,
        "vendor": row.vendor,
        "name": row.vendor_name,
        "quoted_price": plain(row.quoted_price),
        "quoted_currency": row.quoted_currency,
        "landed_unit": plain(row.landed_unit),
        "landed_total": plain(row.landed_total),
        "freight": plain(row.freight),
        "freight_estimated": row.freight_estimated,
        "lead_days": row.lead_days,
        "arrives_on": row.arrives_on,
        "late_days": row.late_days,
        "late_probability": plain(row.late_probability),
        "benchmark_pct": None if row.benchmark_pct is None else plain(row.benchmark_pct),
        "flags": list(row.flags),
    }
