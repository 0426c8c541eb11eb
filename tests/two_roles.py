"""PostgreSQL in tests: one role runs, another owns; a database migrated once on a server is copied for each worker.

TEST_DATABASE_URL names somebody who may make roles and databases there. The role that runs is a member of the owner
without its rights: a test that tampers says `owner.acting(connection)`, everything else is refused as in production.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from django.core.management import call_command
from django.db import connection

from ledger import postgresql_programs
from ledger.errors import Misconfigured
from tests import ready_made

RUNTIME, OWNER = "procure_test_runtime", "procure_test_owner"
#: Held while roles and databases are made: workers start at the same moment.
LOCK = 7_331_001
#: How a trigger fires, as the catalogue says it and as a statement does.
FIRING = {"A": "ENABLE ALWAYS", "D": "DISABLE", "O": "ENABLE", "R": "ENABLE REPLICA"}
#: Databases of stories that this process has made.
_beside: list[str] = []


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


def _make_roles(server: psycopg.Connection) -> None:
    known = {name for (name,) in server.execute("SELECT rolname FROM pg_roles")}
    if {RUNTIME, OWNER} <= known:
        return
    for role, how in ((OWNER, "INHERIT"), (RUNTIME, "NOINHERIT")):
        server.execute(f"CREATE ROLE {role} LOGIN {how} NOSUPERUSER PASSWORD '{_password()}'")
    server.execute(f"GRANT {OWNER} TO {RUNTIME}")


def lay_out() -> None:
    """Puts a migrated database where the test database will be looked for."""
    lay_out_as(connection.settings_dict["TEST"]["NAME"])


def lay_out_as(name: str) -> None:
    """Puts a migrated database on the server under test."""
    template = f"procure_ready_{ready_made.digest()}"
    with _alone() as server:
        _make_roles(server)
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [template]).fetchone():
            _make_template(server, template)
        _copy(server, name, template)


def _copy(server: psycopg.Connection, name: str, of: str) -> None:
    """The role that runs has the rights in it that migrating gives."""
    server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{of}" OWNER {OWNER}')
    server.execute(f'REVOKE CREATE, TEMPORARY ON DATABASE "{name}" FROM PUBLIC, {RUNTIME}')


def _make_template(server: psycopg.Connection, template: str) -> None:
    for (old,) in server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'procure\\_ready\\_%'").fetchall():
        server.execute(f'DROP DATABASE IF EXISTS "{old}" WITH (FORCE)')
    half = "procure_ready_half"
    server.execute(f'CREATE DATABASE "{half}" OWNER {OWNER}')
    written = ready_made.kept(f"{server.info.server_version}.sql")
    if not written.exists() or not _read(written, half):
        _migrate(half)
        _write(written, half)
    server.execute(f'ALTER DATABASE "{half}" RENAME TO "{template}"')


def _migrate(name: str) -> None:
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


def _read(written: Path, name: str) -> bool:
    """What migrating once made, for servers come and go; False where psql is not to be had."""
    return _run("psql", "-qXv", "ON_ERROR_STOP=1", "-1", "-f", str(written), "-d", _url_in(name))


def _write(written: Path, name: str) -> None:
    """For the next server. Without pg_dump it migrates again."""
    half = written.with_suffix(f".{os.getpid()}")
    if _run("pg_dump", "-f", str(half), "-d", _url_in(name)):
        half.replace(written)


def _url_in(name: str) -> str:
    return urlsplit(server_url())._replace(path=f"/{name}").geturl()


def _run(program: str, *options: str) -> bool:
    try:
        path = postgresql_programs.find(program)
    except Misconfigured:
        return False
    return subprocess.run([path, *options], stdout=subprocess.DEVNULL, check=False).returncode == 0


def beside(name: str, of: str | None = None) -> str:
    """A copy of this database (of a fresh one, when none is named) beside the test database; returns its name."""
    made = f"{connection.settings_dict['TEST']['NAME']}_{name}"
    with _alone() as server:
        _copy(server, made, of or f"procure_ready_{ready_made.digest()}")
    if made not in _beside:
        _beside.append(made)
    return made


def empty(tables: Sequence[str]) -> None:
    """Takes all rows of these tables away, past every foreign key and trigger; the triggers are then as they were."""
    name = connection.settings_dict["NAME"]
    with as_administrator(name) as server, server.transaction():
        server.execute("SET LOCAL session_replication_role = replica")
        kept = server.execute(
            "SELECT tgrelid::regclass::text, quote_ident(tgname), tgenabled FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgrelid::regclass::text = ANY(%s)",
            [list(tables)],
        ).fetchall()
        statements = [f"ALTER TABLE {table} DISABLE TRIGGER USER; DELETE FROM {table}" for table in tables]
        statements += [f"ALTER TABLE {table} {FIRING[mode]} TRIGGER {name}" for table, name, mode in kept]
        server.execute("; ".join(statements))


def clear_away() -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    with as_administrator() as server:
        for each in (name, *_beside):
            server.execute(f'DROP DATABASE IF EXISTS "{each}" WITH (FORCE)')
