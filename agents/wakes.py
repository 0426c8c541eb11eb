"""Brings waiting steps back: when the journal names what they wait for, and when their time has come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import crashpoints
from agents.models import AwaitedObject, Step
from agents.steps import AT_REST
from ledger import clock, feed
from ledger.command import ObjectRef
from ledger.models import Cursor, EntryObject, LedgerHead

CURSOR = "engine"
_BEHIND = """\
SELECT h.log FROM ledger_ledgerhead h LEFT JOIN ledger_cursor c ON c.log_id = h.log AND c.name = %s
WHERE h.seq > COALESCE(c.seq, 0) AND EXISTS (SELECT 1 FROM agents_awaitedobject) ORDER BY h.log
"""


def due() -> bool:
    """Whether the journal has gone on while somebody waits, or somebody's time has come."""
    return bool(_behind()) or _late().exists()


def follow_feed() -> int:
    """Reads on in every log and wakes the steps that wait for a named object. Returns how many were woken.

    While nobody waits there is nothing to read, and the place stays where it is. Whoever begins to wait at that moment
    looks again after its commit, because its visit goes round until nothing moves.
    """
    return sum(_follow(log) for log in _behind())


def _behind() -> list[str]:
    """Logs that have gone on and in which somebody waits. Looked at without a lock, so an idle visit writes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, [CURSOR])
        return [log for (log,) in cursor.fetchall()]


def _follow(log: str) -> int:
    with transaction.atomic():
        place = hold_cursor(log)
        head = LedgerHead.objects.values_list("seq", flat=True).get(log=log)
        named = EntryObject.objects.filter(
            entry__log=log,
            entry__seq__gt=place,
            entry__seq__lte=head,
            kind=OuterRef("kind"),
            key=OuterRef("key"),
        ).filter(entry__seq__gt=OuterRef("since"))
        woken = wake(
            AwaitedObject.objects.filter(Exists(named), step__plan__entity__log=log).values_list("step", flat=True)
        )
        feed.advance(CURSOR, log=log, to=head)
        crashpoints.reach("woken")
    crashpoints.reach("followed")
    return woken


def hold_cursor(log: str) -> int:
    """Following and starting to wait exclude each other, so that no fact falls between the two. Returns the place."""
    row = Cursor.objects.select_for_update(no_key=True).filter(name=CURSOR, log_id=log)
    place = row.values_list("seq", flat=True).first()
    if place is None:
        Cursor.objects.get_or_create(name=CURSOR, log_id=log)
        place = row.values_list("seq", flat=True).get()
    return place


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
        woken = wake(ids)
        crashpoints.reach("woken")
    return woken


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
