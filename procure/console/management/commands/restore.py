"""Puts a backup back, and says plainly when it is older than what was signed of the ledger."""

import json
import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger import erasure, losses, restoring
from ledger.errors import DomainError

WHAT_TO_DO = (
    "Restore a newer backup. If there is none, go on from here on purpose:\n"
    '  manage.py restore --accept-loss --reason "why"\n'
    "That is recorded in the ledger. Numbers given out since then will be given out again, and orders sent to the ERP"
    " since then are unknown here: reconcile them (manage.py erp reconcile). Whoever holds a newer note still sees the"
    " fork."
)


class Command(BaseCommand):
    help = (
        "Puts a backup back into an empty database: checks every digest, restores, migrates, verifies the ledger, and"
        " compares it with the checkpoints that were signed or anchored outside of it. Stop the portal first. Exit 1"
        " when entries that were signed are missing, until that loss is accepted with a reason."
    )
    # A database that is not sound, or empty, is what this is for.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", nargs="?", type=Path, help="an archive that `manage.py backup` wrote")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--replace", action="store_true", help="keep what is there aside, and restore in its place")
        parser.add_argument("--keys", action="store_true", help="the archive holds keys: put back those not there")
        parser.add_argument("--accept-loss", action="store_true", help="go on although signed entries are missing")
        parser.add_argument("--reason", default="", help="why; kept in the ledger")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *, file, keys, accept_loss, reason, **options):
        if file is None and not accept_loss:
            raise CommandError("Name the archive to restore.", returncode=2)
        if accept_loss and not reason.strip():
            raise CommandError('Say why you go on without the missing entries: --reason "…".', returncode=2)
        try:
            if keys:
                self._tell(f"Put back: {', '.join(restoring.restore_keys(file)) or 'nothing, all keys are there'}.")
                return
            restored = self._restore(file, **options) if file else None
            lost = losses.find()
            if accept_loss:
                losses.accept(lost, reason=reason, actor=losses.RESTORE)
            # Nobody whom an old backup brings back is served; while a loss is not accepted nothing is.
            erased = erasure.reapply() if accept_loss or not lost else []
        except DomainError as error:
            raise CommandError(error.message) from error
        if erased:
            self._tell(f"Erased again: {', '.join(erased)}.")
        self._say(restored, lost, accepted=accept_loss, as_json=options["json"])

    def _restore(self, file, *, yes, replace, **options):
        if not yes and not self._agreed(file):
            raise CommandError("Nothing was restored.")
        return restoring.restore(file, replace=replace, tell=self._tell)

    def _agreed(self, file):
        if not sys.stdin.isatty():
            raise CommandError("Say --yes to restore without being asked.", returncode=2)
        self.stderr.write(f"Restore {file} into the database that DATABASE_URL names? [y/N] ", str, "")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _say(self, restored, lost, *, accepted, as_json):
        if restored:
            for path in restored.aside:
                self._tell(f"What was there before is in {path}.")
            self._tell(f"Restored: {restored.entries} entries, valid, as of {restored.manifest['made_at']}.")
        if as_json:
            self.stdout.write(json.dumps(self._told(restored, lost, accepted)))
        if lost and accepted:
            self._tell(f"The loss is recorded in the ledger: {' '.join(map(str, lost))}")
        elif lost:
            said = "\n".join(f"{each}"[:1].upper() + f"{each}"[1:] for each in lost)
            raise CommandError(f"This ledger is older than what was signed of it.\n{said}\n{WHAT_TO_DO}")

    def _told(self, restored, lost, accepted):
        return {
            "entries": restored.entries if restored else None,
            "made_at": restored.manifest["made_at"] if restored else None,
            "aside": [str(path) for path in restored.aside] if restored else [],
            "losses": [
                {
                    "log": each.log,
                    "origin": each.origin,
                    "entries": each.kept,
                    "signed": each.size,
                    "root": each.root.hex(),
                    "missing": each.missing,
                    "since": each.since.isoformat() if each.since else None,
                    "note": str(each.place),
                }
                for each in lost
            ],
            "accepted": accepted,
        }

    def _tell(self, said):
        """To stderr, which is not only for errors, so without their red."""
        self.stderr.write(said, str)
