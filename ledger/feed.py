"""Named cursors over the journal: gapless, in commit order, because numbers are given under the head's lock."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.models import Cursor, Entry


def read(name: str, *, log: str = "main", limit: int = 500) -> Sequence[Entry]:
    """Entries after the cursor's place, oldest first. Does not move it."""
    cursor, _ = Cursor.objects.get_or_create(name=name, log_id=log)
    return list(Entry.objects.filter(log_id=log, seq__gt=cursor.seq).order_by("seq")[:limit])


def advance(name: str, *, to: int, log: str = "main") -> bool:
    """Moves the cursor forward, never back; in the transaction of what the reader did. False: another was faster."""
    return bool(Cursor.objects.filter(name=name, log_id=log, seq__lt=to).update(seq=to))
