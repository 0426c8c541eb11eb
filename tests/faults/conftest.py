"""Databases of their own for processes that are killed."""

import contextlib
import os
import sqlite3
import uuid

import psycopg
import pytest

from tests import two_roles


@pytest.fixture
def private_database(tmp_path):
    """Who runs and who owns an empty database on the server under test (SQLite when none is named)."""
    if not os.environ.get("TEST_DATABASE_URL"):
        yield {"DATABASE_URL": f"sqlite:///{tmp_path / 'faults.sqlite3'}"}
        return
    two_roles.make_roles()
    name = f"faults_{uuid.uuid4().hex[:12]}"
    with two_roles.as_administrator() as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER {two_roles.OWNER}')
    yield {
        "DATABASE_URL": two_roles.url_of(two_roles.RUNTIME, name),
        "DATABASE_OWNER_URL": two_roles.url_of(two_roles.OWNER, name),
    }
    with two_roles.as_administrator() as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


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
