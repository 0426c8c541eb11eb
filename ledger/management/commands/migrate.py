from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import connections

from ledger import grants, owner
from ledger.errors import Misconfigured


class Command(migrate.Command):
    """Migrates as the owner of the tables (DATABASE_OWNER_URL), then gives the runtime role its rights."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with owner.signed_in(connection):
            super().handle(*args, **options)
            if not (options["plan"] or options["check_unapplied"]):
                try:
                    grants.give(connection)
                except Misconfigured as error:
                    raise CommandError(error.message) from None
