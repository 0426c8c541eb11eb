"""How many entries there were when: bars of equal width in time, each a link to its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, IntegerField, Max, Min, QuerySet, Value, When
from django.utils import timezone

from ledger.models import Entry

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: Widths a reader knows, narrowest first; the first that gives at most so many bars is taken.
WIDTHS = (timedelta(minutes=5), timedelta(minutes=15), HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY, 91 * DAY, 364 * DAY)
MOST_BARS = 60
#: The box the bars are drawn in; the page stretches it.
HEIGHT, ROOM = 64, 1200


@dataclass(frozen=True, slots=True)
class Bar:
    start: datetime
    end: datetime
    count: int
    x: int
    height: int

    @property
    def top(self) -> int:
        return HEIGHT - self.height

    @property
    def last_day(self) -> str:
        return timezone.localtime(self.end - timedelta(microseconds=1)).date().isoformat()

    @property
    def first_day(self) -> str:
        return timezone.localtime(self.start).date().isoformat()


@dataclass(frozen=True, slots=True)
class Activity:
    bars: tuple[Bar, ...]
    width: int
    most: int
    start: datetime
    end: datetime
    each: timedelta

    @property
    def room(self) -> int:
        return len(self.bars) * (self.width + 2)


def of(entries: QuerySet[Entry]) -> Activity | None:
    """None where there is nothing to draw: fewer than two entries."""
    entries = entries.order_by()
    ends = entries.aggregate(first=Min("time"), last=Max("time"))
    first, last = ends["first"], ends["last"]
    if first is None or first == last:
        return None
    each = next((width for width in WIDTHS if _bars(first, last, width) <= MOST_BARS), (last - first) / (MOST_BARS - 1))
    start = _floor(first, each)
    edges = [start + each * number for number in range(_bars(start, last, each))]
    counts = _counts(entries, edges, each)
    most, width = max(counts), ROOM // len(edges)
    return Activity(
        bars=tuple(
            Bar(edge, edge + each, count, number * width, max(2, HEIGHT * count // most) if count else 0)
            for number, (edge, count) in enumerate(zip(edges, counts, strict=True))
        ),
        width=width - 2,
        most=most,
        start=start,
        end=edges[-1] + each,
        each=each,
    )


def _bars(first: datetime, last: datetime, width: timedelta) -> int:
    return (last - _floor(first, width)) // width + 1


def _floor(instant: datetime, width: timedelta) -> datetime:
    """The start of its bar, counted from midnight where the reader is."""
    local = timezone.localtime(instant)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (local - midnight) // width * width if width < DAY else midnight


def _counts(entries: QuerySet[Entry], edges: list[datetime], each: timedelta) -> list[int]:
    """One pass of the database over the matching entries."""
    number = Case(
        *(When(time__lt=edge + each, then=Value(place)) for place, edge in enumerate(edges)),
        default=Value(len(edges) - 1),
        output_field=IntegerField(),
    )
    found = dict(entries.annotate(bar=number).values("bar").annotate(n=Count("pk")).values_list("bar", "n"))
    return [found.get(place, 0) for place in range(len(edges))]
