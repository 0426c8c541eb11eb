"""Two times. Instants come from the database's clock; the business date is the tenant's today, or frozen."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import connection

if TYPE_CHECKING:
    from ledger.models import LegalEntity

#: The instant in a statement that asks for other things as well; `read` makes a time of it.
EXPRESSION = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now')"}
_shift = timedelta(0)


def now() -> datetime:
    """The database's instant, in UTC, with microseconds (milliseconds on SQLite)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {EXPRESSION[connection.vendor]}", ())
        return read(cursor.fetchone()[0])


def read(told: datetime | str) -> datetime:
    """What the database said for `EXPRESSION`."""
    if isinstance(told, str):
        return datetime.fromisoformat(told).replace(tzinfo=UTC) + _shift
    return told.astimezone(UTC) + _shift


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
