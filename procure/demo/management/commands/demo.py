"""Fills an empty database: with the demo tenant, or with the beginnings of a company of one's own."""

import json
import sys

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from ledger.errors import DomainError, InvalidInput
from ledger.rights import Role
from procure.demo import company, tenant
from procure.demo.progress import Progress


class Command(BaseCommand):
    help = (
        "Loads the demo tenant (a second run changes nothing). With --empty starts a company of your own instead: "
        "give everything by options, or answer the questions."
    )

    def add_arguments(self, parser):
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        parser.add_argument(
            "--no-shift", action="store_true", help="keep the dates of the history; the business date is 2014-05-23"
        )
        parser.add_argument("--empty", action="store_true", help="start a company of your own in an empty database")
        own = parser.add_argument_group("with --empty")
        own.add_argument("--entity-name", metavar="NAME")
        own.add_argument("--entity-code", metavar="CODE", help="short code for the books (default: HQ)")
        own.add_argument("--currency", metavar="CODE", help="base currency, such as EUR")
        own.add_argument("--country", metavar="CODE", help="two letters, such as DE")
        own.add_argument("--time-zone", metavar="ZONE", help="such as Europe/Berlin (default: UTC)")
        own.add_argument("--admin", metavar='"NAME <MAIL>"', action="append", default=[], help="twice, two people")
        own.add_argument(
            "--person", metavar='"NAME <MAIL> ROLES"', action="append", default=[], help=f"roles: {', '.join(Role)}"
        )
        own.add_argument("--cost-centre", metavar='"CODE NAME"', action="append", default=[])

    def handle(self, *, empty, **options):
        try:
            told = self._company(**options) if empty else self._tenant(**options)
        except DomainError as error:
            wrong_use = empty and isinstance(error, InvalidInput)
            raise CommandError(error.message, returncode=2 if wrong_use else 1) from error
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=2))

    def _tenant(self, *, no_shift, **options):
        progress = Progress(tenant.LINES + tenant.OTHER, stream=sys.stderr)
        try:
            loaded = tenant.load(move=not no_shift, progress=progress)
        except tenant.AnotherCompany as error:
            self._say(error.message)
            return {"entity": None, "fresh": False}
        if no_shift and loaded.weeks:
            self._say(f"The history was moved by {loaded.weeks} weeks when it was loaded; it stays there.")
        if not no_shift and not loaded.weeks:
            self._say("The history was loaded with its own dates; they stay.")
        return loaded.as_json()

    def _company(self, **options):
        opened = company.open_company(self._opening(**options))
        self._say(
            f"{opened.entity} is ready. First passwords are in {opened.kept_at}: "
            "hand them out, have them changed, delete the file."
        )
        return {"entity": opened.entity.code, "people": [name for name, _ in opened.sign_ins]}

    def _opening(
        self, *, entity_name, entity_code, currency, country, time_zone, admin, person, cost_centre, **options
    ):
        asking = sys.stdin.isatty() and not admin
        return company.Opening(
            name=self._given(entity_name, "Name of the company", "--entity-name"),
            code=(entity_code or "HQ").upper(),
            currency=self._given(currency, "Base currency, such as EUR", "--currency").upper(),
            country=self._given(country, "Country, such as DE", "--country").upper(),
            time_zone=time_zone or "UTC",
            people=(
                *(
                    company.newcomer(each, roles=[Role.ADMINISTRATOR])
                    for each in admin or self._asked("Administrator: Name <mail>", asking)
                ),
                *(
                    company.newcomer(each)
                    for each in person or self._asked("Another person: Name <mail> roles", asking)
                ),
            ),
            cost_centres=tuple(
                company.cost_centre(each) for each in cost_centre or self._asked("Cost centre: CODE Name", asking)
            ),
        )

    def _given(self, value, question, option):
        if value:
            return value
        if sys.stdin.isatty():
            return self._answer(question)
        raise InvalidInput(f"{option} is missing: {question.lower()}.")

    def _asked(self, question, asking):
        """One a line until an empty one."""
        return list(iter(lambda: self._answer(f"{question} (empty: no more)"), "")) if asking else []

    def _answer(self, question):
        self._say(f"{question}: ", ending="")
        self.stderr.flush()
        return sys.stdin.readline().strip()

    def _say(self, message, ending="\n"):
        """To stderr, which is not only for errors, so without their red."""
        self.stderr.write(message, str, ending)
