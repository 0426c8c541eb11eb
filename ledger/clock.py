"""Two times. Instants come from the database's clock; the business date is the tenant's today, or frozen.

A clock that jumps is held: what acts because time has passed (expire, open, give up, send after a delay) asks
`unless_held` and waits until a person has confirmed the clock (ledger.timekeeping).
"""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, Model, QuerySet

if TYPE_CHECKING:
    from ledger.models import LegalEntity

Row = TypeVar("Row", bound=Model)
#: A difference that no adjustment of a healthy clock makes.
JUMP = timedelta(minutes=5)
#: The instant in a statement that asks for other things as well; `read` makes a time of it.
EXPRESSION = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now')"}
#: Seconds for which a reading serves `about`.
RECENT = 1.0
_shift = timedelta(0)
#: The last reading, with this machine's own count of seconds, which no setting of a clock moves.
_last: tuple[datetime, float] | None = None
#: By how much readings in this process have jumped, and the reading that showed it last.
_jumped, _noticed = timedelta(0), datetime.min.replace(tzinfo=UTC)


def now() -> datetime:
    """The database's instant, in UTC, with microseconds (milliseconds on SQLite)."""
    found = read()
    observe(found)
    return found + _shift


def about() -> datetime:
    """The database's instant, so far as it can be told without asking it again: never later than it really is, because
    what is due then is due now."""
    if _last is None or (gone := elapsed() - _last[1]) > RECENT:
        return now()
    return _last[0] + timedelta(milliseconds=int(gone * 1000)) + _shift


def read() -> datetime:
    """What the database's clock shows, and nothing else."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0].astimezone(UTC)
        cursor.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')")
        return datetime.fromisoformat(cursor.fetchone()[0]).replace(tzinfo=UTC)


def elapsed() -> float:
    """Seconds that go on while the machine sleeps, and that no setting of a clock moves."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def observe(found: datetime) -> None:
    """Compares a reading with the one before. There and back again is no jump."""
    global _last, _jumped, _noticed
    at = elapsed()
    if _last is not None:
        ahead = found - _last[0] - timedelta(seconds=at - _last[1])
        if abs(ahead) > JUMP:
            _jumped, _noticed = _jumped + ahead, found
    _last = found, at


def jumped() -> timedelta:
    """By how much it has jumped while this process looked; zero when by less than an adjustment may."""
    return _jumped if abs(_jumped) > JUMP else timedelta(0)


def trust() -> None:
    """From the next reading on, this process compares anew."""
    global _last, _jumped
    _last, _jumped = None, timedelta(0)


def held() -> bool:
    """Whether a jump was noticed that nobody has confirmed."""
    from ledger.models import ClockJump

    if ClockJump.objects.filter(confirmed_at=None).exists():
        return True
    if jumped() and ClockJump.objects.filter(confirmed_at__range=(_noticed, _shown())).exists():
        trust()
    return bool(jumped())


def _shown() -> datetime:
    """What the database shows by now. A word given later than that was given before the clock went back."""
    return _last[0] + timedelta(seconds=elapsed() - _last[1] + RECENT) if _last else read()


def unless_held(rows: QuerySet[Row]) -> QuerySet[Row]:
    """These rows, none while the clock is held: for whatever acts because time has passed. Costs no statement more."""
    from ledger.models import ClockJump

    if jumped() and held():
        return rows.none()
    return rows.filter(~Exists(ClockJump.objects.filter(confirmed_at=None)))


def as_told(told: datetime | str) -> datetime:
    """What the database said for `EXPRESSION`, beside other things."""
    found = datetime.fromisoformat(told).replace(tzinfo=UTC) if isinstance(told, str) else told.astimezone(UTC)
    observe(found)
    return found + _shift


def expression() -> str:
    """The instant, for a statement that compares with it and stands outside transactions, or is sent before the answer
    to another is known."""
    if connection.vendor == "postgresql":
        return (
            f"(statement_timestamp() + interval '{_shift.total_seconds()} seconds')"
            if _shift
            else "statement_timestamp()"
        )
    return f"'{connection.ops.adapt_datetimefield_value(now())}'"


def shift(by: timedelta) -> None:
    """Moves this process's view of the database clock. For tests and drills only."""
    global _shift
    _shift = by


def business_date(entity: LegalEntity) -> date:
    """The entity's today: its frozen date if it has one, else the date at its place."""
    return entity.frozen_date or now().astimezone(ZoneInfo(entity.time_zone)).date()
