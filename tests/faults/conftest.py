"""Databases of their own for processes that are killed."""

import os
import uuid

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
