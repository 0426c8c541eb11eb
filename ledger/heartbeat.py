"""Signs of life of background processes."""

from __future__ import annotations

from datetime import timedelta

from ledger import clock
from ledger.models import Heartbeat

WORKER, SWEEPER = "worker", "sweeper"


def beat(name: str, *, detail: str = "") -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": clock.now(), "detail": detail})


def age(name: str) -> timedelta | None:
    """How long ago it last went round; None when never."""
    found = Heartbeat.objects.filter(name=name).first()
    return clock.now() - found.beat_at if found else None


def keep_worker_beating() -> None:
    """The task queue's cluster beats as soon as it can, and then every minute by a schedule of its own."""
    from django_q.models import Schedule
    from django_q.tasks import async_task

    unsaved = {"q_options": {"save": False}}
    task = {"func": f"{__name__}.beat", "args": repr(WORKER), "kwargs": repr(unsaved)}
    Schedule.objects.update_or_create(
        name="heartbeat", defaults=task | {"schedule_type": Schedule.MINUTES, "minutes": 1}
    )
    async_task(f"{__name__}.beat", WORKER, **unsaved)
