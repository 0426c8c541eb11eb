"""Databases of their own for processes that are killed."""

import contextlib
import os
import resource
import sqlite3
import time
import uuid

import psycopg
import pytest

from tests import postgresql, ready_made, two_roles
from tests.faults.programme import limit

#: Found before PostgreSQL's own functions by every session of the database.
CLOCK = """
CREATE SCHEMA turned;
CREATE TABLE turned.clock AS SELECT interval '0' AS ahead;
CREATE FUNCTION turned.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
    'SELECT pg_catalog.clock_timestamp() + ahead FROM turned.clock';
CREATE FUNCTION turned.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE AS
    'SELECT pg_catalog.statement_timestamp() + ahead FROM turned.clock';
GRANT USAGE ON SCHEMA turned TO PUBLIC;
GRANT SELECT ON turned.clock TO PUBLIC;
"""


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
def server_of_its_own(db, monkeypatch):
    """A PostgreSQL server that keeps its commits and may be crashed; None when the tests run on SQLite."""
    if not os.environ.get("TEST_DATABASE_URL"):
        yield None
        return
    with postgresql.running(durable=True) as server:
        monkeypatch.setenv("TEST_DATABASE_URL", server.url)
        yield server


@pytest.fixture
def database_faults(private_database, server_of_its_own, tmp_path):
    """What can befall the database itself, by name."""
    if server_of_its_own is None:
        path = private_database["DATABASE_URL"].removeprefix("sqlite:///")
        return {"locked": lambda: _hold(path)}
    name = private_database["DATABASE_URL"].rsplit("/", 1)[-1]
    return {
        "cut every connection": lambda: _cut(name),
        "read-only": lambda: _read_only(name),
        "restart at once": server_of_its_own.restart,
        "restart during recovery": lambda: (
            "restart during recovery" if server_of_its_own.restart_during_recovery() else "restart twice"
        ),
        "full disk of the server": lambda: _full_disk(server_of_its_own),
    }


@pytest.fixture
def turn_database_clock(private_database, tmp_path):
    """Makes the database's own clock show so many seconds more than it is."""
    if "DATABASE_OWNER_URL" not in private_database:
        place = tmp_path / "database-clock"
        return lambda by: place.write_text(str(by))
    name = private_database["DATABASE_URL"].rsplit("/", 1)[-1]
    with two_roles.as_administrator(name) as server:
        server.execute(CLOCK)
        server.execute(f'ALTER DATABASE "{name}" SET search_path = turned, pg_catalog, "$user", public')

    def turn(by):
        with two_roles.as_administrator(name) as server:
            server.execute("UPDATE turned.clock SET ahead = make_interval(secs => %s)", [by])

    return turn


def _full_disk(server):
    """None of its processes may write for a second: it gives up what it was at, and recovers."""
    pids = server.processes()[1:]
    for pid in pids:
        limit(pid, 0)
    time.sleep(1)
    with contextlib.suppress(OSError):
        pids += server.processes()[1:]
    for pid in pids:
        limit(pid, resource.RLIM_INFINITY)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(psycopg.Error), two_roles.as_administrator():
            return
        time.sleep(0.1)


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
