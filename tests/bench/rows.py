"""One line of the table, and medians of interleaved runs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    what: str
    ours: str
    peer: str
    ratio: float


def medians(ours: Callable[[], None], peer: Callable[[], None], *, runs: int = 300) -> tuple[float, float]:
    """Median seconds of each, run in turn so that a busy machine slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for act, kept in ((ours, times[0]), (peer, times[1])):
            started = time.perf_counter()
            act()
            kept.append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])
