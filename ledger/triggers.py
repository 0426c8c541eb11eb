"""The triggers that keep the ledger: made by migrations, put back after table rebuilds, looked for by checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

from ledger import databases, owner
from ledger.databases.trigger import Trigger


class PutInPlace(Operation):
    """A migration operation that makes triggers; subclasses say which."""

    reversible = True

    def triggers(self, connection: BaseDatabaseWrapper) -> tuple[Trigger, ...]:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            databases.of(connection).install(cursor, self.triggers(connection))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        connection = schema_editor.connection
        with connection.cursor() as cursor:
            databases.of(connection).remove(cursor, self.triggers(connection))


class KeepChain(PutInPlace):
    """Entries, heads, object index and granted authorities take no write but the right one.

    Whoever changes the text of a trigger or function adds a migration with this operation once more.
    """

    def triggers(self, connection: BaseDatabaseWrapper) -> tuple[Trigger, ...]:
        return databases.of(connection).chain()

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        with schema_editor.connection.cursor() as cursor:
            databases.of(schema_editor.connection).install_functions(cursor)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        with schema_editor.connection.cursor() as cursor:
            databases.of(schema_editor.connection).remove_functions(cursor)
        super().database_backwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "Keep the chain append-only"


class LiftChain(KeepChain):
    """First operation of a migration that changes a table of the chain, with `KeepChain()` as the last: the triggers
    name each other's tables, which SQLite cannot rebuild under them."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        super().database_backwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        super().database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "Lift the chain's triggers while its tables change"


class KeepCheckpoints(PutInPlace):
    """Tree nodes, checkpoints and anchorings are added and never changed."""

    def triggers(self, connection: BaseDatabaseWrapper) -> tuple[Trigger, ...]:
        return databases.of(connection).checkpoints()

    def describe(self) -> str:
        return "Keep checkpoints append-only"


class KeepRows(PutInPlace):
    """Rows of `table` are added and never taken away, by DELETE, TRUNCATE or REPLACE."""

    def __init__(self, table: str) -> None:
        self.table = table

    def triggers(self, connection: BaseDatabaseWrapper) -> tuple[Trigger, ...]:
        return databases.of(connection).stays(self.table)

    def describe(self) -> str:
        return f"Keep the rows of {self.table}"


def declared(connection: BaseDatabaseWrapper) -> tuple[Trigger, ...]:
    """Every trigger that the migrations applied to this database have put in place."""
    recorder = MigrationRecorder(connection)
    applied = recorder.applied_migrations() if recorder.has_table() else {}
    found: dict[str, Trigger] = {}
    for key, operation in _operations():
        if key in applied:
            found |= {each.name: each for each in operation.triggers(connection)}
    tables = set(connection.introspection.table_names())
    return tuple(each for each in found.values() if each.table in tables)


@lru_cache(maxsize=1)
def _operations() -> tuple[tuple[tuple[str, str], PutInPlace], ...]:
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return tuple(
        (key, operation)
        for key, migration in loader.disk_migrations.items()
        for operation in migration.operations
        if isinstance(operation, PutInPlace)
    )


def wanting(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of declared triggers, and of functions of ours, that are missing or were altered."""
    triggers = declared(connection)
    module = databases.of(connection)
    with connection.cursor() as cursor:
        functions = module.wanting_functions(cursor) if triggers else []
        return module.wanting(cursor, triggers) + functions


def restore(connection: BaseDatabaseWrapper) -> list[str]:
    """Puts back what is wanting (SQLite drops a table's triggers when a migration rebuilds it); says what it was."""
    missing = set(wanting(connection))
    if missing:
        module = databases.of(connection)
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            module.install(cursor, [each for each in declared(connection) if each.name in missing])
            module.install_functions(cursor)
    return sorted(missing)


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Takes all triggers away for the block, in which the owner acts. For test databases."""
    triggers = declared(connection)
    with owner.acting(connection):
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            databases.of(connection).remove(cursor, triggers)
        try:
            yield
        finally:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                databases.of(connection).install(cursor, triggers)
