"""What a template hands a task: looked up where the template says, and of the type that the role takes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agents.errors import Unresolved
from agents.values import Record, misfit

#: Sources that are no steps.
PLAN, ITEM = "plan", "item"


def resolve(
    given: Mapping[str, str], *, inputs: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]], item: Any
) -> dict[str, Any]:
    """By name, from `plan.<input>`, `<step>.<field>`, `item` or `item.<field>`; fields may be of fields.

    A field that its place does not have is null where the place is there; a step without a result is an error.
    """
    return {name: _look_up(name, source, inputs, results, item) for name, source in given.items()}


def _look_up(
    name: str, source: str, inputs: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]], item: Any
) -> Any:
    place, _, path = source.partition(".")
    if place == ITEM:
        found = item
    elif place == PLAN:
        found = inputs
    elif place in results:
        found = results[place]
    else:
        raise Unresolved(f"“{name}” comes from “{source}”, but “{place}” has no result.")
    for each in filter(None, path.split(".")):
        found = found.get(each) if isinstance(found, Mapping) else None
    return found


def require(found: Mapping[str, Any], takes: Record) -> None:
    """What a task does not say that it takes is handed on as it is."""
    if problem := misfit(found, takes):
        raise Unresolved(f"What the template hands this step does not fit: {problem}.")
