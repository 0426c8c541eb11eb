from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connections

from ledger import soundness, triggers


class Command(flush.Command):
    """Empties a test database; refuses anywhere else, because a ledger is never emptied."""

    def handle(self, **options: Any) -> None:
        connection = connections[options.get("database") or DEFAULT_DB_ALIAS]
        if not (getattr(settings, "LEDGER_MAY_BE_FLUSHED", False) and soundness.is_test_database(connection)):
            raise CommandError("A ledger is never emptied. To begin again, point DATABASE_URL at a new database.")
        with triggers.lifted(connection):
            super().handle(**options)
