"""Statements that run many times a second: written out, and on PostgreSQL prepared once a connection.

The server reads and plans such a statement once instead of each time, which is most of what a small one costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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


def run(statement: str, values: Sequence[Any] = ()) -> Any:
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

    def insert(self, rows: Iterable[Row]) -> tuple[str, list[Any]]:
        """One INSERT of all rows that gives back their keys in order, and its values."""
        fields = [each for each in self.fields if not each.primary_key]
        values = [list(self._stored(row, fields)) for row in rows]
        line = f"({marks(fields)})"
        names = ", ".join(str(each.column) for each in fields)
        table, key = self.model._meta.db_table, self.model._meta.pk
        statement = f"INSERT INTO {table} ({names}) VALUES {', '.join([line] * len(values))} RETURNING {key.column}"  # noqa: S608
        return statement, [each for row in values for each in row]

    def _stored(self, row: Row, fields: Sequence[Field]) -> Iterator[Any]:
        for each in fields:
            yield each.get_db_prep_save(each.pre_save(row, add=True), connection)
