"""Sourcing: from a raised requisition to an order in the ERP. All figures come from lower floors' pure rooms."""

from __future__ import annotations

from collections.abc import Mapping

from agents.context import Context
from agents.outcomes import Outcome
from agents.roles import Specification
from agents.roles.sourcing.awarding import award
from agents.roles.sourcing.benchmarking import benchmark
from agents.roles.sourcing.collecting import collect
from agents.roles.sourcing.comparing import compare
from agents.roles.sourcing.confirming import confirm
from agents.roles.sourcing.inviting import shortlist
from agents.values import Record

GIVES: Mapping[str, Record] = {
    "benchmark": {
        "items": [
            {
                "line": "integer",
                "item": "item",
                "paid": "any?",
                "agreed": [{"contract": "contract", "vendor": "vendor", "unit_price": "decimal", "currency": "text"}],
                "unknown": "list of text",
            }
        ]
    },
    "shortlist": {
        "proposal": "proposal",
        "event": "event",
        "vendors": [{"vendor": "vendor", "name": "text", "score": "decimal", "reasons": "list of text"}],
        "left_out": "any",
    },
    "collect": {
        "event": "event",
        "bids": "integer",
        "invited": "integer",
        "answered": "integer",
        "widened": "boolean",
    },
    "compare": {
        "event": "event",
        "currency": "text",
        "rows": [
            {
                "line": "integer",
                "bid_line": "integer",
                "vendor": "vendor",
                "name": "text",
                "quoted_price": "decimal",
                "quoted_currency": "text",
                "landed_unit": "decimal",
                "landed_total": "decimal",
                "lead_days": "integer",
                "late_probability": "decimal",
                "benchmark_pct": "decimal?",
                "flags": "list of text",
            }
        ],
        "missing": [{"line": "integer", "vendor": "vendor"}],
        "cheapest": "any",
    },
    "award": {"proposal": "proposal", "event": "event", "awards": "list of text", "orders": "list of order"},
    "confirm": {"orders": [{"order": "order", "erp_number": "text"}]},
}

SPECIFICATION = Specification(
    name="sourcing",
    purpose="Invites suppliers, compares their quotes, proposes award and order.",
    reads=("vendors", "delivery history", "price benchmarks", "contracts", "opened quotes", "orders"),
    may_propose=frozenset({"InviteSuppliers", "AwardEvent", "IssueOrder"}),
    tasks={
        "benchmark": benchmark,
        "shortlist": shortlist,
        "collect": collect,
        "compare": compare,
        "award": award,
        "confirm": confirm,
    },
    takes={
        "benchmark": {},
        "shortlist": {"deadline_hours": "integer?"},
        "collect": {"event": "event", "deadline_hours": "integer?"},
        "compare": {"event": "event"},
        "award": {
            "event": "event",
            "barred": "list of vendor",
            "findings": [{"vendor": "vendor", "remarks": "list of text"}],
        },
        "confirm": {"orders": "list of order"},
    },
    gives=GIVES,
    assumed={
        "shortlist": {"deadline_hours": "plan.deadline_hours"},
        "collect": {"event": "shortlist.event", "deadline_hours": "plan.deadline_hours"},
        "compare": {"event": "collect.event"},
        "award": {"event": "compare.event", "barred": "comply.barred", "findings": "comply.findings"},
        "confirm": {"orders": "award.orders"},
    },
    quick=frozenset({"benchmark", "collect", "compare", "confirm"}),
    pure=frozenset({"benchmark", "compare"}),
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
