"""Statements that run many times a second: written out, and on PostgreSQL prepared once a connection.

The server reads and plans such a statement once instead of each time, which is most of what a small one costs.
"""
# ruff: noqa: S608  the statements are made of the names of tables and columns

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import connection
from django.db.models import Field, Model

Row = TypeVar("Row", bound=Model)
#: Nothing is prepared by being repeated: only what is sent here.
_NEVER = 2**31


def cursor() -> Any:
    """A cursor whose statements are kept ready by the server; elsewhere an ordinary one."""
    if connection.vendor != "postgresql" or not settings.DATABASE_PREPARES:
        return connection.cursor()
    from ledger.databases.prepared import Prepared

    connection.ensure_connection()
    raw: Any = connection.connection
    if raw.prepare_threshold is None:
        raw.prepare_threshold = _NEVER
    made: Any = Prepared(raw)
    return connection.make_debug_cursor(made) if connection.queries_logged else connection.make_cursor(made)


def run(statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> Any:
    """Sends it, and returns the cursor that has its answer."""
    found = cursor()
    found.execute(statement, values or None)
    return found


def marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


class Columns(Generic[Row]):
    """Some columns of a model, for statements that are written out: read into its objects, and written from them."""

    def __init__(self, model: type[Row], *names: str) -> None:
        """All of them if none is named."""
        wanted = [model._meta.get_field(each) for each in names] or model._meta.concrete_fields
        self.model = model
        self.fields: list[Field] = list(wanted)  # type: ignore[arg-type]
        self._names = [each.attname for each in self.fields]
        self._converters: dict[str, list[tuple[int, list[Any], Any]]] = {}

    def of(self, alias: str) -> str:
        """As a SELECT names them."""
        return ", ".join(f"{alias}.{each.column}" for each in self.fields)

    def made(self, row: Sequence[Any]) -> Row:
        values = list(row)
        for place, converters, column in self._converted():
            for convert in converters:
                values[place] = convert(values[place], column, connection)
        return self.model.from_db(connection.alias, self._names, values)

    def _converted(self) -> list[tuple[int, list[Any], Any]]:
        if connection.vendor not in self._converters:
            found = []
            for place, each in enumerate(self.fields):
                column = each.cached_col
                converters = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
                if converters:
                    found.append((place, converters, column))
            self._converters[connection.vendor] = found
        return self._converters[connection.vendor]

    def insert(self, rows: Sequence[Row]) -> list[int]:
        """All rows by one statement; returns their keys in order."""
        return self.ask_insert(rows)()

    def ask_insert(self, rows: Sequence[Row]) -> Callable[[], list[int]]:
        """Call what is returned for the keys. On PostgreSQL the rows travel as one value, so that it is the same
        statement for any number of them."""
        fields = [each for each in self.fields if not each.primary_key]
        names, table = ", ".join(str(each.column) for each in fields), self.model._meta.db_table
        key = self.model._meta.pk.column
        if connection.vendor == "postgresql":
            told = [{str(each.column): getattr(row, each.attname) for each in fields} for row in rows]
            source = f"SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
            values = [json.dumps(told, default=_told)]
        else:
            source = "VALUES " + ", ".join([f"({marks(fields)})"] * len(rows))
            values = [each.get_db_prep_save(getattr(row, each.attname), connection) for row in rows for each in fields]
        made = run(f"INSERT INTO {table} ({names}) {source} RETURNING {key}", values)
        return lambda: [number for (number,) in made.fetchall()]


def _told(value: Any) -> str:
    """An instant or a decimal, without losing a digit."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
