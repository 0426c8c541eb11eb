"""Overwrites what erased rows leave in the database's own files: nothing of them lies in a free page or a dead row.

Due from the erasure's commit until it is done, whatever crashes between: the erased keys are counted, and the heartbeat
`scrubbed` says for how many of them it was done. One scrub does for all erasures before it.

SQLite: `VACUUM` writes the file anew and the journal is cut to nothing, by the worker, as soon as it finds a moment
without a writer. Readers see their own view meanwhile, but the journal waits until they are done. PostgreSQL: the role
that runs owns no table and may not; `manage.py ledger scrub` does it as the owner. Until then dead rows are out of
reach of any query or dump, and autovacuum frees their place, but only new rows overwrite it. Whoever is older than an
erasure may still see what it deleted, and a rewritten table would keep it: nothing is rewritten before they are gone.
A scrub that was asked for and held back is tried again by the sweeper, where it may sign in as the owner.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from ledger import clock, heartbeat, owner, retry
from ledger.databases import grants, horizon
from ledger.databases.horizon import Holder
from ledger.errors import DomainError, Misconfigured
from ledger.models import Heartbeat, SubjectKey

log = logging.getLogger(__name__)
#: For how many erasures it was done, for how many it was asked, and before which transaction those ended.
SCRUBBED, ASKED, HORIZON = "scrubbed", "scrub asked for", "scrub horizon"
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


@dataclass(frozen=True, slots=True)
class Standing:
    """A scrub that is due: since when, for how many erasures, who is in its way, and whether it comes by itself."""

    erasures: int
    since: datetime
    held_by: tuple[Holder, ...]
    by_itself: bool


def standing() -> Standing | None:
    """How it stands with what is due; None when nothing is."""
    erased, done = _erased(), _count(SCRUBBED)
    if erased <= done:
        return None
    erasures = SubjectKey.objects.exclude(erased_at=None).order_by("erased_at")
    since = erasures.values_list("erased_at", flat=True)[done] or clock.now()
    return Standing(erased - done, since, _holders(erased), _comes_by_itself(erased))


def is_due() -> bool:
    return _erased() > _count(SCRUBBED)


def due() -> bool:
    """For worker and sweeper: there is something, and they may do it, now."""
    if connection.in_atomic_block or time.monotonic() < _rest.until or not is_due():
        return False
    erased = _erased()
    if connection.vendor == "postgresql":
        # The sooner it is known, the fewer who came after the erasure are waited for.
        _horizon(erased)
    return _comes_by_itself(erased)


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
    if connection.vendor == "postgresql":
        heartbeat.beat(ASKED, detail=str(erased))
        # As the role that runs, which sees since when its own sessions are there. Who comes later sees nothing older.
        if held_by := _holders(erased):
            raise Busy(_held_back(held_by))
    with owner.signed_in(connection):
        if connection.vendor == "sqlite":
            _rewrite_file(erased)
        else:
            _rewrite_tables()
        before = _count(SCRUBBED)
        heartbeat.beat(SCRUBBED, detail=str(erased))
    _rest.__init__()  # type: ignore[misc]
    return max(erased - before, 0)


def _erased() -> int:
    return SubjectKey.objects.exclude(erased_at=None).count()


def _count(name: str) -> int:
    found = Heartbeat.objects.filter(name=name).first()
    return int(found.detail) if found else 0


def _comes_by_itself(erased: int) -> bool:
    """Tables are locked only when somebody has asked for it, and only the owner may."""
    return connection.vendor == "sqlite" or (_count(ASKED) >= erased and (owner.sign_in() is not None or _owns()))


def _owns() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'ledger_subjectkey'::regclass")
        return bool(cursor.fetchone()[0])


def _holders(erased: int) -> tuple[Holder, ...]:
    if connection.vendor != "postgresql":
        return ()
    before = _horizon(erased)
    with connection.cursor() as cursor:
        return horizon.holders(cursor, before)


def _horizon(erased: int) -> int:
    """All these erasures ended before it. Kept, so that a busy database is not waited for again and again."""
    kept = Heartbeat.objects.filter(name=HORIZON).first()
    if kept and kept.detail.split()[0] == str(erased):
        return int(kept.detail.split()[1])
    with connection.cursor() as cursor:
        found = horizon.now(cursor)
    heartbeat.beat(HORIZON, detail=f"{erased} {found}")
    return found


def _held_back(by: tuple[Holder, ...]) -> str:
    said = ", ".join(str(each) for each in by[:5]) + (f" {_('and %(n)d more') % {'n': len(by) - 5}}" * (len(by) > 5))
    return _(
        "The database was not scrubbed: an older state, in which what was erased can still be seen, is held by %(who)s."
    ) % {"who": said}


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
