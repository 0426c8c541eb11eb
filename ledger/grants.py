"""What the runtime role of a PostgreSQL database may do: given by its owner after migrating, looked at by checks."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from ledger import owner, triggers
from ledger.databases import grants
from ledger.errors import Misconfigured


def give(connection: BaseDatabaseWrapper) -> None:
    """Gives the runtime role its rights on every table there is, and takes away all others. The owner calls it."""
    signs_in = owner.sign_in()
    if signs_in is None or connection.vendor != "postgresql":
        return
    runtime = connections.settings[connection.alias]["USER"]
    if not runtime or runtime == signs_in.get("USER"):
        raise Misconfigured("DATABASE_URL and DATABASE_OWNER_URL must each name a user of their own.")
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        grants.give(cursor, runtime, triggers.declared(connection))
    for fence in (grants.fence_schema, grants.fence_database):
        # An owner of the tables who does not own schema or database cannot; soundness says what then is too much.
        with suppress(DatabaseError), transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            fence(cursor, runtime)


def excesses(connection: BaseDatabaseWrapper) -> list[str]:
    """What the runtime role could do to the ledger that it must not; empty on SQLite, which has no roles."""
    if connection.vendor != "postgresql":
        return []
    # The runtime role of a test database is a member of the owner, without its rights, so that tests can tamper.
    how = "USAGE" if getattr(settings, "LEDGER_MAY_BE_FLUSHED", False) else "MEMBER"
    with connection.cursor() as cursor:
        return grants.excesses(cursor, owner.runtime_role(connection), triggers.declared(connection), how)
