"""Signs of life of background processes, and what was started again for want of one."""

from __future__ import annotations

from datetime import timedelta

from ledger import clock
from ledger.models import Heartbeat, Restart

WORKER, SWEEPER = "worker", "sweeper"
#: More than so many waiting rows say enough: nobody takes them, and another question would only wait with them.
ENOUGH = 8
KEPT = 500


def beat(name: str, *, detail: str = "") -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"beat_at": clock.now(), "detail": detail})


def age(name: str) -> timedelta | None:
    """How long ago it last went round; None when never."""
    found = Heartbeat.objects.filter(name=name).first()
    return clock.now() - found.beat_at if found else None


def ask_worker() -> None:
    """The cluster beats by a task like any other: only one that takes tasks and ends them is heard."""
    from django_q.brokers import get_broker
    from django_q.tasks import async_task

    if get_broker().queue_size() < ENOUGH:
        async_task(f"{__name__}.beat", WORKER, q_options={"save": False})


def restarted(name: str, *, reason: str) -> None:
    """Kept for the health page; the oldest are forgotten."""
    Restart.objects.create(name=name, at=clock.now(), reason=reason[:300])
    kept = Restart.objects.values_list("pk", flat=True)[:KEPT]
    Restart.objects.exclude(pk__in=list(kept)).delete()


def restarts(within: timedelta = timedelta(days=1)) -> list[Restart]:
    """Newest first."""
    return list(Restart.objects.filter(at__gte=clock.now() - within))
