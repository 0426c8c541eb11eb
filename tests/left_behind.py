"""What a test left in the database: nothing, unless it says `transaction=True`, and then it is taken away after it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from django.core.management import call_command
from django.db import connection

from ledger import triggers
from tests import ready_made, two_roles

#: Filled by migrating: they are there before any test and stay as they were.
FURNITURE = ("auth_permission", "django_content_type")
#: Not of any test.
MIGRATIONS = "django_migrations"
#: What the furniture of the fresh test database was.
_furnished: list[str] = []


def tables() -> list[str]:
    """All that hold rows now."""
    names = sorted({*connection.introspection.table_names()} - {MIGRATIONS})
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"SELECT '{n}' WHERE EXISTS (SELECT 1 FROM {quote(n)})" for n in names))
        return [name for (name,) in cursor.fetchall()]


def digest(among: Sequence[str] | None = None) -> str:
    """Of every row of these tables: the same only when nothing was added, changed or removed."""
    found = hashlib.sha256()
    with connection.cursor() as cursor:
        for name in tables() if among is None else among:
            table = connection.ops.quote_name(name)
            if connection.vendor == "postgresql":
                cursor.execute(f"SELECT md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))) FROM {table} t")
                rows = cursor.fetchall()
            else:
                cursor.execute(f"SELECT * FROM {table}")
                rows = sorted(map(repr, cursor.fetchall()))
            found.update(f"{name}: {rows}\n".encode())
    return found.hexdigest()


def remember_furniture() -> None:
    """As it is now, in the fresh test database."""
    _furnished[:] = [digest(FURNITURE)]


def is_known() -> bool:
    """Whether there is a test database in this run."""
    return bool(_furnished)


def now() -> list[str]:
    """Tables of the test database that are not as they were when it was fresh."""
    left = [name for name in tables() if name not in FURNITURE]
    return left if [digest(FURNITURE)] == _furnished else [*left, *FURNITURE]


def take_away() -> None:
    """After a test that commits: on SQLite the file is copied anew, on PostgreSQL the written tables are emptied.

    Truncating every table of PostgreSQL takes a second. It is done when more was altered than rows of tests.
    """
    if ready_made.is_wanted():
        ready_made.renew()
        return
    left = now()
    if set(left) & set(FURNITURE) or triggers.wanting(connection):
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)
        remember_furniture()
    elif left:
        two_roles.empty(left)
