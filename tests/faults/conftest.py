"""Databases of their own for processes that are killed."""

import contextlib
import os
import sqlite3
import time
import uuid

import psycopg
import pytest

from tests import ready_made, two_roles


@pytest.fixture
def private_database(db):
    """Who runs and who owns a fresh, migrated database on the server under test (SQLite when none is named)."""
    name = f"faults_{uuid.uuid4().hex[:12]}"
    if not os.environ.get("TEST_DATABASE_URL"):
        return {"DATABASE_URL": f"sqlite:///{ready_made.beside(name)}"}
    made = two_roles.beside(name)
    return {
        "DATABASE_URL": two_roles.url_of(two_roles.RUNTIME, made),
        "DATABASE_OWNER_URL": two_roles.url_of(two_roles.OWNER, made),
    }


@pytest.fixture
def private_rows(private_database):
    """Runs one statement there, past Django, as whoever owns it, and returns its rows."""
    address = private_database.get("DATABASE_OWNER_URL") or private_database["DATABASE_URL"]

    def rows(statement):
        if address.startswith("sqlite:///"):
            connection = sqlite3.connect(address.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        else:
            connection = psycopg.connect(address, autocommit=True)
        with contextlib.closing(connection):
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    return rows


@pytest.fixture
def database_faults(private_database, private_rows):
    """What can befall the database itself, by name."""
    if "DATABASE_OWNER_URL" not in private_database:
        path = private_database["DATABASE_URL"].removeprefix("sqlite:///")
        return {"locked": lambda: _hold(path)}
    name = private_database["DATABASE_URL"].rsplit("/", 1)[-1]
    return {"cut every connection": lambda: _cut(name), "read-only": lambda: _read_only(name)}


def _hold(path):
    """Somebody else writes for a second and a half."""
    with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(1.5)
        other.execute("ROLLBACK")


def _cut(name):
    with two_roles.as_administrator() as server:
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


def _read_only(name):
    for on in ("on", "off"):
        with two_roles.as_administrator() as server:
            server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {on}')
        _cut(name)
        time.sleep(1.5 if on == "on" else 0)
