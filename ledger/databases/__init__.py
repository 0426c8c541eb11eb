"""What the ledger asks of each database: triggers, the append statement, settings that keep a commit once made."""

from __future__ import annotations

from types import ModuleType

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.databases import postgresql, sqlite

_MODULES = {"postgresql": postgresql, "sqlite": sqlite}


def of(connection: BaseDatabaseWrapper) -> ModuleType:
    return _MODULES[connection.vendor]
