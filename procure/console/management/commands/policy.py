"""Checks a policy document, and shows the one in force."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from approvals import rulebook
from approvals.document import read
from approvals.errors import NoPolicy
from approvals.models import PolicyVersion
from approvals.rules import sentence
from approvals.vocabulary import VOCABULARY
from ledger.errors import DomainError
from ledger.models import LegalEntity

LARGEST = 2_000_000


class Command(BaseCommand):
    help = (
        "policy check FILE: prints every problem of a policy document with rule, field, line and column; exit 0 when "
        "it can be published, 1 when not. policy show: prints the policy in force. policy facts: prints the words "
        "that rules may use. Exit 2 on wrong use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("check", help="look for problems in a policy document (JSON; - reads stdin)")
        check.add_argument("file")
        show = verbs.add_parser("show", help="print the policy in force, or the one that ships with the project")
        show.add_argument("--entity", default="", help="code of the company, when there are several")
        show.add_argument("--version", type=int, default=0, dest="number", help="this version instead")
        show.add_argument("--shipped", action="store_true", help="the policy that ships with the project")
        show.add_argument("--sentences", action="store_true", help="each rule as a sentence instead of JSON")
        facts = verbs.add_parser("facts", help="print the facts with type, unit and meaning")
        for each in (check, show, facts):
            each.add_argument("--json", action="store_true", help="print JSON (the default)")

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(**options)
        except DomainError as error:
            raise CommandError(error.message) from error

    def _check(self, *, file: str, **options: Any) -> None:
        raw = self._document(file)
        problems = rulebook.check(raw)
        self._print({"ok": not problems, "problems": [each.as_json() for each in problems]})
        if problems:
            raise CommandError(f"{len(problems)} problem(s): correct them before you publish this policy.")

    def _document(self, file: str) -> Any:
        try:
            text = sys.stdin.read(LARGEST + 1) if file == "-" else Path(file).read_text(encoding="utf-8")
            if len(text) > LARGEST:
                raise CommandError(f"A policy document has at most {LARGEST} characters.", returncode=2)
            return json.loads(text)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=2) from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{file} is not UTF-8 text.", returncode=2) from error
        except ValueError as error:
            line, column = getattr(error, "lineno", 1), getattr(error, "colno", 1)
            problem = {"rule": "", "field": "document", "line": line, "column": column, "message": f"not JSON: {error}"}
            self._print({"ok": False, "problems": [problem]})
            raise CommandError(f"{file} is not JSON: {error}") from error

    def _show(self, *, entity: str, number: int, shipped: bool, sentences: bool, **options: Any) -> None:
        document = rulebook.shipped() if shipped else self._version(entity, number).document
        if sentences:
            for rule in read(document).document.rules:
                self.stdout.write(f"{rule.checkpoint}. {sentence(rule)}")
            return
        self._print(document)

    def _version(self, code: str, number: int) -> PolicyVersion:
        companies = LegalEntity.objects.filter(code=code) if code else LegalEntity.objects.all()
        if len(companies) != 1:
            known = ", ".join(LegalEntity.objects.order_by("code").values_list("code", flat=True)) or "none yet"
            raise CommandError(f"Name one company with --entity. Known: {known}.", returncode=2)
        if not number:
            return rulebook.version_in_force(companies[0])
        found = PolicyVersion.objects.filter(entity=companies[0], number=number).first()
        if found is None:
            raise NoPolicy(f"There is no policy version {number}.")
        return found

    def _facts(self, **options: Any) -> None:
        self._print(
            [
                {
                    "name": each.name,
                    "type": str(each.type),
                    "unit": each.unit,
                    "description": str(each.description),
                    "choices": list(each.choices),
                }
                for each in VOCABULARY.values()
            ]
        )

    def _print(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, indent=2, ensure_ascii=False))
