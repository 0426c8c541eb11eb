"""Databases of their own for processes that are killed."""

import contextlib
import os
import sqlite3
import uuid

import psycopg
import pytest


@pytest.fixture
def private_database(tmp_path):
    """The URL of an empty database on the server under test (SQLite when none is named), dropped afterwards."""
    server = os.environ.get("TEST_DATABASE_URL")
    if not server:
        yield f"sqlite:///{tmp_path / 'faults.sqlite3'}"
        return
    name = f"faults_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    yield server.rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def private_rows(private_database):
    """Runs one statement there, past Django, and returns its rows."""

    def rows(statement):
        if private_database.startswith("sqlite:///"):
            connection = sqlite3.connect(private_database.removeprefix("sqlite:///"), timeout=30, isolation_level=None)
        else:
            connection = psycopg.connect(private_database, autocommit=True)
        with contextlib.closing(connection):
            found = connection.execute(statement)
            return found.fetchall() if found.description else []

    return rows
