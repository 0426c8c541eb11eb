"""Governed tables: no row is written while no authority is in force. Put `*protect("procure_order", …)` in a migration.

The migration depends on the last one of the ledger and follows the one that makes the tables. A later migration that
rebuilds a table (SQLite) loses nothing: `migrate` puts the triggers back when it is done.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger import databases
from ledger.databases.trigger import Trigger
from ledger.triggers import PutInPlace


class Protect(PutInPlace):
    """Refuses INSERT, UPDATE, DELETE and TRUNCATE on `table` without authority."""

    def __init__(self, table: str) -> None:
        self.table = table

    def triggers(self, connection: BaseDatabaseWrapper) -> tuple[Trigger, ...]:
        return databases.of(connection).governed(self.table)

    def describe(self) -> str:
        return f"Govern {self.table}"


def protect(*tables: str) -> list[Protect]:
    return [Protect(table) for table in tables]
