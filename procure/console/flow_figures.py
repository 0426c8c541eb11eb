"""How work flows through the roles, from the latest starts of steps: throughput, latency, failures. Bounded."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max

from agents import queries, roles
from agents.models import Step, StepAttempt
from ledger import clock, heartbeat
from ledger.models import LegalEntity, Restart, Switch

#: Starts that are looked at, the newest of all plans.
SAMPLE = 5_000
WINDOW = timedelta(hours=24)
BARS = 24
Outcome = StepAttempt.Outcome


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a step."""

    step: int
    role: str
    number: int
    began: datetime
    ended: datetime | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and 95th percentile, in seconds, of so many."""

    count: int
    p50: float
    p95: float


@dataclass(frozen=True, slots=True)
class RoleFlow:
    role: str
    running: int
    due: int
    parked: int
    tries: int
    failures: int
    act: Spread | None
    wait: Spread | None
    stop: Switch | None

    @property
    def title(self) -> str:
        return self.role.replace("_", " ")

    @property
    def failure_share(self) -> float:
        return self.failures / self.tries if self.tries else 0.0


@dataclass(frozen=True, slots=True)
class Bin:
    """`rate` is steps finished an hour."""

    start: datetime
    end: datetime
    finished: int
    rate: float


@dataclass(frozen=True, slots=True)
class Throughput:
    bins: tuple[Bin, ...]
    since: datetime
    until: datetime
    finished: int
    #: The sample reaches back over the whole window.
    whole: bool


@dataclass(frozen=True, slots=True)
class QueueHealth:
    worker: timedelta | None
    sweeper: timedelta | None
    oldest_due: timedelta
    due: int
    rings: int
    #: What the supervisor started again in the last day, newest first.
    restarts: tuple[Restart, ...]


def starts(entity: LegalEntity) -> list[Start]:
    """The newest starts, oldest first. By the primary key, so that old ones cost nothing."""
    newest = StepAttempt.objects.aggregate(newest=Max("pk"))["newest"] or 0
    rows = StepAttempt.objects.filter(pk__gt=newest - SAMPLE, step__plan__entity=entity).order_by("pk")
    return [
        Start(*row) for row in rows.values_list("step_id", "step__role", "number", "started_at", "ended_at", "outcome")
    ]


def throughput(found: Sequence[Start], *, now: datetime) -> Throughput:
    """Over the last day, or as far back as the sample reaches when more happened."""
    whole = len(found) < SAMPLE or found[0].began <= now - WINDOW
    since = now - WINDOW if whole else found[0].began
    size = max((now - since) / BARS, timedelta(seconds=1))
    counts = Counter(
        min(int((each.ended - since) / size), BARS - 1)
        for each in found
        if each.outcome == Outcome.FINISHED and each.ended and since <= each.ended <= now
    )
    hours = size / timedelta(hours=1)
    bins = tuple(
        Bin(since + size * place, since + size * (place + 1), counts[place], counts[place] / hours)
        for place in range(BARS)
    )
    return Throughput(bins, since, now, sum(counts.values()), whole)


def by_role(found: Sequence[Start], entity: LegalEntity) -> list[RoleFlow]:
    acts: dict[str, list[float]] = defaultdict(list)
    waits: dict[str, list[float]] = defaultdict(list)
    tries, failures = Counter[str](), Counter[str]()
    waiting: dict[int, datetime] = {}
    for each in found:
        tries[each.role] += 1
        failures[each.role] += each.outcome in (Outcome.FAILED, Outcome.PARKED)
        if (since := waiting.pop(each.step, None)) is not None:
            waits[each.role].append(max((each.began - since).total_seconds(), 0.0))
        if each.ended is not None:
            acts[each.role].append(max((each.ended - each.began).total_seconds(), 0.0))
            if each.outcome == Outcome.WAITS:
                waiting[each.step] = each.ended
    now_at = _open_steps(entity)
    stops = {each.scope: each for each in Switch.objects.filter(scope__startswith="role:", stopped=True)}
    names = sorted({*roles.specifications(), *tries, *(role for role, _status in now_at)})
    return [
        RoleFlow(
            role=name,
            running=now_at[name, Step.Status.RUNNING],
            due=now_at[name, Step.Status.READY],
            parked=now_at[name, Step.Status.PARKED],
            tries=tries[name],
            failures=failures[name],
            act=spread(acts[name]),
            wait=spread(waits[name]),
            stop=stops.get(f"role:{name}"),
        )
        for name in names
    ]


def _open_steps(entity: LegalEntity) -> Counter[tuple[str, str]]:
    """(role, status) of what is at work, due or parked; what merely waits is not counted, it may be most of all."""
    active = (Step.Status.RUNNING, Step.Status.READY, Step.Status.PARKED)
    rows = Step.objects.filter(status__in=active, plan__entity=entity).order_by().values_list("role", "status")
    return Counter({(role, status): number for role, status, number in rows.annotate(number=Count("pk"))})


def spread(seconds: Iterable[float]) -> Spread | None:
    """By nearest rank; None for nothing."""
    ordered = sorted(seconds)
    if not ordered:
        return None
    rank = lambda share: ordered[max(0, math.ceil(share * len(ordered)) - 1)]  # noqa: E731
    return Spread(len(ordered), rank(0.5), rank(0.95))


def health(entity: LegalEntity) -> QueueHealth:
    from django_q.models import OrmQ

    now = clock.now()
    due = Step.objects.filter(status=Step.Status.READY, due_at__lte=now, plan__entity=entity, plan__paused_at=None)
    return QueueHealth(
        worker=heartbeat.age(heartbeat.WORKER),
        sweeper=heartbeat.age(heartbeat.SWEEPER),
        oldest_due=queries.oldest_due(entity),
        due=due[:SAMPLE].count(),
        rings=OrmQ.objects.count(),
        restarts=tuple(heartbeat.restarts()),
    )
