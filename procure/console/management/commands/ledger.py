"""`manage.py ledger VERB`. A verb is a method with its arguments declared beside it."""

import json

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import verification


class Command(BaseCommand):
    help = "Looks after the ledger. `ledger verify` recomputes every hash, link, record and head."
    # A ledger that is not sound must still be verifiable.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
        self._add_verify(verbs)

    def handle(self, *, verb: str, **options: object) -> None:
        getattr(self, verb)(**options)

    def _add_verify(self, verbs) -> None:
        verify = verbs.add_parser("verify", help="exit 0 when the whole chain is as it was written, else 1")
        verify.add_argument("--log", help="one log only; all by default")
        verify.add_argument("--json", action="store_true", help="print one JSON object")

    def verify(self, *, log: str | None, json: bool, **options: object) -> None:
        finding = verification.verify(log)
        if json:
            self._print_json(
                {
                    "valid": finding.valid,
                    "entries": finding.entries,
                    "first_bad": finding.first_bad,
                    "reason": finding.reason or None,
                    "checkpoints": finding.checkpoints,
                    "uncovered": finding.uncovered,
                    "between": finding.between,
                }
            )
        elif finding.valid:
            self.stdout.write(
                f"The ledger is valid: {finding.entries} entries, {finding.checkpoints} checkpoints."
                f" Not yet covered by an anchor: the last {finding.uncovered}."
            )
        if not finding.valid:
            place = f"Entry {finding.first_bad} of log" if finding.first_bad else "Log"
            raise CommandError(
                f"The ledger is not valid. {place} {finding.log}: {finding.reason}."
                " Keep this database as evidence and restore the last good backup beside it."
            )

    def _print_json(self, answer: dict[str, object]) -> None:
        self.stdout.write(json.dumps(answer))
