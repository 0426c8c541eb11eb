"""Plans from the shell."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents import plans, queries, templates
from agents.models import Plan
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError
from ledger.models import LegalEntity, Person


class Command(BaseCommand):
    help = "Starts, shows and lists plans."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        start = verbs.add_parser("start", help="start a plan from the template version in force")
        start.add_argument("template", help="such as intake-to-order")
        start.add_argument("subject", help="kind:key, such as requisition:PR-00001")
        start.add_argument("--by", required=True, metavar="USERNAME", help="who starts it")
        start.add_argument("--entity", metavar="CODE", help="whose plan; the person's own entity if not given")
        start.add_argument("--inputs", type=json.loads, default={}, help="a JSON object")
        show = verbs.add_parser("show", help="a plan with its steps, results and attempts")
        show.add_argument("reference", help="such as PLN-00001")
        listing = verbs.add_parser("list", help="plans, newest first")
        listing.add_argument("--status", choices=Plan.Status.values)
        listing.add_argument("--limit", type=int, default=50)
        for verb in (start, show, listing):
            verb.add_argument("--json", action="store_true", help="one JSON value on standard output")

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(options)
        except DomainError as error:
            raise CommandError(error.message) from None

    def _start(self, options: dict[str, Any]) -> None:
        person = Person.objects.select_related("entity").filter(username=options["by"]).first()
        if person is None:
            raise CommandError(f"There is nobody with the user name “{options['by']}”.")
        entity = LegalEntity.objects.filter(code=options["entity"]).first() if options["entity"] else person.entity
        if entity is None:
            raise CommandError("Whose plan is it? Give --entity CODE.")
        kind, colon, key = options["subject"].partition(":")
        if not (colon and kind and key):
            raise CommandError("Give the subject as kind:key, such as requisition:PR-00001.")
        templates.publish_shipped(entity)
        plan = plans.start(
            template=options["template"],
            subject=ObjectRef(kind, key),
            entity=entity,
            actor=Actor.human(person),
            inputs=options["inputs"],
        )
        self._print(plan, options)

    def _show(self, options: dict[str, Any]) -> None:
        self._print(queries.plan(options["reference"]), options)

    def _list(self, options: dict[str, Any]) -> None:
        found = Plan.objects.select_related("template", "entity")
        if options["status"]:
            found = found.filter(status=options["status"])
        rows = [queries.as_json(each) for each in found[: max(options["limit"], 0)]]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['reference']}  {row['template']}  {row['subject']['key']}  {row['status']}")

    def _print(self, plan: Plan, options: dict[str, Any]) -> None:
        row = queries.as_json(plan)
        if options["json"]:
            self.stdout.write(json.dumps(row))
            return
        self.stdout.write(f"{row['reference']}  {plan.template}  {row['subject']['key']}  {row['status']}")
        if row["reason"]:
            self.stdout.write(f"  {row['reason']}")
        for step in row["steps"]:
            said = step["error"] or step["waiting_for"]
            self.stdout.write(f"  {step['status']:10} {step['label']}{f': {said}' if said else ''}")
