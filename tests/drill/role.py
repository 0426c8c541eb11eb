"""The drill's role: notes each start outside the database, works a moment, and asks for one effect."""

import os
import time
from decimal import Decimal
from pathlib import Path

from agents import standing
from agents.outcomes import Finish
from agents.roles import Specification
from tests.drill.commands import RingBell


def _note(context):
    """Each start, in a file that no fault touches: more starts than attempts would be a lie of the engine."""
    with Path(os.environ["DRILL_STARTS"]).open("a") as starts:
        starts.write(f"{context.plan.reference}/{context.spec.key}\n")


def work(context):
    _note(context)
    time.sleep(0.005)
    return Finish({"of": context.plan.reference, "sum": sum(each["sum"] for each in context.results.values()) + 1})


def ring(context):
    _note(context)
    proposal = context.proposed("ring") or context.propose(
        purpose="ring",
        commands=[RingBell(plan=context.plan.reference)],
        rationale="It is a drill.",
        confidence=Decimal(1),
    )
    return standing.unless_carried_out(proposal) or Finish({"of": context.plan.reference, "sum": 1})


SPECIFICATION = Specification(
    name="drill",
    purpose="Does what a plan of a drill needs.",
    reads=(),
    may_propose=frozenset({"RingBell"}),
    tasks={"work": work, "ring": ring},
    gives={"work": {"of": "text", "sum": "integer"}, "ring": {"of": "text", "sum": "integer"}},
    quick=frozenset({"work"}),
)


def act(context):
    return SPECIFICATION.tasks[context.task](context)
