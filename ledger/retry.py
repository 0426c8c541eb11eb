"""When to try again: exponential delay with jitter. Pure."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=15)


def delay(attempt: int, *, at_least: timedelta | None = None, chance: float | None = None) -> timedelta:
    """After the given attempt (1, 2, …): 2 s, 4 s, 8 s … up to 15 min, spread by ±25 % so that failures part ways."""
    whole = min(FIRST * 2 ** min(attempt - 1, 20), LONGEST)
    spread = whole * (0.75 + 0.5 * (random.random() if chance is None else chance))
    return max(spread, at_least) if at_least else spread
