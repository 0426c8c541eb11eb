"""Who may still see what was deleted on PostgreSQL: as long as somebody may, no rewriting of a table takes it away.

A row that a transaction deleted stays while anything in this database is older than that transaction: a session with
an open transaction or snapshot, a prepared transaction, a replica that reads here or keeps its place in a slot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

#: Transactions are numbered round and round; of two, the older is less than half a round behind.
ROUND = 2**32
#: Each with a number of its own: kind, name, since when, the oldest transaction that it may still see.
LOOKS = """
SELECT 'session', pid::text, xact_start, backend_xmin::text FROM pg_stat_activity
 WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
   AND (datname = current_database() OR backend_type = 'walsender')
   AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
UNION ALL
SELECT 'session', pid::text, xact_start, backend_xid::text FROM pg_stat_activity
 WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid() AND datname = current_database()
   AND pid NOT IN (SELECT pid FROM pg_stat_progress_vacuum)
UNION ALL
SELECT 'prepared', gid, prepared, transaction::text FROM pg_prepared_xacts WHERE database = current_database()
UNION ALL
SELECT 'slot', slot_name::text, NULL, xmin::text FROM pg_replication_slots WHERE xmin IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Holder:
    """One that holds back what was deleted. `since` is None where this role may not see it."""

    kind: str
    name: str
    since: datetime | None

    @property
    def named(self) -> str:
        words = {
            "session": _("the session with process number %(name)s"),
            "prepared": _("the prepared transaction “%(name)s”"),
            "slot": _("the replication slot “%(name)s”"),
        }
        return words[self.kind] % {"name": self.name}

    def __str__(self) -> str:
        return f"{self.named} {_('since')} {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else self.named


def now(cursor: Any) -> int:
    """Every transaction that has ended until now is older than this number."""
    cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")
    return int(cursor.fetchone()[0]) % ROUND


def holders(cursor: Any, horizon: int) -> tuple[Holder, ...]:
    """Whoever may still see what a transaction older than the horizon has deleted, each once, the oldest first."""
    cursor.execute(LOOKS)
    found = {(kind, name): since for kind, name, since, oldest in cursor.fetchall() if is_older(int(oldest), horizon)}
    known = sorted(found.items(), key=lambda each: (each[1] is None, each[1]))
    return tuple(Holder(kind, name, since) for (kind, name), since in known)


def is_older(transaction: int, horizon: int) -> bool:
    return (transaction - horizon) % ROUND >= ROUND // 2
