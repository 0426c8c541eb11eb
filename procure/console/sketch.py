"""A template drawn before anybody runs it: the graph of whatever can be read of a definition, sound or not. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from agents.definition import MOST_BRANCHES, Definition, StepSpec
from agents.graph import Lane, Place, lay_out
from agents.handing import Handing
from agents.queries import Branches, Edge, Node
from agents.soundness import RoleOf

MOST_DRAWN = 100
#: A template has no states and durations to show.
BOX_HEIGHT = 62


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is drawn, and what of the definition it was drawn from."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    lanes: tuple[Lane, ...]
    columns: int
    definition: Definition
    handing: Handing


def sketch(data: Mapping[str, Any], *, role_of: RoleOf, problems: Mapping[str, int] | None = None) -> Sketch:
    """`problems` counts by key; such a step is drawn as one that needs a person."""
    definition = readable(data)
    layout = lay_out([(each.key, each.role or "?", each.after) for each in definition.steps])
    nodes = tuple(_node(each, layout.places[each.key], (problems or {}).get(each.key, 0)) for each in definition.steps)
    edges = tuple(
        Edge(first, each.key, False, "failed" if _takes_over(definition, first, each.key) else "")
        for each in definition.steps
        for first in each.after
    )
    handing = Handing(definition, {each.key: role_of(each.role) for each in definition.steps})
    return Sketch(nodes, edges, layout.lanes, layout.columns, definition, handing)


def _takes_over(definition: Definition, first: str, then: str) -> bool:
    return any(each.key == first and each.branch == then for each in definition.steps)


def readable(data: Mapping[str, Any]) -> Definition:
    """What can be drawn: a key for each step, no step after itself, nothing that is not a text where a text belongs."""
    steps: list[StepSpec] = []
    for number, raw in enumerate(rows(data), 1):
        key = text(raw.get("key"))
        if not key or any(each.key == key for each in steps):
            key = f"{key}#{number}"
        steps.append(_spec(key, raw))
    given = data.get("inputs")
    inputs = {str(name): text(type_) for name, type_ in given.items()} if isinstance(given, Mapping) else {}
    return Definition(text(data.get("title")), text(data.get("subject")), _in_order(steps), inputs)


def rows(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Its steps, whatever else stands where steps should."""
    steps = data.get("steps")
    found = [each for each in steps if isinstance(each, Mapping)] if isinstance(steps, list) else []
    return found[:MOST_DRAWN]


def text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None or isinstance(value, dict | list) else str(value)


def texts(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text(each) for each in value)) if isinstance(value, list | tuple) else ()


def _spec(key: str, raw: Mapping[str, Any]) -> StepSpec:
    at_most, given = raw.get("at_most"), raw.get("given")
    return StepSpec(
        key=key,
        label=text(raw.get("label")) or key.replace("_", " ").capitalize(),
        role=text(raw.get("role")),
        task=text(raw.get("task")) or text(raw.get("key")),
        after=texts(raw.get("after")),
        when=text(raw.get("when")),
        given={str(name): text(each) for name, each in given.items()} if isinstance(given, Mapping) else {},
        each=text(raw.get("each")),
        along=text(raw.get("along")),
        branch=text(raw.get("branch")),
        join=text(raw.get("join", "all")),
        gather=text(raw.get("gather", "all")),
        compensation=text(raw.get("compensation")),
        reconsider=texts(raw.get("reconsider")),
        at_most=at_most if isinstance(at_most, int) and 0 < at_most <= MOST_BRANCHES else MOST_BRANCHES,
    )


def _in_order(steps: Sequence[StepSpec]) -> tuple[StepSpec, ...]:
    """Each `after` that closes no circle, in the order in which they stand."""
    after: dict[str, list[str]] = {each.key: [] for each in steps}

    def leads_to(start: str, end: str) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            if here == end:
                return True
            fresh = [each for each in after[here] if each not in seen]
            seen.update(fresh)
            waiting += fresh
        return False

    for spec in steps:
        for first in spec.after:
            if first in after and not leads_to(first, spec.key):
                after[spec.key].append(first)
    return tuple(_with_after(each, tuple(after[each.key])) for each in steps)


def _with_after(spec: StepSpec, after: tuple[str, ...]) -> StepSpec:
    return replace(spec, after=after)


def _node(spec: StepSpec, place: Place, problems: int) -> Node:
    fans = bool(spec.each or spec.along)
    return Node(
        key=spec.key,
        label=spec.label,
        role=spec.role or "?",
        state="parked" if problems else "planned",
        state_label="",
        attempts=problems,
        started=None,
        ended=None,
        duration=None,
        waiting_for=spec.when,
        asks_person=spec.role == "person",
        error="",
        evidence=0,
        proposals=(),
        degraded=False,
        cost=Decimal(0),
        column=place.column,
        row=place.row,
        join="" if spec.join == "all" or len(spec.after) < 2 else str(spec.join),
        branches=Branches(spec.at_most, 0, 0, False, str(spec.gather)) if fans else None,
        undoes=spec.compensation,
    )
