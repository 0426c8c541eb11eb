"""The control room: how many plans stand where, and the rows behind each figure. Every query is bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from agents.models import Plan, PlanTemplate, Step
from ledger import clock
from ledger.models import LegalEntity, Person
from procure.console import sight

#: A figure is counted up to here; beyond it the page says “more than”.
MOST_COUNTED = 10_000
PER_PAGE = 50
MOST_ASKERS = 200
#: What is due for longer than this, with nobody on it, is stalled.
UNCLAIMED = timedelta(seconds=60)
AGES = {
    "hour": (_("older than an hour"), timedelta(hours=1)),
    "day": (_("older than a day"), timedelta(days=1)),
    "week": (_("older than a week"), timedelta(days=7)),
    "month": (_("older than 30 days"), timedelta(days=30)),
}
PlanStatus, StepStatus = Plan.Status, Step.Status
ACTIVE = (StepStatus.READY, StepStatus.RUNNING, StepStatus.WAITING, StepStatus.PARKED)


@dataclass(frozen=True, slots=True)
class State:
    """One figure: what it counts, and how a plan comes to be counted."""

    name: str
    label: Any
    hint: Any
    shape: str
    condition: Callable[[datetime], Q]


def _with_step(condition: Callable[[datetime], Q]) -> Callable[[datetime], Q]:
    """Live plans that have such a step; steps in these states are few, and found by an index."""
    return lambda now: Q(status__in=Plan.LIVE, pk__in=Step.objects.filter(condition(now)).values("plan"))


def _stalled(now: datetime) -> Q:
    unclaimed = Q(status=StepStatus.READY, due_at__lt=now - UNCLAIMED, plan__paused_at=None)
    return unclaimed | Q(status=StepStatus.RUNNING, lease_until__lt=now)


STATES = (
    State("running", _("running"), _("A step is at work or due."), "running", lambda now: Q(status=PlanStatus.RUNNING)),
    State(
        "people",
        _("waiting on people"),
        _("Somebody is asked for a decision or an answer."),
        "waiting",
        _with_step(lambda now: Q(status=StepStatus.WAITING, asks_person=True)),
    ),
    State(
        "parked",
        _("need a person"),
        _("A step is parked: its tries are used up, or it cannot go on."),
        "parked",
        lambda now: Q(status=PlanStatus.PARKED),
    ),
    State(
        "failing",
        _("failing"),
        _("A step failed and is tried again."),
        "failed",
        _with_step(lambda now: Q(status=StepStatus.READY, attempts__gt=0) & ~Q(error="")),
    ),
    State(
        "stalled",
        _("stalled"),
        _("A step is due for more than a minute with nobody on it, or its worker is silent."),
        "cancelled",
        _with_step(_stalled),
    ),
    State("paused", _("paused"), _("A person paused it."), "paused", lambda now: Q(status=PlanStatus.PAUSED)),
    State(
        "undone",
        _("undone"),
        _("It was taken back, or is being taken back."),
        "skipped",
        lambda now: Q(status=PlanStatus.COMPENSATING) | Q(status=PlanStatus.CANCELLED, compensating_at__isnull=False),
    ),
)
BY_NAME = {each.name: each for each in STATES}


@dataclass(frozen=True, slots=True)
class Figure:
    state: State
    count: int
    more: bool


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of the plans is listed. Values that mean nothing narrow nothing."""

    state: str = ""
    template: str = ""
    role: str = ""
    person: str = ""
    age: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Narrowing:
        return cls(**{name: given.get(name, "")[:80] for name in cls.__slots__})

    def as_query(self) -> dict[str, str]:
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}


def figures(person: Person) -> list[Figure]:
    now = clock.now()
    rows = sight.plans(person).order_by()
    counts = [(each, rows.filter(each.condition(now))[: MOST_COUNTED + 1].count()) for each in STATES]
    return [Figure(state, min(count, MOST_COUNTED), count > MOST_COUNTED) for state, count in counts]


def rows(person: Person, narrowing: Narrowing) -> QuerySet[Plan]:
    """Newest first. Without a state: the live ones."""
    now = clock.now()
    found = sight.plans(person)
    state = BY_NAME.get(narrowing.state)
    found = found.filter(state.condition(now)) if state else found.filter(status__in=Plan.LIVE)
    if narrowing.template:
        found = found.filter(template__name=narrowing.template)
    if narrowing.role:
        at_work = Step.objects.filter(role=narrowing.role, status__in=ACTIVE)
        found = found.filter(pk__in=at_work.values("plan"))
    if narrowing.person.isdecimal():
        found = found.filter(requested_by=int(narrowing.person))
    if narrowing.age in AGES:
        found = found.filter(started_at__lt=now - AGES[narrowing.age][1])
    return found.order_by("-pk")


def count(found: QuerySet[Plan]) -> tuple[int, bool]:
    """How many, and whether there are more than are counted."""
    number = found.order_by()[: MOST_COUNTED + 1].count()
    return min(number, MOST_COUNTED), number > MOST_COUNTED


def template_names(entity: LegalEntity) -> list[str]:
    return list(PlanTemplate.objects.filter(entity=entity).order_by("name").values_list("name", flat=True).distinct())


def askers(entity: LegalEntity) -> QuerySet[Person]:
    """Whoever a live plan runs for."""
    live = Plan.objects.filter(status__in=Plan.LIVE, requested_by=OuterRef("pk"))
    people = Person.objects.filter(Exists(live), entity=entity)
    return people.order_by("first_name", "last_name", "pk")[:MOST_ASKERS]
