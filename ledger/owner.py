"""The two roles of a PostgreSQL database: DATABASE_URL runs, DATABASE_OWNER_URL owns the tables and migrates.

Commands that change tables sign in as the owner for their duration. There is no second database alias: nothing else
could use the owner's rights by mistake. Without DATABASE_OWNER_URL, and on SQLite, one role does everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

#: What is taken from DATABASE_OWNER_URL; the database stays that of DATABASE_URL.
SIGN_IN = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


def sign_in() -> dict[str, Any] | None:
    """How the owner signs in, if the settings name one."""
    return getattr(settings, "DATABASE_OWNER", None)


def runtime_role(connection: BaseDatabaseWrapper) -> str:
    """Who runs: named by DATABASE_URL, or whoever is signed in when it names nobody."""
    if name := connections.settings[connection.alias]["USER"]:
        return name
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        return cursor.fetchone()[0]


def is_signed_in(connection: BaseDatabaseWrapper) -> bool:
    owner = sign_in()
    return owner is not None and connection.settings_dict["USER"] == owner["USER"]


@contextmanager
def signed_in(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """This connection, and no other thread's, is the owner's for the block."""
    owner = sign_in()
    if owner is None or connection.vendor != "postgresql":
        yield
        return
    if connection.in_atomic_block:
        raise RuntimeError("the owner signs in outside of transactions")
    runtime = connection.settings_dict
    connection.close()
    connection.settings_dict = runtime | {key: owner.get(key) or ("" if key != "OPTIONS" else {}) for key in SIGN_IN}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict = runtime


@contextmanager
def acting(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """The runtime role takes the owner's place inside its own session and transaction.

    Only a member can, and only in test databases it is one: soundness refuses that everywhere else.
    """
    owner = sign_in()
    if owner is None or connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {connection.ops.quote_name(owner['USER'])}")
    try:
        yield
    finally:
        # A transaction that failed takes the role back as it rolls back.
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
