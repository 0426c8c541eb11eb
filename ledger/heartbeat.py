"""Signs of life of background processes."""

from __future__ import annotations

from datetime import timedelta

from ledger import clock
from ledger.models import Heartbeat


def beat(name: str, *, detail: str = "") -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": clock.now(), "detail": detail})


def age(name: str) -> timedelta | None:
    """How long ago it last went round; None when never."""
    found = Heartbeat.objects.filter(name=name).first()
    return clock.now() - found.beat_at if found else None
