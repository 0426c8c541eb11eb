"""Plots in per cent of their box, so that they stretch with the page: bars over time, spreads on a log scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from procure.console import wording
from procure.console.flow_figures import Bin, Spread

STEPS = (1, 2, 5)
#: In seconds: where a log scale has marks.
MARKS = (0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400)


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    width: float
    y: float
    height: float
    bin: Bin


@dataclass(frozen=True, slots=True)
class BarPlot:
    bars: tuple[Bar, ...]
    #: From below: the height of each in per cent from the top.
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class SpreadScale:
    least: float
    most: float
    marks: tuple[Mark, ...]

    def place(self, seconds: float) -> float:
        span = math.log(self.most) - math.log(self.least)
        part = (math.log(min(max(seconds, self.least), self.most)) - math.log(self.least)) / span
        return round(part * 100, 2)


@dataclass(frozen=True, slots=True)
class SpreadMark:
    """From the median to the 95th percentile."""

    p50: float
    p95: float
    width: float
    words: str


def bars(bins: Sequence[Bin]) -> BarPlot:
    top = nice(max((each.rate for each in bins), default=0.0))
    width = 100 / max(len(bins), 1)
    drawn = tuple(
        Bar(
            round(place * width + width * 0.1, 3),
            round(width * 0.8, 3),
            round(100 - each.rate / top * 100, 2),
            round(each.rate / top * 100, 2),
            each,
        )
        for place, each in enumerate(bins)
    )
    marks = tuple(Mark(round(100 - share * 100), _count(top * share)) for share in (0, 0.5, 1))
    return BarPlot(drawn, marks)


def nice(value: float) -> float:
    """The next round figure: 1, 2, 5, 10, 20, 50 … with at least 1."""
    power = 10 ** math.floor(math.log10(max(value, 1)))
    return float(next(step * power for step in (*STEPS, 10) if step * power >= value))


def _count(value: float) -> str:
    return f"{value:g}" if value < 10_000 else f"{value / 1000:g} k"


def scale(spreads: Iterable[Spread | None]) -> SpreadScale:
    """From the mark below the smallest to the mark above the greatest."""
    values = [value for each in spreads if each for value in (each.p50, each.p95)] or [0.01, 1.0]
    low = max([mark for mark in MARKS if mark <= max(min(values), MARKS[0])] or [MARKS[0]])
    high = min([mark for mark in MARKS if mark >= min(max(values), MARKS[-1])] or [MARKS[-1]])
    if high <= low:
        high = MARKS[min(MARKS.index(low) + 1, len(MARKS) - 1)]
    bare = SpreadScale(low, high, ())
    within = [mark for mark in MARKS if low <= mark <= high]
    every = math.ceil(len(within) / 4)
    marks = tuple(Mark(bare.place(mark), _short(mark)) for mark in within[::every])
    return SpreadScale(low, high, marks)


def _short(seconds: float) -> str:
    return wording.span(seconds).replace(".0 ", " ")


def spread_mark(found: Spread | None, on: SpreadScale) -> SpreadMark | None:
    if found is None:
        return None
    start, end = on.place(found.p50), on.place(found.p95)
    median, late = wording.span(found.p50), wording.span(found.p95)
    words = median if median == late else f"{median} – {late}"
    return SpreadMark(start, end, max(round(end - start, 2), 0.8), words)
