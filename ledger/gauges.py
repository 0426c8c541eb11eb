"""How far long work has come, told while it runs, also from inside its transaction.

What is written in a transaction nobody else sees before it ends. So on PostgreSQL a connection of its own tells it; on
SQLite, which has one writer and one machine, a small file beside the database does.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.errors import DomainError
from ledger.models import Job

#: Seconds between two tellings.
PERIOD = 0.3


class Cancelled(DomainError):
    """Somebody asked to cancel this."""

    code = "cancelled"


class Gauge(Protocol):
    """What long work tells of itself. Both may raise `Cancelled`; the work then leaves nothing half done."""

    def of(self, total: int, note: str = "") -> None:
        """How many steps there are, counted from here on."""

    def step(self, by: int = 1) -> None: ...


class _Silent:
    def of(self, total: int, note: str = "") -> None:
        pass

    def step(self, by: int = 1) -> None:
        pass


SILENT: Gauge = _Silent()


@dataclass(frozen=True, slots=True)
class Reading:
    done: int
    total: int
    note: str

    @property
    def percent(self) -> int | None:
        return min(100, self.done * 100 // self.total) if self.total else None


class JobGauge:
    """Tells every third of a second, and hears of a cancellation then."""

    def __init__(self, job: Job, channel: _Channel) -> None:
        self._job, self._channel = job, channel
        self._done = self._total = 0
        self._note, self._next = "", 0.0

    def of(self, total: int, note: str = "") -> None:
        self._done, self._total, self._note = 0, total, note[:200]
        self._tell()

    def step(self, by: int = 1) -> None:
        self._done += by
        if time.monotonic() >= self._next:
            self._tell()

    def _tell(self) -> None:
        self._next = time.monotonic() + PERIOD
        if self._channel.tell(self._job, Reading(self._done, self._total, self._note)):
            raise Cancelled(f"{self._job.reference} was cancelled.")


class _Channel(Protocol):
    def tell(self, job: Job, reading: Reading) -> bool:
        """True when it was asked to stop, or another worker has taken it over."""


@contextmanager
def open_gauge(job: Job) -> Iterator[JobGauge]:
    """For the worker that holds the job."""
    if connection.vendor == "sqlite":
        try:
            yield JobGauge(job, _Files())
        finally:
            clear(job)
        return
    aside = connection.copy()
    try:
        yield JobGauge(job, _Aside(aside))
    finally:
        aside.close()


def read(job: Job) -> Reading:
    """As far as it has told."""
    kept = Reading(job.done, job.total, job.note)
    if job.status != Job.Status.RUNNING or connection.vendor != "sqlite":
        return kept
    try:
        return Reading(**json.loads(_file(job).read_text()))
    except (OSError, ValueError, TypeError):
        return kept


def ask_to_cancel(job: Job) -> None:
    """Reaches the worker at once, also while it holds the database."""
    if connection.vendor == "sqlite":
        _folder().mkdir(parents=True, exist_ok=True)
        _file(job, "cancel").touch()


def clear(job: Job) -> None:
    """Takes away what it left on disk."""
    if connection.vendor == "sqlite":
        for each in (_file(job), _file(job, "cancel")):
            each.unlink(missing_ok=True)


def silent_for(job: Job, now: Any) -> float:
    """Seconds since its last sign of life."""
    seen = (now - (job.seen_at or job.started_at)).total_seconds()
    if connection.vendor == "sqlite":
        with suppress(OSError):
            seen = min(seen, time.time() - _file(job).stat().st_mtime)
    return float(seen)


class _Aside:
    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    def tell(self, job: Job, reading: Reading) -> bool:
        with self._connection.cursor() as cursor:
            cursor.execute(
                "UPDATE ledger_job SET done = %s, total = %s, note = %s, seen_at = statement_timestamp() "
                "WHERE id = %s AND fence = %s RETURNING cancel_at",
                [reading.done, reading.total, reading.note, job.pk, job.fence],
            )
            row = cursor.fetchone()
        return row is None or row[0] is not None


class _Files:
    def tell(self, job: Job, reading: Reading) -> bool:
        place = _file(job)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps({"done": reading.done, "total": reading.total, "note": reading.note}))
        fresh.replace(place)
        return _file(job, "cancel").exists()


def _folder() -> Path:
    return Path(settings.VAR_DIR) / "jobs"


def _file(job: Job, kind: str = "gauge") -> Path:
    # Numbers begin again in another database that uses the same folder; the instant is that job's alone.
    return _folder() / f"{job.reference}-{job.made_at:%Y%m%d%H%M%S%f}.{kind}"
