"""A backup in one file; the keys in another."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from ledger import backup
from ledger.errors import DomainError


class Command(BaseCommand):
    help = (
        "Writes one archive (tar.gz, mode 600) with the database, the files and a manifest, while the portal runs."
        " Keys are never in it: write them with --keys to another place, once and after each change of a key."
        " Whoever has both archives can open sealed quotes. `manage.py restore FILE` puts a backup back."
    )
    # What is not sound any more must still be possible to keep.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="the archive to write; it must not be there yet")
        parser.add_argument("--keys", action="store_true", help="the keys alone: ring, signing keys, SECRET_KEY")
        parser.add_argument("--json", action="store_true", help="print the manifest")

    def handle(self, *, file, keys, **options):
        try:
            manifest = backup.write_keys(file) if keys else backup.write(file, tell=self._tell)
        except DomainError as error:
            raise CommandError(error.message) from error
        if keys:
            self._tell(
                f"{file} opens every sealed value and signs in this company's name: keep it off this machine,"
                " apart from the backups of the database."
            )
        if options["json"]:
            self.stdout.write(json.dumps(manifest, indent=2, sort_keys=True))

    def _tell(self, said):
        """To stderr, which is not only for errors, so without their red."""
        self.stderr.write(said, str)
