"""A bell between processes: struck in a transaction, heard when it commits, and waited for without asking.

PostgreSQL carries it by NOTIFY; beside an SQLite file lies a small file that grows by a byte. A stroke may be missed,
as while a connection is broken, so whoever waits also looks by itself now and then.
"""

from __future__ import annotations

import logging
import time
from functools import partial, update_wrapper
from pathlib import Path
from typing import Any, Protocol

from django.db import DEFAULT_DB_ALIAS, Error, connection, connections, transaction

from ledger import statements

log = logging.getLogger(__name__)
#: Struck for whoever answers by itself; struck for whoever takes rows off the task queue.
VISIT, QUEUE = "procure_visit", "procure_queue"
#: How often the file beside SQLite is looked at; a look is one stat.
GLANCE = 0.005
#: Between tries to listen again, and between polls while nobody can listen: at most five a second.
POLL = 0.25
LONGEST_FILE = 64_000


class Listener(Protocol):
    def wait(self, seconds: float) -> bool:
        """True at once when it was struck, or may have been struck unheard; False after so many seconds without."""


def strike(name: str) -> None:
    """Heard by every listener when the surrounding transaction commits; never when it is rolled back."""
    if connection.vendor == "postgresql":
        statements.run("SELECT pg_notify(%s, '')", [name])
    elif path := _file(connection, name):
        transaction.on_commit(update_wrapper(partial(_grow, path), _grow), robust=True)


def listen(name: str) -> Listener:
    """Opens nothing yet, so that it may be made before a fork and waited on after it."""
    if connection.vendor == "postgresql":
        return _Notifications(name)
    path = _file(connection, name)
    return _GrowingFile(path) if path else _Poll()


class _Notifications:
    """Listens on a connection of its own; while that is broken every wait is a short one and may have missed one."""

    def __init__(self, name: str) -> None:
        self.name, self._session = name, None

    def wait(self, seconds: float) -> bool:
        from psycopg import Error as DriverError

        try:
            if self._session is None:
                self._session = self._connected()
                return True
            return any(True for _ in self._session.notifies(timeout=seconds, stop_after=1))
        except (Error, DriverError) as error:
            log.warning("nobody listens to %s until the database answers again: %s", self.name, error)
            self.close()
            time.sleep(min(seconds, POLL))
            return True

    def _connected(self) -> Any:
        wrapper = connections[DEFAULT_DB_ALIAS].copy()
        wrapper.connect()
        session = wrapper.connection
        session.execute(f'LISTEN "{self.name}"')
        return session

    def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.close()


class _GrowingFile:
    def __init__(self, path: Path) -> None:
        # What was struck before the first wait is not known, so that wait ends at once.
        self.path, self._seen = path, (-1, -1)

    def wait(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while (now := _look(self.path)) == self._seen:
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(GLANCE, left))
        self._seen = now
        return True


class _Poll:
    """A database in memory has no file beside it."""

    def wait(self, seconds: float) -> bool:
        time.sleep(min(seconds, POLL))
        return True


def _file(wrapper: Any, name: str) -> Path | None:
    database = str(wrapper.settings_dict["NAME"])
    if not database or database == ":memory:" or database.startswith("file:"):
        return None
    return Path(f"{database}-{name.removeprefix('procure_')}")


def _look(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_mtime_ns


def _grow(path: Path) -> None:
    with path.open("ab") as file:
        if file.tell() >= LONGEST_FILE:
            file.truncate(0)
        file.write(b".")
