"""Tells the database on this connection which authority is in force, for the triggers of governed tables.

On PostgreSQL the setting is local to the transaction and goes back with a savepoint; on SQLite it is an attribute of
the connection that the function `procure_authority()` reads.
"""

from __future__ import annotations

from django.db import connection


def open_for(authority_id: int | None) -> None:
    value = "" if authority_id is None else str(authority_id)
    if connection.vendor != "postgresql":
        connection.procure_authority = value  # type: ignore[attr-defined]
    elif not _lost():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('procure.authority', %s, true)", [value])


def _lost() -> bool:
    """The transaction failed: it takes no statement any more, and rolling back takes the setting with it."""
    from psycopg.pq import TransactionStatus

    raw = connection.connection
    return connection.needs_rollback or raw is None or raw.info.transaction_status == TransactionStatus.INERROR
