"""Named cursors over the journal: gapless, in commit order, because numbers are given under the head's lock."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from django.db import transaction

from ledger.models import Cursor, Entry, LedgerHead


def read(name: str, *, log: str = "main", limit: int = 500) -> Sequence[Entry]:
    """Entries after the cursor's place, oldest first. Does not move it."""
    return list(Entry.objects.filter(log_id=log, seq__gt=_place(name, log)).order_by("seq")[:limit])


def advance(name: str, *, to: int, log: str = "main") -> bool:
    """Moves the cursor forward, never back; in the transaction of what the reader did. False: another was faster."""
    return bool(Cursor.objects.filter(name=name, log_id=log, seq__lt=to).update(seq=to))


def follow(
    name: str, handle: Callable[[Entry], None], *, kinds: Collection[str] = (), log: str = "main", limit: int = 500
) -> int:
    """Hands each entry (of these kinds) to `handle` once, in the transaction that moves the cursor past it.

    Of two followers with one name only one gets an entry. When `handle` raises, that entry comes again next time.
    """
    place, handled = _place(name, log), 0
    for entry in read(name, log=log, limit=limit):
        wanted = not kinds or entry.kind in kinds
        with transaction.atomic():
            if not Cursor.objects.filter(name=name, log_id=log, seq=place).update(seq=entry.seq):
                break
            if wanted:
                handle(entry)
        place = entry.seq
        handled += wanted
    return handled


def due(name: str, *, log: str = "main") -> bool:
    """Whether there are entries that this follower has not read."""
    head = LedgerHead.objects.filter(log=log).first()
    return head is not None and head.seq > _place(name, log)


def _place(name: str, log: str) -> int:
    cursor = Cursor.objects.filter(name=name, log_id=log).first()
    return (cursor or Cursor.objects.get_or_create(name=name, log_id=log)[0]).seq
