"""A migrated SQLite database, made once for each set of migrations and copied for each test run."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from functools import cache
from pathlib import Path

from django.db import connection

ROOT = Path(__file__).resolve().parents[1]
#: What the tables and triggers of a fresh database come from.
MADE_FROM = (
    "*/migrations/*.py",
    "ledger/databases/*.py",
    "ledger/triggers.py",
    "ledger/grants.py",
    "ledger/governed.py",
    "requirements.txt",
)


def folder() -> str:
    """Of one test run; in memory where the system has such a place."""
    return tempfile.mkdtemp(prefix="procure-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)  # noqa: S108


@cache
def digest() -> str:
    found = hashlib.sha256()
    for pattern in MADE_FROM:
        for path in sorted(ROOT.glob(pattern)):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]


@cache
def kept(ending: str) -> Path:
    """Where what came of these migrations is kept for later runs; what came of others is thrown away."""
    place = ROOT / "var" / "tests" / f"ready-{digest()}.{ending}"
    place.parent.mkdir(parents=True, exist_ok=True)
    for old in place.parent.glob("ready-*"):
        if not old.name.startswith(f"ready-{digest()}."):
            old.unlink(missing_ok=True)
    return place


def _template() -> Path:
    return kept("sqlite3")


def is_wanted() -> bool:
    return connection.vendor == "sqlite"


def lay_out() -> None:
    """Puts a copy where the test database will be looked for."""
    if _template().exists():
        shutil.copyfile(_template(), connection.settings_dict["TEST"]["NAME"])


def keep() -> None:
    """Keeps the fresh test database for the next run. Two runs at once keep the same thing."""
    template = _template()
    if template.exists():
        return
    connection.ensure_connection()
    half = template.with_suffix(f".{os.getpid()}")
    with sqlite3.connect(half) as copy:
        connection.connection.backup(copy)
    copy.close()
    half.replace(template)


def renew() -> None:
    """Puts a fresh database in the test database's place."""
    connection.close()
    _put(Path(connection.settings_dict["NAME"]), _template())


def _put(path: Path, of: str | Path) -> None:
    """Whoever still has the old file open keeps it, and it is nobody else's."""
    fresh = path.with_suffix(".fresh")
    shutil.copyfile(of, fresh)
    for left in (f"{path}-wal", f"{path}-shm"):
        Path(left).unlink(missing_ok=True)
    fresh.replace(path)


def beside(name: str, of: str | None = None) -> str:
    """A copy of this database (of a fresh one, when none is named) beside the test database; returns its path."""
    path = Path(connection.settings_dict["TEST"]["NAME"]).with_name(f"{name}.sqlite3")
    _put(path, of or _template())
    return str(path)


def clear_away() -> None:
    shutil.rmtree(Path(connection.settings_dict["TEST"]["NAME"]).parent, ignore_errors=True)
