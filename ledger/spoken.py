"""Which fields of a command hold what a person typed or said: their text never enters the ledger's bytes.

A field type is marked once, `Reason = Annotated[str, …, AUTHORS]`; every command that uses it is covered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ledger.command import Command


@dataclass(frozen=True, slots=True)
class Spoken:
    """Marks a field type. `of_requester`: the words of whoever needs it, else of whoever writes the command."""

    of_requester: bool


#: A reason, a note: whoever proposes the command types it.
AUTHORS = Spoken(of_requester=False)
#: What is needed, in words: they go back to the requester, whoever copies them.
REQUESTERS = Spoken(of_requester=True)


@dataclass(frozen=True, slots=True)
class Said:
    """One such text: where it stands below the command's fields, as `reason` or `lines.0.description`."""

    path: str
    text: str
    of_requester: bool


def said_in(command: Command) -> tuple[Said, ...]:
    return tuple(_walk(command, ""))


def without(as_json: dict[str, Any], paths: set[str]) -> dict[str, Any]:
    """A command's JSON without the texts at these paths."""
    return as_json | {"fields": _without(as_json["fields"], paths, "")}


def _walk(model: BaseModel, prefix: str) -> Iterator[Said]:
    for name, info in type(model).model_fields.items():
        value, path = getattr(model, name), f"{prefix}{name}"
        mark = next((each for each in info.metadata if isinstance(each, Spoken)), None)
        if isinstance(value, str):
            if mark and value:
                yield Said(path, value, mark.of_requester)
            continue
        inner = value if isinstance(value, list | tuple) else [value]
        for number, each in enumerate(inner):
            if isinstance(each, BaseModel):
                yield from _walk(each, f"{path}.{number}." if inner is value else f"{path}.")


def _without(value: Any, paths: set[str], prefix: str) -> Any:
    if isinstance(value, list):
        return [_without(each, paths, f"{prefix}{number}.") for number, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    kept = {name: each for name, each in value.items() if f"{prefix}{name}" not in paths}
    return {name: _without(each, paths, f"{prefix}{name}.") for name, each in kept.items()}
