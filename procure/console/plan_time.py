"""A plan's time line: for each step the stretches in which it worked, waited or rested, on one axis. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from zoneinfo import ZoneInfo

from agents.models import Step, StepAttempt

#: An axis has at most this many marks.
MOST_TICKS = 5
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800)
#: In per cent of the axis: what is shorter is drawn so long, or nobody would see it.
SHORTEST = 0.5
SHORTEST_AXIS = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """`kind`: work, failed, wait or pause. In per cent of the axis."""

    kind: str
    start: float
    width: float
    began: datetime
    took: timedelta
    number: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    rows: Mapping[str, tuple[Stretch, ...]]
    ticks: tuple[Tick, ...]
    zone: str
    first: datetime
    last: datetime


def time_line(
    steps: Sequence[Step], tries: Sequence[StepAttempt], *, first: datetime, last: datetime, zone: ZoneInfo
) -> TimeLine:
    """From `first` to `last`, which is now while the plan runs."""
    last = max(last, first + SHORTEST_AXIS)
    by_step: dict[int, list[StepAttempt]] = {}
    for each in tries:
        by_step.setdefault(each.step_id, []).append(each)
    axis = _Axis(first, last)
    return TimeLine(
        rows={step.key: tuple(_stretches(step, by_step.get(step.pk, []), axis)) for step in steps},
        ticks=_ticks(first, last, zone),
        zone=last.astimezone(zone).tzname() or str(zone),
        first=first,
        last=last,
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    first: datetime
    last: datetime

    def place(self, moment: datetime) -> float:
        part = (moment - self.first) / (self.last - self.first) * 100
        return round(min(max(part, 0.0), 100.0), 2)

    def stretch(self, kind: str, began: datetime, ended: datetime, number: int, detail: str = "") -> Stretch:
        start = min(self.place(began), 100 - SHORTEST)
        width = max(self.place(ended) - start, SHORTEST)
        return Stretch(kind, start, round(width, 2), began, max(ended - began, timedelta(0)), number, detail)


def _stretches(step: Step, tries: Sequence[StepAttempt], axis: _Axis) -> list[Stretch]:
    found: list[Stretch] = []
    for each, following in zip_longest(tries, tries[1:]):
        until = following.started_at if following else None
        ended = each.ended_at or until or (axis.last if step.status == Step.Status.RUNNING else each.started_at)
        kind = "failed" if each.outcome in (StepAttempt.Outcome.FAILED, StepAttempt.Outcome.PARKED) else "work"
        found.append(axis.stretch(kind, each.started_at, ended, each.number, each.detail))
        rest = until or (axis.last if step.status in (Step.Status.WAITING, Step.Status.READY) else None)
        if rest and rest > ended:
            waits = each.outcome == StepAttempt.Outcome.WAITS
            found.append(axis.stretch("wait" if waits else "pause", ended, rest, each.number, each.detail))
    return found


def _ticks(first: datetime, last: datetime, zone: ZoneInfo) -> tuple[Tick, ...]:
    """At round moments of the reader's clock."""
    seconds = (last - first).total_seconds()
    size = next((each for each in _STEPS if seconds / each <= MOST_TICKS), None)
    step = timedelta(seconds=size or 604800 * (int(seconds / 604800 / MOST_TICKS) + 1))
    local = first.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + ((local - midnight) // step) * step
    form = "%H:%M:%S" if step < timedelta(minutes=1) else "%H:%M" if step < timedelta(days=1) else "%-d %b"
    axis, ticks = _Axis(first, last), []
    while at <= last:
        if at >= first:
            day = "%-d %b" if at.hour == at.minute == at.second == 0 and step >= timedelta(hours=1) else form
            ticks.append(Tick(axis.place(at), at.strftime(day)))
        at += step
    return tuple(ticks)
