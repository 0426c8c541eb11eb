"""Sourcing: from a raised requisition to an order in the ERP. All figures come from lower floors' pure rooms."""

from __future__ import annotations

from agents.context import Context
from agents.outcomes import Outcome
from agents.roles import Specification
from agents.roles.sourcing.awarding import award
from agents.roles.sourcing.benchmarking import benchmark
from agents.roles.sourcing.collecting import collect
from agents.roles.sourcing.comparing import compare
from agents.roles.sourcing.confirming import confirm
from agents.roles.sourcing.inviting import shortlist

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
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
