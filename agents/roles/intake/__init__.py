"""Intake: a sentence becomes a requisition. Reads, matches, asks back, proposes to raise it."""

from __future__ import annotations

from agents.context import Context
from agents.outcomes import Outcome
from agents.roles import Specification
from agents.roles.intake.raising import propose_raising
from agents.roles.intake.understanding import understand

SPECIFICATION = Specification(
    name="intake",
    purpose="Turns a requester's words into a requisition and asks for what is missing.",
    reads=("requester's words", "catalogue", "cost centres", "budgets"),
    may_propose=frozenset({"RaiseRequisition"}),
    tasks={"understand": understand, "raise": propose_raising},
    takes={"understand": {}, "raise": {}},
    gives={
        "understand": {
            "requisition": "requisition",
            "tier": "text",
            "degraded": "boolean",
            "suspicious": "integer",
            "lines": [
                {
                    "number": "integer",
                    "item": "item?",
                    "description": "text",
                    "quantity": "decimal?",
                    "unit": "text?",
                }
            ],
            "needed_by": "date?",
            "deliver_to": "text",
            "cost_centre": "text?",
        },
        "raise": {"requisition": "requisition", "proposal": "proposal"},
    },
    quick=frozenset({"raise"}),
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
