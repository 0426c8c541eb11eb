"""PostgreSQL in tests: one role runs, another owns; a database migrated once on a server is copied for each worker.

TEST_DATABASE_URL names somebody who may make roles and databases there. The role that runs is a member of the owner
without its rights: a test that tampers says `owner.acting(connection)`, everything else is refused as in production.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection

from tests import ready_made

RUNTIME, OWNER = "procure_test_runtime", "procure_test_owner"
#: Held while roles and databases are made: workers start at the same moment.
LOCK = 7_331_001


def server_url() -> str:
    return os.environ["TEST_DATABASE_URL"]


def url_of(role: str, database: str = "") -> str:
    """Where this role finds a database on the server under test."""
    parts = urlsplit(server_url())
    at = f"{parts.hostname}:{parts.port or 5432}"
    return f"postgres://{role}:{_password()}@{at}/{quote(database) or parts.path.lstrip('/')}"


def _password() -> str:
    return hashlib.sha256(f"procure tests {server_url()}".encode()).hexdigest()[:32]


@contextmanager
def as_administrator(database: str = "") -> Iterator[psycopg.Connection]:
    """The server's administrator, who may do everything that a role of ours must not."""
    parts = urlsplit(server_url())
    url = parts._replace(path=f"/{database}").geturl() if database else server_url()
    with psycopg.connect(url, autocommit=True) as administrator:
        yield administrator


@contextmanager
def _alone() -> Iterator[psycopg.Connection]:
    with as_administrator() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        yield server


def make_roles() -> None:
    with _alone() as server:
        _make_roles(server)


def _make_roles(server: psycopg.Connection) -> None:
    known = {name for (name,) in server.execute("SELECT rolname FROM pg_roles")}
    if {RUNTIME, OWNER} <= known:
        return
    for role, how in ((OWNER, "INHERIT"), (RUNTIME, "NOINHERIT")):
        server.execute(f"CREATE ROLE {role} LOGIN {how} NOSUPERUSER PASSWORD '{_password()}'")
    server.execute(f"GRANT {OWNER} TO {RUNTIME}")


def lay_out() -> None:
    """Puts a migrated database where the test database will be looked for."""
    template = f"procure_ready_{ready_made.digest()}"
    name = connection.settings_dict["TEST"]["NAME"]
    with _alone() as server:
        _make_roles(server)
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            _make_template(server, template)
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {OWNER}')


def _make_template(server: psycopg.Connection, template: str) -> None:
    for (old,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'procure\\_ready\\_%'").fetchall():
        server.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
    half = "procure_ready_half"
    server.execute(f'CREATE DATABASE "{half}" OWNER {OWNER}')
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = half
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
    server.execute(f'ALTER DATABASE "{half}" RENAME TO "{template}"')


def clear_away() -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    with as_administrator() as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
