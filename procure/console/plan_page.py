"""What the page of a plan shows beside the graph: who is waited for, and one step's story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agents import queries
from agents.models import Plan, Step, StepAttempt, StepOverride
from agents.queries import Node, PlanGraph
from approvals.models import Proposal
from procure.console.asked import Asked
from procure.console.plan_time import Stretch

MOST_LETTERS = 400
MOST_LINES = 120
MOST_NAMED = 6
#: How often the page looks again: while something runs, and while it only waits.
BUSY, CALM = "2s", "15s"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that does not go on by itself: what it waits for, and who."""

    step: Step
    note: str
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Datum:
    """One value of a step's result; nested ones are named by their path."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Handed:
    """What a step was given, by its template: from a field of the plan, of another step or of its branch."""

    name: str
    value: str
    source: str
    label: str
    step: str


@dataclass(frozen=True, slots=True)
class Line:
    """A step on the time line."""

    node: Node
    stretches: tuple[Stretch, ...]


def waiting(steps: Sequence[Step], asked: Mapping[str, tuple[Asked, ...]]) -> list[Waiting]:
    fans = {step.fanned_id for step in steps if step.fanned_id}
    return [
        Waiting(
            step,
            step.error if step.status == Step.Status.PARKED else step.waiting_for,
            asked.get(step.key, ()),
        )
        for step in steps
        # A step that fanned out waits for its branches alone: they say what for.
        if step.status in (Step.Status.WAITING, Step.Status.PARKED) and step.pk not in fans
    ]


def chosen(steps: Sequence[Step], key: str) -> Step | None:
    """The step asked for, else the one that needs a person, waits or runs, else the one that ended last."""
    by_key = {step.key: step for step in steps}
    if key in by_key:
        return by_key[key]
    for status in (Step.Status.PARKED, Step.Status.WAITING, Step.Status.RUNNING):
        if found := next((step for step in steps if step.status == status), None):
            return found
    ended = [step for step in steps if step.ended_at]
    return max(ended, key=lambda step: str(step.ended_at), default=steps[0] if steps else None)


def opened(steps: Sequence[Step], asked: Sequence[str], step: Step | None) -> set[str]:
    """The steps whose branches are shown one by one: those asked for, and the one that the chosen step is part of."""
    fans = {each.fanned_id for each in steps if each.fanned_id}
    keys = {each.pk: each.key for each in steps if each.pk in fans}
    wanted = {key for key in keys.values() if key in asked}
    if step and step.fanned_id in keys:
        wanted.add(keys[step.fanned_id])
    # A step that goes along with another shows its branches together with that one's.
    along = {each.key: str(each.spec.get("along", "")) for each in steps if each.key in keys.values()}
    while more := {key for key, other in along.items() if (key in wanted) != (other in wanted) and other}:
        wanted |= more | {along[key] for key in more}
    return wanted & set(keys.values())


def flat(value: Any) -> list[Datum]:
    """A result as lines a person can scan: `lines 1 quantity`, not brackets and braces."""
    return _flat(value, "")[:MOST_LINES]


def _flat(value: Any, path: str) -> list[Datum]:
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in _flat(each, f"{path} {key}".strip())]
    if isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        return [line for number, each in enumerate(value, 1) for line in _flat(each, f"{path} {number}".strip())]
    if value is None or value == "" or value == []:
        return []
    return [Datum(path.replace("_", " "), in_words(value)[:MOST_LETTERS])]


def gist(value: Any) -> list[Datum]:
    """The same in as few lines as make the point: a list of records by how many and their names."""
    if not isinstance(value, dict):
        return flat(value)
    found: list[Datum] = []
    for name, each in value.items():
        if isinstance(each, list) and any(isinstance(one, dict) for one in each):
            names = ", ".join(words for one in each[:MOST_NAMED] if (words := queries.item_words(one)))
            found.append(Datum(name.replace("_", " "), f"{len(each)}: {names}{'…' * (len(each) > MOST_NAMED)}"))
        elif isinstance(each, dict):
            found += [Datum(f"{name} {line.name}".replace("_", " "), line.value) for line in gist(each)]
        else:
            found += _flat(each, name)
    return found


def in_words(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(in_words(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')} {in_words(each)}" for name, each in value.items())
    return str(value)


def overrides(plan: Plan) -> dict[str, StepOverride]:
    """By step key, the one that counts."""
    rows = StepOverride.objects.filter(step__plan=plan).select_related("person", "step").order_by("id")
    return {each.step.key: each for each in rows}


def effective(step: Step, replaced: Mapping[str, StepOverride]) -> Any:
    """The result that later steps read."""
    return replaced[step.key].result if step.key in replaced else step.result


def handed(plan: Plan, step: Step, steps: Sequence[Step], replaced: Mapping[str, StepOverride]) -> list[Handed]:
    """By name, as a database may keep fields in any order; what is not there yet has no value."""
    by_key = {each.key: each for each in steps}
    found = []
    for name, source in sorted(step.spec.get("given", {}).items()):
        first, _dot, path = str(source).partition(".")
        giver = by_key.get(first)
        if first == "plan":
            value, label = at_path(plan.inputs, path), _("the plan's start")
        elif first == "item":
            value, label = at_path(step.item, path), _("this branch")
        else:
            value = at_path(effective(giver, replaced), path) if giver else None
            label = giver.label if giver else first
        shown = "" if value is None else in_words(value)[:MOST_LETTERS]
        found.append(Handed(name.replace("_", " "), shown, str(source), label, giver.key if giver else ""))
    return found


def at_path(value: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def lines(graph: PlanGraph, rows: Mapping[str, tuple[Stretch, ...]]) -> list[Line]:
    return [Line(node, rows.get(node.key, ())) for node in graph.nodes]


def proposals(plan: Plan) -> QuerySet[Proposal]:
    """What its steps proposed, oldest first."""
    return Proposal.objects.filter(of_plan=plan.reference).order_by("pk")


def of_step(tries: Sequence[StepAttempt], step: Step | None) -> list[StepAttempt]:
    return [each for each in tries if step and each.step_id == step.pk]


def pace(plan: Plan, steps: Sequence[Step]) -> str:
    """How often the page looks again by itself; empty once the plan has ended."""
    if not plan.is_live:
        return ""
    busy = any(step.status in (Step.Status.READY, Step.Status.RUNNING) for step in steps)
    return BUSY if busy and plan.status != Plan.Status.PAUSED else CALM
