from typing import Any

from django.core.management.commands import createcachetable
from django.db import connections

from ledger import grants, owner


class Command(createcachetable.Command):
    """Makes the cache's table as the owner, and gives the runtime role its rights on it."""

    def handle(self, *tablenames: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        with owner.signed_in(connection):
            super().handle(*tablenames, **options)
            grants.give(connection)
