"""Pausing and resuming many plans, each by its own verb: what is refused is told, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from agents import plans
from agents.models import Plan
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.gauges import SILENT, Cancelled, Gauge
from ledger.jobs import Ended
from ledger.models import Job, Person
from procure.console import control_room, sight
from procure.console.control_room import Narrowing

#: So many are done while the person waits, in about a second; more are background work.
AT_ONCE = 25
MOST_PICKED = 500
#: Of those refused, so many are told by name.
MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Verb:
    """`stands`: whether a plan already is as the verb would make it."""

    name: str
    title: Any
    button: Any
    effect: Any
    needs_reason: bool
    stands: Callable[[Plan], bool]
    do: Callable[[Plan, Actor, str], object]


VERBS = {
    "pause": Verb(
        "pause",
        _("Pause plans"),
        _("Pause them"),
        _("What is at work ends and is kept; nothing new begins until somebody resumes them."),
        True,
        lambda plan: plan.status == Plan.Status.PAUSED,
        lambda plan, actor, reason: plans.pause(plan, actor=actor, reason=reason),
    ),
    "resume": Verb(
        "resume",
        _("Resume plans"),
        _("Resume them"),
        _("Each goes on where it stood."),
        False,
        lambda plan: plan.is_live and plan.status != Plan.Status.PAUSED,
        lambda plan, actor, reason: plans.resume(plan, actor=actor),
    ),
}


@dataclass(slots=True)
class Tally:
    """`stopped`: it was cancelled before all had their turn; what was done until then stays."""

    done: int = 0
    stood: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False

    def as_json(self, of: int) -> dict[str, Any]:
        return {
            "done": self.done,
            "stood": self.stood,
            "refused": self.refused[:MOST_TOLD],
            "not_done": len(self.refused),
            "stopped": self.stopped,
            "of": of,
        }


def chosen(person: Person, picked: Sequence[str], narrowing: Narrowing | None) -> QuerySet[Plan]:
    """Those picked by number, or all that the filters list; of these only those that the person may see."""
    if narrowing is not None:
        return control_room.rows(person, narrowing)
    return sight.plans(person).filter(reference__in=list(picked)[:MOST_PICKED]).order_by("-pk")


def carry(verb: Verb, keys: Sequence[int], *, person: Person, reason: str, gauge: Gauge = SILENT) -> Tally:
    """One after the other, each in its own transaction."""
    tally, actor = Tally(), Actor.human(person)
    try:
        gauge.of(len(keys), str(verb.title))
        for start in range(0, len(keys), AT_ONCE):
            batch = sight.plans(person).filter(pk__in=keys[start : start + AT_ONCE])
            for plan in batch.select_related("entity", "template").order_by("-pk"):
                _one(verb, plan, actor, reason, tally)
                gauge.step()
    except Cancelled:
        tally.stopped = True
    return tally


def _one(verb: Verb, plan: Plan, actor: Actor, reason: str, tally: Tally) -> None:
    if verb.stands(plan):
        tally.stood += 1
        return
    try:
        verb.do(plan, actor, reason)
    except DomainError as error:
        tally.refused.append((plan.reference, error.message))
    else:
        tally.done += 1


def run(job: Job, gauge: Gauge) -> Ended:
    """For `ledger.jobs`. Started again it finds what it did before standing, and does the rest."""
    told = job.arguments
    keys = [int(each) for each in told["plans"]]
    tally = carry(VERBS[told["verb"]], keys, person=job.person, reason=told["reason"], gauge=gauge)
    return Ended(tally.as_json(len(keys)))
