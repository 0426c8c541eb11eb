"""Alters rows as whoever owns the database could: past every trigger. Within the transaction of a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from ledger import owner


def alter(table: str, change: str, params: Sequence[Any] = ()) -> None:
    """`change` is what stands after SET."""
    with owner.acting(connection), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # A table with deferred checks still to come cannot be altered.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
            for (name,) in cursor.fetchall():
                cursor.execute(f'DROP TRIGGER "{name}"')
        cursor.execute(f"UPDATE {table} SET {change}", list(params))
