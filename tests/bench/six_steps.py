"""The plan that the engine's benchmark runs: a → b and c → d → e → f, each of them trivial; and one that asks."""

from __future__ import annotations

from typing import Any

from agents import plans, roles, templates
from agents.context import Context
from agents.models import Plan, PlanTemplate
from agents.outcomes import AskPerson, Finish, Outcome
from agents.roles import Specification
from ledger import chain
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import LegalEntity

ACTOR = Actor.system("bench")
STEPS: tuple[dict[str, Any], ...] = (
    {"key": "a"},
    {"key": "b", "after": ["a"]},
    {"key": "c", "after": ["a"]},
    {"key": "d", "after": ["b", "c"]},
    {"key": "e", "after": ["d"]},
    {"key": "f", "after": ["e"]},
)
ASKING: tuple[dict[str, Any], ...] = ({"key": "a", "task": "ask"}, {"key": "b", "after": ["a"]})


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)


def count(context: Context) -> Outcome:
    return Finish({"count": sum(int(each["count"]) for each in context.results.values()) + 1})


def ask(context: Context) -> Outcome:
    if context.memory.get("asked"):
        return Finish({"count": 1})
    return AskPerson([question(context.plan)], "an answer", memory={"asked": True})


def question(plan: Plan) -> ObjectRef:
    return ObjectRef("question", plan.reference)


SPECIFICATION = Specification(
    name="bench",
    purpose="Adds one.",
    reads=(),
    may_propose=frozenset(),
    tasks={"count": count, "ask": ask},
    quick=frozenset({"count", "ask"}),
    pure=frozenset({"count"}),
)


def company() -> LegalEntity:
    roles.register("bench", module=__name__)
    head = chain.begin("main", origin="procure.example/bench")
    entity, _ = LegalEntity.objects.get_or_create(
        code="BENCH", defaults={"name": "Bench", "base_currency": "USD", "log": head}
    )
    return entity


def template(entity: LegalEntity, name: str = "six-steps", steps: tuple[dict[str, Any], ...] = STEPS) -> PlanTemplate:
    definition = {
        "title": name,
        "subject": "requisition",
        "steps": [{"role": "bench", "task": "count"} | dict(each) for each in steps],
    }
    return templates.publish(name=name, definition=definition, actor=ACTOR, entity=entity)


def start(entity: LegalEntity, template: PlanTemplate) -> Plan:
    return plans.start(template=template, subject=ObjectRef("requisition", "PR-00001"), entity=entity, actor=ACTOR)
