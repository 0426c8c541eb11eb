"""How long to wait before trying again. Pure."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=2)
LONGEST = timedelta(minutes=10)


def delay(failures: int, *, jitter: float) -> timedelta:
    """Doubles with each failure up to ten minutes; `jitter` in 0..1 takes up to half of it away."""
    full = min(FIRST * 2 ** min(max(failures, 1) - 1, 20), LONGEST)
    return full * (1 - jitter / 2)
