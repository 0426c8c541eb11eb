"""Takes over a company's own data from CSV or XLSX."""

import json
from pathlib import Path

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.models import Person
from procure.console.importing import IMPORTERS
from vendors import batches


class Command(BaseCommand):
    help = "Imports a table and reports on each of its rows. All or nothing, unless --partial. Columns: " + "; ".join(
        f"{kind}: {', '.join(batches.columns(each))}" for kind, each in IMPORTERS.items()
    )

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=sorted(IMPORTERS))
        parser.add_argument("file", type=Path, help="CSV (UTF-8) or XLSX; the first row names the columns")
        parser.add_argument("--actor", required=True, metavar="USERNAME", help="the administrator who vouches for it")
        parser.add_argument("--dry-run", action="store_true", help="report, but keep nothing")
        parser.add_argument("--partial", action="store_true", help="keep the good rows when others have errors")
        parser.add_argument("--json", action="store_true", help="print the report as one JSON object")

    def handle(self, *, kind, file, actor, dry_run, partial, **options):
        person = Person.objects.filter(username=actor).select_related("entity").first()
        if person is None or person.entity is None:
            raise CommandError(f"There is nobody called “{actor}” here.", returncode=2)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from None
        try:
            report = batches.run(
                IMPORTERS[kind],
                name=file.name,
                content=content,
                actor=Actor.human(person),
                entity=person.entity,
                dry_run=dry_run,
                partial=partial,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        self._tell(report, as_json=options["json"])
        if report.counts["error"]:
            raise CommandError(
                f"{report.counts['error']} rows have errors." + ("" if report.kept else " Nothing kept.")
            )

    def _tell(self, report, *, as_json):
        if as_json:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
            return
        for row in report.rows:
            self.stdout.write(f"row {row.row}: {row.status} {row.key} {row.message}".rstrip())
        self.stdout.write(", ".join(f"{count} {status}" for status, count in report.counts.items()))
