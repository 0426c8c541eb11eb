"""Brings waiting steps back: when the journal names what they wait for, and when their time has come."""
# ruff: noqa: S608  the statements are made of constants and placeholders

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import crashpoints
from agents.glance import CURSOR
from agents.models import AwaitedObject, Step
from ledger import clock, statements, together
from ledger.command import ObjectRef
from ledger.models import Cursor, EntryObject

_BEHIND = """\
SELECT h.log FROM ledger_ledgerhead h LEFT JOIN ledger_cursor c ON c.log_id = h.log AND c.name = %s
WHERE h.seq > COALESCE(c.seq, 0) AND EXISTS (SELECT 1 FROM agents_awaitedobject) ORDER BY h.log
"""
_HOLD = """\
SELECT c.seq, h.seq FROM ledger_cursor c JOIN ledger_ledgerhead h ON h.log = c.log_id
WHERE c.name = %s AND c.log_id = %s {lock}
"""
#: From a few new entries to who waits for what they name.
_NAMED = """\
SELECT DISTINCT a.step_id FROM ledger_entry e
JOIN ledger_entryobject o ON o.entry_id = e.id
JOIN agents_awaitedobject a ON a.kind = o.kind AND a.key = o.key AND a.since < e.seq
JOIN agents_step s ON s.id = a.step_id JOIN agents_plan p ON p.id = s.plan_id
JOIN ledger_legalentity n ON n.id = p.entity_id AND n.log_id = e.log_id
JOIN ledger_ledgerhead h ON h.log = e.log_id JOIN ledger_cursor c ON c.log_id = e.log_id AND c.name = %s
WHERE e.log_id = %s AND e.seq > c.seq AND e.seq <= h.seq AND h.seq - c.seq <= %s
"""
FEW = 1000
_ADVANCE = "UPDATE ledger_cursor SET seq = %s WHERE name = %s AND log_id = %s AND seq < %s"
_WAITING = "id IN ({ids}) AND status = 'waiting'"
_READY = """\
status = 'ready', due_at = {now}, waiting_on = '[]', wait_until = NULL, waiting_for = '', asks_person = FALSE,
remind_at = NULL, deadline_at = NULL, reminded = 0
"""
#: Locked in one order, so that two who wake many cannot wait for each other.
_WAKE = f"""\
WITH mine AS (SELECT id FROM agents_step WHERE {_WAITING} ORDER BY id FOR NO KEY UPDATE),
    gone AS (DELETE FROM agents_awaitedobject WHERE step_id IN (SELECT id FROM mine))
UPDATE agents_step SET {_READY} WHERE id IN (SELECT id FROM mine)
"""


def due() -> bool:
    """Whether the journal has gone on while somebody waits, or somebody's time has come."""
    return bool(_behind()) or _late().exists()


def follow_feed(first: str | None = None) -> int:
    """Reads on in every log, or in the one that is known to have gone on, and wakes the steps that wait for a named
    object. Returns how many were woken.

    While nobody waits there is nothing to read, and the place stays where it is. Whoever begins to wait at that moment
    looks again after its commit, because its visit goes round until nothing moves.
    """
    return sum(map(_follow, _behind() if first is None else [first]))


def _behind() -> list[str]:
    """Logs that have gone on and in which somebody waits. Looked at without a lock, so an idle visit writes nothing."""
    return [log for (log,) in statements.run(_BEHIND, [CURSOR]).fetchall()]


def _follow(log: str) -> int:
    with transaction.atomic():
        with together.sent():
            held = _ask_held(log)
            near = statements.run(_NAMED, [CURSOR, log, FEW])
        if (found := held.fetchone()) is None:
            place, head = _hold(log)
            steps = _named(log, place, head)
        else:
            place, head = found
            steps = [step for (step,) in near.fetchall()] if head - place <= FEW else _named(log, place, head)
        with together.sent():
            woken = wake(steps)
            statements.run(_ADVANCE, [head, CURSOR, log, head])
        crashpoints.reach("woken")
    crashpoints.reach("followed")
    return woken()


def _named(log: str, place: int, head: int) -> list[int]:
    """Steps that wait for what these entries name, however many they are."""
    named = EntryObject.objects.filter(
        entry__log=log, entry__seq__gt=place, entry__seq__lte=head, kind=OuterRef("kind"), key=OuterRef("key")
    ).filter(entry__seq__gt=OuterRef("since"))
    found = AwaitedObject.objects.filter(Exists(named), step__plan__entity__log=log)
    return list(found.values_list("step", flat=True))


def hold_cursor(log: str) -> int:
    """Following and starting to wait exclude each other, so that no fact falls between the two. Returns the place."""
    return _hold(log)[0]


def _hold(log: str) -> tuple[int, int]:
    """The place, and a number of the journal that is not older than the place."""
    found = _ask_held(log).fetchone()
    if found is None:
        Cursor.objects.get_or_create(name=CURSOR, log_id=log)
        found = _ask_held(log).fetchone()
    place, head = found
    return place, max(place, head)


def _ask_held(log: str) -> Any:
    lock = "FOR NO KEY UPDATE OF c" if connection.vendor == "postgresql" else ""
    return statements.run(_HOLD.format(lock=lock), [CURSOR, log])


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
        woken = wake(ids)()
        crashpoints.reach("woken")
    return woken


def _late() -> QuerySet[Step]:
    return clock.unless_held(waited_long_enough())


def waited_long_enough() -> QuerySet[Step]:
    """Steps whose `wait_until` has come, by the database's clock."""
    return Step.objects.filter(status=Step.Status.WAITING, wait_until__lte=clock.now())


def wake(step_ids: Iterable[int]) -> Callable[[], int]:
    """Inside a transaction. A step that is no longer waiting stays as it is. Call what is returned to learn how many
    were."""
    ids = sorted(set(step_ids))
    if not ids:
        return int
    told = {"ids": statements.marks(ids), "now": clock.expression()}
    if connection.vendor == "postgresql":
        cursor = statements.run(_WAKE.format(**told), ids)
    else:
        AwaitedObject.objects.filter(step__in=ids, step__status=Step.Status.WAITING).delete()
        cursor = statements.run(f"UPDATE agents_step SET {_READY} WHERE {_WAITING}".format(**told), ids)
    return lambda: cursor.rowcount


def patience(spec: Mapping[str, Any], *, at: datetime) -> dict[str, Any]:
    """When a step that begins to ask a person reminds them, and when asking has failed; null: never."""
    hours = {name: int(spec.get(name, 0) or 0) for name in ("remind_after", "deadline")}
    remind, deadline = (at + timedelta(hours=each) if each else None for each in hours.values())
    return {"remind_at": remind, "deadline_at": deadline, "reminded": 0}
