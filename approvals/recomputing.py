"""Facts that follow from the commands alone, computed anew by the same providers with every row out of reach.

What a provider can answer without the database follows from the commands, so a recorded answer that differs was not
computed from them. What it must read rows for is from the world as it was then, and cannot be computed again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn, cast

from django.db import connection

from approvals.facts import FACTS, Provider
from approvals.matter import Matter
from approvals.models import Proposal
from approvals.recollection import Recorded
from approvals.vocabulary import Answer, Facts, Uncomputable
from contracts.queries import AgreedPrice
from ledger.command import Command, Subjects, build
from ledger.errors import DomainError
from ledger.models import LegalEntity
from vendors.models import Item, Vendor

#: The claims are rows, verified against rows.
OF_ROWS = frozenset({"evidence_coverage"})


class _OutOfReach(Exception):
    """A row would have to be read."""


@dataclass(frozen=True, slots=True)
class _Partly:
    """Stands for a row, or for what is read off one: only this much of it is known."""

    known: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        if name in self.known:
            return self.known[name]
        raise _OutOfReach(name)


@dataclass(frozen=True)
class _Recalled(Matter):
    """A matter put together from ledger entries. Cost centres are spelled as they were recorded."""

    spelling: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def subjects(self) -> tuple[Subjects, ...]:
        return tuple(_subjects(each) for each in self.commands)

    @cached_property
    def vendors(self) -> list[Vendor]:
        return _unless(self.vendor_keys)

    @cached_property
    def items(self) -> list[Item]:
        return _unless(self.item_keys)

    @cached_property
    def agreed_prices(self) -> tuple[AgreedPrice | None, ...]:
        _unless(tuple(line.item for line in self.priced_lines if line.item and line.vendor))
        return (None,) * len(self.priced_lines)

    @property
    def _centres(self) -> Mapping[str, str]:  # type: ignore[override]
        return self.spelling


def _unless(keys: tuple[str, ...]) -> list[Any]:
    """The rows of no keys are none; any others are out of reach, which is said before a query is put together."""
    if keys:
        raise _OutOfReach
    return []


def _subjects(command: Command) -> Subjects:
    try:
        return command.subjects()
    except _OutOfReach:
        return cast(Subjects, _Partly(command.stated()))


def commands_of(recorded: Recorded) -> tuple[Command, ...]:
    """Raises `InvalidInput` when a kind is no longer known."""
    return tuple(build(each["kind"], each["fields"]) for each in recorded.bundle.commands)


def from_commands(recorded: Recorded) -> dict[str, Answer]:
    """The answers that need no row; empty when the commands themselves cannot be built any more."""
    try:
        matter = _matter(recorded)
    except DomainError:
        return {}
    answers: dict[str, Answer] = {}
    with _rows_out_of_reach():
        for name, fact in FACTS.items():
            if fact.provider is not None and name not in OF_ROWS:
                answer = _ask(fact.provider, matter)
                answers |= {name: answer} if answer is not None else {}
    return answers


def differing(facts: Facts, recomputed: Mapping[str, Answer]) -> dict[str, Answer]:
    """Recomputed answers that say something else than the recorded ones. How they came about does not matter."""
    return {
        name: answer
        for name, answer in recomputed.items()
        if name in facts.answers and _said(facts.answers[name]) != _said(answer)
    }


def _said(answer: Answer) -> tuple[type, Any]:
    return type(answer), getattr(answer, "value", None)


def _ask(provider: Provider, matter: Matter) -> Answer | None:
    try:
        return provider(matter)
    except _OutOfReach:
        return None
    except DomainError as error:
        return Uncomputable(error.message)


def _matter(recorded: Recorded) -> Matter:
    spelled = recorded.facts.value("cost_centres") or ()
    return _Recalled(
        commands=commands_of(recorded),
        author=recorded.author,
        requested_by=None,
        entity=cast(LegalEntity, _Partly({"base_currency": recorded.currency})),
        at=recorded.at,
        today=recorded.today,
        confidence=recorded.confidence,
        urgency=recorded.urgency,
        claims=0,
        claims_verified=0,
        made_at=recorded.at,
        undo_of=cast(Proposal, _Partly({})) if recorded.undo_of else None,
        spelling={code.casefold(): code for code in spelled},
    )


@contextmanager
def _rows_out_of_reach() -> Iterator[None]:
    def refuse(*_args: Any) -> NoReturn:
        raise _OutOfReach

    with connection.execute_wrapper(refuse):
        yield
