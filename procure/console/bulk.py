"""Pausing and resuming many plans: in batches, each plan by its own verb; what is refused is told, the rest goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from agents import plans
from agents.models import Plan
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.models import Person
from procure.console import control_room, sight
from procure.console.control_room import Narrowing

#: So many in one request, which then takes about a second.
BATCH = 25
MOST_PICKED = 500
#: Of those refused, so many are told by name.
MOST_TOLD = 50


@dataclass(frozen=True, slots=True)
class Verb:
    name: str
    title: Any
    button: Any
    effect: Any
    needs_reason: bool
    do: Callable[[Plan, Actor, str], object]


VERBS = {
    "pause": Verb(
        "pause",
        _("Pause plans"),
        _("Pause them"),
        _("What is at work ends and is kept; nothing new begins until somebody resumes them."),
        True,
        lambda plan, actor, reason: plans.pause(plan, actor=actor, reason=reason),
    ),
    "resume": Verb(
        "resume",
        _("Resume plans"),
        _("Resume them"),
        _("Each goes on where it stood."),
        False,
        lambda plan, actor, reason: plans.resume(plan, actor=actor),
    ),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """`last` is the key of the last plan that was taken; None when nothing is left."""

    done: int
    refused: tuple[tuple[str, str], ...]
    last: int | None


def chosen(person: Person, picked: Sequence[str], narrowing: Narrowing | None) -> QuerySet[Plan]:
    """Those picked by number, or all that the filters list; of these only those that the person may see."""
    if narrowing is not None:
        return control_room.rows(person, narrowing)
    return sight.plans(person).filter(reference__in=list(picked)[:MOST_PICKED]).order_by("-pk")


def carry(verb: Verb, rows: QuerySet[Plan], *, below: int | None, actor: Actor, reason: str) -> Batch:
    """The next batch, from the newest down. One that began later than the first batch is not taken."""
    left = rows if below is None else rows.filter(pk__lt=below)
    taken = list(left.select_related("entity", "template")[:BATCH])
    refused = []
    for plan in taken:
        try:
            verb.do(plan, actor, reason)
        except DomainError as error:
            refused.append((plan.reference, error.message))
    last = taken[-1].pk if len(taken) == BATCH else None
    return Batch(len(taken) - len(refused), tuple(refused), last)
