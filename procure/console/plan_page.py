"""What the page of a plan shows beside the graph: who is waited for, and one step's story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.models import Plan, Step
from procure.console.places import address

MOST_LETTERS = 400
MOST_LINES = 120


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that does not go on by itself, and what it waits for."""

    step: Step
    note: str
    refs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Datum:
    """One value of a step's result; nested ones are named by their path."""

    name: str
    value: str


def waiting(steps: Sequence[Step]) -> list[Waiting]:
    return [
        Waiting(
            step,
            step.error if step.status == Step.Status.PARKED else step.waiting_for,
            tuple((each["key"], address(each["kind"], each["key"])) for each in step.waiting_on),
        )
        for step in steps
        if step.status in (Step.Status.WAITING, Step.Status.PARKED)
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


def flat(value: Any) -> list[Datum]:
    """A result as lines a person can scan: `lines 1 quantity`, not brackets and braces."""
    return _flat(value, "")[:MOST_LINES]


def _flat(value: Any, path: str) -> list[Datum]:
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in _flat(each, f"{path} {key}".strip())]
    if isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        return [line for number, each in enumerate(value, 1) for line in _flat(each, f"{path} {number}".strip())]
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    if value is None or value == "":
        return []
    return [Datum(path.replace("_", " "), str(value)[:MOST_LETTERS])]


def moves(plan: Plan, steps: Sequence[Step]) -> bool:
    """Whether the page should look again by itself: something runs, or is about to."""
    return plan.is_live and any(step.status in (Step.Status.READY, Step.Status.RUNNING) for step in steps)
