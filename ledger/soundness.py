"""Whether it is safe to serve: triggers in place, head at the last row, settings that keep what was committed."""

from __future__ import annotations

import stat
from dataclasses import dataclass

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor

from ledger import checkpoints, databases, keys, signing, triggers
from ledger.models import Checkpoint, Entry, LedgerHead

RESTORE = "Verify the ledger (manage.py ledger verify); then `manage.py migrate --skip-checks` puts them back."


@dataclass(frozen=True, slots=True)
class Problem:
    id: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.id}: {self.message} {self.hint}"


def problems(using: str = "default") -> list[Problem]:
    """Reasons not to serve. Empty while the ledger's tables do not exist yet."""
    connection = connections[using]
    if LedgerHead._meta.db_table not in connection.introspection.table_names():
        return []
    return [
        *flush_switch(connection),
        *_triggers(connection),
        *_heads(connection),
        *_settings(connection),
        *key_ring(),
        *_checkpoints(connection),
    ]


def migrations_wait(using: str = "default") -> bool:
    executor = MigrationExecutor(connections[using])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def is_test_database(connection: BaseDatabaseWrapper) -> bool:
    return connection.settings_dict["NAME"] == connection.creation._get_test_db_name()  # type: ignore[attr-defined]


def flush_switch(connection: BaseDatabaseWrapper) -> list[Problem]:
    if getattr(settings, "LEDGER_MAY_BE_FLUSHED", False) and not is_test_database(connection):
        hint = "Take LEDGER_MAY_BE_FLUSHED out of the settings: it is for test databases."
        return [Problem("ledger.E001", "The settings allow this ledger to be emptied.", hint)]
    return []


def key_ring() -> list[Problem]:
    path = keys.ring_path()
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return [Problem("ledger.E005", f"Others can read the key ring {path}.", f"chmod 600 {path}")]
    return []


def _triggers(connection: BaseDatabaseWrapper) -> list[Problem]:
    missing = triggers.wanting(connection)
    if not missing:
        return []
    return [Problem("ledger.E002", f"Triggers are missing or were altered: {', '.join(missing)}.", RESTORE)]


def _heads(connection: BaseDatabaseWrapper) -> list[Problem]:
    found = []
    for head in LedgerHead.objects.using(connection.alias).all():
        last = Entry.objects.using(connection.alias).filter(log=head).order_by("-seq").first()
        if (head.seq, head.hash) != ((last.seq, last.hash) if last else (0, "0" * 64)):
            message = f"The head of log “{head.log}” is at {head.seq}, its last row at {last.seq if last else 0}."
            hint = "Somebody changed the ledger: manage.py ledger verify names the place. Restore a backup."
            found.append(Problem("ledger.E003", message, hint))
    return found


def _checkpoints(connection: BaseDatabaseWrapper) -> list[Problem]:
    """What would keep the next checkpoint from being signed, as far as a few rows tell."""
    if Checkpoint._meta.db_table not in connection.introspection.table_names():
        return []
    found = []
    for head in LedgerHead.objects.using(connection.alias).order_by("log"):
        path = signing.key_path(head.origin)
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            found.append(Problem("ledger.E005", f"Others can read the signing key {path}.", f"chmod 600 {path}"))
        if reason := checkpoints.fault(head, connection.alias):
            hint = "Verify the ledger (manage.py ledger verify) and compare it with its anchors before anything else."
            found.append(Problem("ledger.E006", f"No checkpoint of log “{head.log}” can be signed. {reason}", hint))
    return found


def _settings(connection: BaseDatabaseWrapper) -> list[Problem]:
    """On SQLite they are ours to set, so they must be right; on PostgreSQL they are the server's: see `cautions`."""
    if connection.vendor != "sqlite" or getattr(settings, "LEDGER_MAY_BE_FLUSHED", False):
        return []  # what is thrown away need not reach the disk
    return [
        Problem("ledger.E004", f"{what}.", f"Set {remedy} in DATABASES.")
        for what, remedy in databases.of(connection).unsound_settings(connection)
    ]


def cautions(using: str = "default") -> list[Problem]:
    """Settings of the server under which its crash could lose what it confirmed."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return []
    return [
        Problem("ledger.W001", f"{what}.", f"Set {remedy} on the server.")
        for what, remedy in databases.of(connection).unsound_settings(connection)
    ]
