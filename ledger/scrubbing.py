"""Overwrites what erased rows leave in the database's own files: nothing of them lies in a free page or a dead row.

Due from the erasure's commit until it is done, whatever crashes between: the erased keys are counted, and the heartbeat
`scrubbed` says for how many of them it was done. One scrub does for all erasures before it.

SQLite: `VACUUM` writes the file anew and the journal is cut to nothing, by the worker, as soon as it finds a moment
without a writer. Readers see their own view meanwhile, but the journal waits until they are done. PostgreSQL: the role
that runs owns no table and may not; `manage.py ledger scrub` does it as the owner. Until then dead rows are out of
reach of any query or dump, and autovacuum frees their place, but only new rows overwrite it.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from django.db import OperationalError, connection

from ledger import heartbeat, owner, retry
from ledger.databases import grants
from ledger.errors import DomainError, Misconfigured
from ledger.models import Heartbeat, SubjectKey

log = logging.getLogger(__name__)
SCRUBBED = "scrubbed"
#: How long a scrub waits for others before it tries again later. Whoever writes meanwhile waits for the scrub.
PATIENCE = timedelta(seconds=2)


class Busy(DomainError):
    """The database is in use, so it could not be scrubbed. Try again at a quieter moment."""

    code = "busy"
    permanent = False


class _Rest:
    """How often this process has tried in vain, until when it waits, and which erasures only the journal still has."""

    def __init__(self) -> None:
        self.failures, self.until, self.rebuilt = 0, 0.0, -1

    def lengthen(self) -> None:
        self.failures += 1
        self.until = time.monotonic() + retry.delay(self.failures).total_seconds()


_rest = _Rest()


def is_due() -> bool:
    return _erased() > _done()


def due() -> bool:
    """For the worker: there is something, and it may do it, now."""
    free = connection.vendor == "sqlite" and not connection.in_atomic_block
    return free and time.monotonic() >= _rest.until and is_due()


def answer() -> int:
    """Scrubs when it is due, or leaves it for later; never waits long."""
    if not due():
        return 0
    try:
        scrub()
    except Busy as error:
        _rest.lengthen()
        log.info("%s (%d times)", error.message, _rest.failures)
        return 0
    return 1


def scrub() -> int:
    """Does it now, due or not, outside of any transaction; returns how many erasures it was for. Raises `Busy`."""
    if connection.in_atomic_block:
        raise Busy("A database is scrubbed outside of transactions.")
    # Counted before: an erasure that commits meanwhile stays due.
    erased = _erased()
    with owner.signed_in(connection):
        if connection.vendor == "sqlite":
            _rewrite_file(erased)
        else:
            _rewrite_tables()
        before = _done()
        heartbeat.beat(SCRUBBED, detail=str(erased))
    _rest.__init__()  # type: ignore[misc]
    return max(erased - before, 0)


def _erased() -> int:
    return SubjectKey.objects.exclude(erased_at=None).count()


def _done() -> int:
    found = Heartbeat.objects.filter(name=SCRUBBED).first()
    return int(found.detail) if found else 0


def _rewrite_file(erased: int) -> None:
    with connection.cursor() as cursor:
        usual = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute(f"PRAGMA busy_timeout = {PATIENCE // timedelta(milliseconds=1)}")
        try:
            if _rest.rebuilt != erased:
                cursor.execute("VACUUM")
                _rest.rebuilt = erased
            held_up = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except OperationalError as error:
            raise Busy(f"The database was not scrubbed: {error}.") from error
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
    if held_up:
        raise Busy("The database's journal was not emptied: somebody still reads an older state.")


def _rewrite_tables() -> None:
    """Each table in turn, locked while it is written anew. The samples that the planner keeps of it are taken anew too.
    The chain itself holds nothing personal and is left alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(relname), pg_has_role(relowner, 'USAGE') FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace AND relname <> ALL(%s)"
            " ORDER BY relname",
            [list(grants.READ_ONLY)],
        )
        tables = cursor.fetchall()
        if not all(owned for _, owned in tables):
            raise Misconfigured("Only the owner of the tables may scrub them: set DATABASE_OWNER_URL for this command.")
        cursor.execute(f"SET lock_timeout = {PATIENCE // timedelta(milliseconds=1)}")
        try:
            for table, _ in tables:
                cursor.execute(f"VACUUM (FULL, ANALYZE) {table}")
        except OperationalError as error:
            raise Busy(f"The database was not scrubbed: {error}") from error
        finally:
            cursor.execute("RESET lock_timeout")
