"""The roles: each a specification (reads, may propose, tasks) and an `act(context)`.

A role module has `SPECIFICATION` and `act`. It reads lower floors through their queries and pure rooms, and its only
effects are its result, model calls and proposals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from agents.errors import UnknownRole
from agents.values import Record

if TYPE_CHECKING:
    from agents.context import Context
    from agents.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Specification:
    """What a role is for, in words for the governance page and in sets for the code that holds it to them."""

    name: str
    purpose: str
    reads: tuple[str, ...]
    may_propose: frozenset[str]
    tasks: Mapping[str, Callable[[Context], Outcome]]
    #: By task: what a template must hand it, and what its result holds (see agents.values).
    takes: Mapping[str, Record] = field(default_factory=dict)
    gives: Mapping[str, Record] = field(default_factory=dict)
    #: By task: where what it takes came from while templates did not say, for plans that began then.
    assumed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Tasks of some milliseconds without a call to the outside: one worker does several of a plan in one go.
    quick: frozenset[str] = frozenset()
    #: Quick tasks that only compute, from what they are given and what stands in the tables: they neither propose nor
    #: wait nor ask a model. Done twice is as good as once, so the results of several may be stored together.
    pure: frozenset[str] = frozenset()
    #: Tasks that a remote worker may do.
    remote: frozenset[str] = frozenset()


class RoleModule(Protocol):
    SPECIFICATION: Specification

    def act(self, context: Context) -> Outcome: ...


_paths: dict[str, str] = {
    "intake": "agents.roles.intake",
    "research": "agents.roles.research",
    "sourcing": "agents.roles.sourcing",
    "compliance": "agents.roles.compliance",
    "person": "agents.roles.asking",
    "undo": "agents.roles.undoing",
    "site": "agents.roles.site",
}


def register(name: str, *, module: str) -> None:
    _paths[name] = module


def load(name: str) -> RoleModule:
    if name not in _paths:
        raise UnknownRole(f"There is no role “{name}”. Known: {', '.join(sorted(_paths))}.")
    return cast(RoleModule, import_module(_paths[name]))


def specifications() -> dict[str, Specification]:
    return {name: load(name).SPECIFICATION for name in sorted(_paths)}


def of(name: str) -> Specification | None:
    """What a template may name; None when there is no such role."""
    return load(name).SPECIFICATION if name in _paths else None


def gives(name: str, task: str) -> Record | None:
    """What the result of this task holds; None when nobody says."""
    role = of(name)
    return None if role is None else role.gives.get(task)


def is_pure(name: str, task: str) -> bool:
    role = of(name)
    return role is not None and task in role.pure


def pure() -> list[str]:
    """Every pure task of every role, as role.task."""
    return [f"{name}.{task}" for name, role in specifications().items() for task in sorted(role.pure)]


def quick(name: str) -> frozenset[str]:
    """Its quick tasks; none when there is no such role."""
    role = of(name)
    return frozenset() if role is None else role.quick
