"""Brings waiting steps back: when the journal names what they wait for, and when their time has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import crashpoints
from agents.models import AwaitedObject, Step
from agents.steps import AT_REST
from ledger import clock, feed
from ledger.command import ObjectRef
from ledger.models import Cursor, EntryObject, LedgerHead

CURSOR = "engine"


def due() -> bool:
    """Whether the journal has gone on, or somebody's time has come."""
    return any(_behind(log) for log in _logs()) or _late().exists()


def follow_feed() -> int:
    """Reads on in every log and wakes the steps that wait for a named object. Returns how many were woken."""
    return sum(_follow(log) for log in _logs())


def _logs() -> list[str]:
    return list(LedgerHead.objects.order_by("log").values_list("log", flat=True))


def _follow(log: str) -> int:
    woken = 0
    while _behind(log):
        with transaction.atomic():
            hold_cursor(log)
            entries = feed.read(CURSOR, log=log)
            if not entries:
                break
            named = EntryObject.objects.filter(
                entry__log=log,
                entry__seq__gte=entries[0].seq,
                entry__seq__gt=OuterRef("since"),
                entry__seq__lte=entries[-1].seq,
                kind=OuterRef("kind"),
                key=OuterRef("key"),
            )
            woken += wake(
                AwaitedObject.objects.filter(Exists(named), step__plan__entity__log=log).values_list("step", flat=True)
            )
            feed.advance(CURSOR, log=log, to=entries[-1].seq)
            crashpoints.reach("woken")
    return woken


def _behind(log: str) -> bool:
    """Looked at without a lock, so that an idle visit writes nothing."""
    cursor = Cursor.objects.filter(name=CURSOR, log=log).first()
    return LedgerHead.objects.filter(log=log, seq__gt=cursor.seq if cursor else 0).exists()


def hold_cursor(log: str) -> None:
    """Following and starting to wait exclude each other, so that no fact falls between the two."""
    Cursor.objects.get_or_create(name=CURSOR, log_id=log)
    Cursor.objects.select_for_update(no_key=True).get(name=CURSOR, log_id=log)


def happened_since(known: Mapping[ObjectRef, int], *, log: str) -> bool:
    """Has the journal named any of these objects after the number as of which it was known? Holds the cursor."""
    hold_cursor(log)
    newer = Q(pk=None)
    for each, seq in known.items():
        newer |= Q(kind=each.kind, key=each.key, entry__seq__gt=seq)
    return EntryObject.objects.filter(newer, entry__log=log).exists()


def pass_time() -> int:
    """Wakes the steps whose `wait_until` has come, by the database's clock."""
    ids = list(_late().values_list("pk", flat=True))
    if not ids:
        return 0
    with transaction.atomic():
        return wake(ids)


def _late() -> QuerySet[Step]:
    return clock.unless_held(Step.objects.filter(status=Step.Status.WAITING, wait_until__lte=clock.now()))


def wake(step_ids: Iterable[int]) -> int:
    """Inside a transaction. A step that is no longer waiting stays as it is."""
    waiting = Step.objects.filter(pk__in=set(step_ids), status=Step.Status.WAITING)
    ids = list(waiting.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    if not ids:
        return 0
    AwaitedObject.objects.filter(step__in=ids).delete()
    return Step.objects.filter(pk__in=ids).update(
        status=Step.Status.READY,
        due_at=clock.now(),
        **AT_REST,
    )


def patience(spec: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """When a step that begins to ask a person reminds them, and when asking has failed; null: never."""
    hours = {name: int(spec.get(name, 0) or 0) for name in ("remind_after", "deadline")}
    remind, deadline = (at + timedelta(hours=each) if each else None for each in hours.values())
    return {"remind_at": remind, "deadline_at": deadline, "reminded": 0}
