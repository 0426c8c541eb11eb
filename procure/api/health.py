"""What a supervisor, a load balancer and a monitor ask: alive, ready, and a few figures. No names, no values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agents import queries
from ledger import clock, heartbeat, scrubbing
from ledger.models import Effect, Entry, LedgerHead

#: Work due for longer than this means that no worker is doing it.
LATE = timedelta(minutes=2)


#: Both beat every ten seconds; either may be in the middle of a long visit.
STALE = {heartbeat.WORKER: timedelta(minutes=3), heartbeat.SWEEPER: timedelta(minutes=2)}


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    good: bool
    detail: str


@require_safe
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("live\n", content_type="text/plain; charset=utf-8")


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Database, ledger and worker are fit for work: 200, else 503 with what is wrong."""
    checks = [_safely(each) for each in (database, ledger_head, work, heartbeats, restarts, true_clock, scrub)]
    body = {
        "status": "ready" if all(each.good for each in checks) else "not ready",
        "checks": {each.name: {"ok": each.good, "detail": each.detail} for each in checks},
    }
    return JsonResponse(body, status=200 if body["status"] == "ready" else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges in the Prometheus text format."""
    lines = []
    for name, help_text, value in gauges():
        lines += [f"# HELP procure_{name} {help_text}", f"# TYPE procure_{name} gauge", f"procure_{name} {value}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def gauges() -> list[tuple[str, str, Any]]:
    now = clock.now()
    effects = Effect.objects.filter(status__in=Effect.OPEN)
    due = effects.filter(status=Effect.Status.WAITING, not_before__lte=now).order_by("not_before").first()
    waited = _age(due.not_before if due else None, now)
    return [
        ("ledger_entries", "Entries in all logs.", sum(LedgerHead.objects.values_list("seq", flat=True))),
        ("outbox_open", "Outside effects not settled yet.", effects.count()),
        (
            "steps_oldest_due_seconds",
            "How long the oldest due plan step waits.",
            int(queries.oldest_due().total_seconds()),
        ),
        ("outbox_unknown", "Effects whose outcome a person must find out.", effects.filter(status="unknown").count()),
        ("outbox_oldest_due_seconds", "How long the oldest due effect has waited.", waited),
    ]


def _age(since: datetime | None, now: datetime) -> int:
    return max(0, int((now - since).total_seconds())) if since else 0


def _safely(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except DatabaseError:
        return Check(check.__name__, good=False, detail="the database does not answer")


def database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Check("database", good=True, detail=connection.vendor)


def ledger_head() -> Check:
    """Each head names the newest entry of its log; the whole chain is for `ledger verify`."""
    for head in LedgerHead.objects.all():
        newest = Entry.objects.filter(log=head).order_by("-seq").first()
        if (newest.seq, newest.hash) != (head.seq, head.hash) if newest else head.seq != 0:
            return Check("ledger", good=False, detail=f"the head of log {head.log} is not its newest entry")
    return Check("ledger", good=True, detail="each head is its log's newest entry")


def work() -> Check:
    """What has been due longest, of plan steps and outside effects; a worker takes either within seconds."""
    now = clock.now()
    waiting = Effect.objects.filter(status=Effect.Status.WAITING, not_before__lte=now).order_by("not_before").first()
    effects = timedelta(seconds=_age(waiting.not_before if waiting else None, now))
    oldest = max(effects, queries.oldest_due())
    return Check(
        "work", good=oldest < LATE, detail=f"the oldest work that is due waits {int(oldest.total_seconds())} s"
    )


def heartbeats() -> Check:
    """Worker and sweeper went round lately. One that never did is still starting; `work` tells when nobody comes."""
    ages = {name: heartbeat.age(name) for name in STALE}
    stale = [name for name, age in ages.items() if age is not None and age > STALE[name]]
    return Check("heartbeats", good=not stale, detail="; ".join(_heard(name, age, stale) for name, age in ages.items()))


def restarts() -> Check:
    """What the supervisor had to start again in the last day. It is told, and is no reason to send nobody here."""
    found = heartbeat.restarts()
    newest = f"; the last one was the {found[0].name}: {found[0].reason}" if found else ""
    return Check("restarts", good=True, detail=f"{len(found)} in the last day{newest}")


def true_clock() -> Check:
    """A jump that nobody has confirmed holds expiries and openings."""
    if clock.held():
        return Check("clock", good=False, detail="it has jumped and nobody has confirmed it: `manage.py clock show`")
    return Check("clock", good=True, detail="it has not jumped")


def scrub() -> Check:
    """What was erased and still lies in the database's files. It is told, and is no reason to send nobody here."""
    found = scrubbing.standing()
    if found is None:
        return Check("scrub", good=True, detail="nothing is due")
    held = f"; {len(found.held_by)} hold an older state, see `manage.py ledger scrub`" if found.held_by else ""
    return Check("scrub", good=True, detail=f"due for {found.erasures} since {found.since:%Y-%m-%d %H:%M} UTC{held}")


def _heard(name: str, age: timedelta | None, stale: list[str]) -> str:
    if age is None:
        return f"the {name} has not gone round yet"
    return f"the {name} {'has been silent for' if name in stale else 'went round within'} {int(age.total_seconds())} s"
