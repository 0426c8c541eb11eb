from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class LedgerConfig(AppConfig):
    """The ground: what happened, who, whose books, and the way out."""

    name = "ledger"
    label = "ledger"
    verbose_name = "Ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Importing registers the checks.
        from ledger import anchors, checks, command, commands, doorbell, erasure, jobs, replay, senders  # noqa: F401

        command.register(commands.EraseSubject, handler="ledger.handlers.erase_subjects", together=True)
        erasure.register("accounts", path="ledger.erasers")
        doorbell.register("outbox", answerer="ledger.outbox.answer", due="ledger.outbox.due")
        doorbell.register("jobs", answerer="ledger.jobs.answer", due="ledger.jobs.due")
        doorbell.register("checkpoints", answerer="ledger.checkpoints.answer", due="ledger.checkpoints.due")
        doorbell.register("scrubbing", answerer="ledger.scrubbing.answer", due="ledger.scrubbing.due")
        senders.register("anchor-file", path="ledger.file_anchor.sender", in_order=False)
        senders.register("job-mail", path="ledger.job_mail.sender", in_order=False)
        senders.register("anchor-mail", path="ledger.mail_anchor.sender", in_order=False)
        anchors.register("file", spread="ledger.file_anchor.spread")
        anchors.register("mail", spread="ledger.mail_anchor.spread")
        replay.register("switch", reduce="ledger.live.switch", live="ledger.live.switches")
        jobs.register("ledger.verify", run="ledger.long_checks.verify", right="ledger.view")
        jobs.register("ledger.compare", run="ledger.long_checks.compare", right="ledger.view")
        # Django's own hooks for connections and migrations; the project has no model signals.
        connection_created.connect(_prepare, dispatch_uid="ledger")
        post_migrate.connect(_restore, sender=self, dispatch_uid="ledger")


def _prepare(connection: Any, **_: Any) -> None:
    if connection.vendor == "sqlite":
        from ledger.databases import sqlite

        sqlite.prepare(connection)


def _restore(using: str, verbosity: int = 1, **_: Any) -> None:
    from django.db import connections

    from ledger import triggers

    triggers.restore(connections[using])
