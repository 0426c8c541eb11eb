"""A role whose acts the test writes, and plans made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from agents import plans, templates
from agents.context import Context
from agents.models import Plan, Step
from agents.outcomes import Finish, Outcome
from agents.roles import Specification
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import LegalEntity

#: What each step key does in this test; a step without an entry finishes with its attempt.
ACTS: dict[str, Callable[[Context], Outcome]] = {}
#: The keys in the order in which they were acted.
ACTED: list[str] = []


def act(context: Context) -> Outcome:
    ACTED.append(context.spec.key)
    return ACTS.get(context.spec.key, _finish)(context)


def _finish(context: Context) -> Outcome:
    return Finish({"attempt": context.lease.attempt})


SPECIFICATION = Specification(
    name="fake", purpose="Whatever the test says.", reads=(), may_propose=frozenset(), tasks={"act": _finish}
)


def make_template(
    entity: LegalEntity, *steps: Mapping[str, Any], name: str = "story", inputs: Mapping[str, str] | None = None
):
    """Steps of the fake role; each needs only `key`."""
    return templates.publish(
        name=name,
        definition={
            "title": "A story",
            "subject": "requisition",
            "inputs": dict(inputs or {}),
            "steps": [{"role": "fake", "task": "act"} | dict(each) for each in steps],
        },
        actor=Actor.system("tests"),
        entity=entity,
    )


def start(entity: LegalEntity, *steps: Mapping[str, Any], name: str = "story") -> Plan:
    return plans.start(
        template=make_template(entity, *steps, name=name),
        subject=ObjectRef("requisition", "PR-00001"),
        entity=entity,
        actor=Actor.system("tests"),
    )


def step(plan: Plan, key: str) -> Step:
    return Step.objects.get(plan=plan, key=key)


def statuses(plan: Plan) -> dict[str, str]:
    return {each.key: str(each.status) for each in Step.objects.filter(plan=plan)}
