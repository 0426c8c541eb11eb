"""How long to wait before trying again. Pure."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=10)


def delay(failures: int, *, jitter: float, first: timedelta = FIRST, longest: timedelta = LONGEST) -> timedelta:
    """Doubles with each failure up to the longest; `jitter` in 0..1 takes up to half of it away."""
    full = min(first * 2 ** min(max(failures, 1) - 1, 20), longest)
    return full * (1 - jitter / 2)
