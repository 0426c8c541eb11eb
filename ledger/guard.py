"""Tells the database on this connection which authority is in force, for the triggers of governed tables."""

from __future__ import annotations

from django.db import connection


def open_for(authority_id: int | None) -> None:
    value = "" if authority_id is None else str(authority_id)
    if connection.vendor == "postgresql":
        if connection.needs_rollback:  # the transaction is over; its local setting goes with it
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('procure.authority', %s, true)", [value])
    else:
        connection.procure_authority = value  # type: ignore[attr-defined]
