"""Plans from the shell: started, looked at, drawn, steered."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents import plans, queries, templates
from agents.models import Plan, Step
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError
from ledger.models import LegalEntity, Person
from procure.console import graph_file

WRONG_USE = 2


class Command(BaseCommand):
    help = (
        "Starts, shows, draws and steers plans. Prints JSON with --json and nothing else on standard output; exit 1 "
        "when the answer is no, 2 on wrong use. Whatever changes a plan names who does so with --as USERNAME."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        start = verbs.add_parser("start", help="start a plan from the template version in force")
        start.add_argument("template", help="such as intake-to-order")
        start.add_argument("subject", help="kind:key, such as requisition:PR-00001")
        start.add_argument("--entity", metavar="CODE", help="whose plan; the person's own entity if not given")
        start.add_argument("--inputs", type=_object, default={}, help="a JSON object")
        show = verbs.add_parser("show", help="a plan with its steps, results and attempts")
        graph = verbs.add_parser("graph", help="its steps as a layered graph: nodes with column and row, and edges")
        graph.add_argument("--svg", metavar="FILE", help="also draw it into this file")
        graph.add_argument("--branches", action="store_true", help="each branch of a fan-out, not one node for all")
        pause = verbs.add_parser("pause", help="nothing new begins until it is resumed; what is at work ends")
        resume = verbs.add_parser("resume", help="goes on where it stood")
        cancel = verbs.add_parser("cancel", help="end it early; what was carried out stays")
        cancel.add_argument("--undo", action="store_true", help="take back what it did, the last first")
        retry = verbs.add_parser("retry", help="let a parked step try again")
        listing = verbs.add_parser("list", help="plans, newest first")
        listing.add_argument("--status", choices=Plan.Status.values)
        listing.add_argument("--template", help="only runs of this template")
        listing.add_argument("--limit", type=int, default=50)
        for verb in (show, graph, pause, resume, cancel, retry):
            verb.add_argument("reference", help="such as PLN-00001")
        retry.add_argument("step", nargs="?", help="its key; not needed where one step is parked")
        for verb in (pause, cancel):
            verb.add_argument("--reason", required=True, help="why, in a sentence")
        for verb in (start, pause, resume, cancel, retry):
            told = "who does so, with their rights"
            verb.add_argument("--as", "--by", dest="person", required=True, metavar="USERNAME", help=told)
        for verb in verbs.choices.values():
            verb.add_argument("--json", action="store_true", help="one JSON value on standard output")

    def handle(self, *, verb: str, **options: Any) -> None:
        try:
            getattr(self, f"_{verb}")(options)
        except DomainError as error:
            raise CommandError(error.message) from None

    def _start(self, options: dict[str, Any]) -> None:
        person = self._person(options)
        entity = LegalEntity.objects.filter(code=options["entity"]).first() if options["entity"] else person.entity
        if entity is None:
            raise CommandError("Whose plan is it? Give --entity CODE.", returncode=WRONG_USE)
        kind, colon, key = options["subject"].partition(":")
        if not (colon and kind and key):
            raise CommandError("Give the subject as kind:key, such as requisition:PR-00001.", returncode=WRONG_USE)
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

    def _graph(self, options: dict[str, Any]) -> None:
        plan = queries.plan(options["reference"])
        fanned = Step.objects.filter(plan=plan, branches__isnull=False).values_list("key", flat=True)
        graph = queries.plan_graph(plan, expanded=set(fanned) if options["branches"] else ())
        if options["svg"]:
            try:
                Path(options["svg"]).write_text(graph_file.svg(graph), encoding="utf-8")
            except OSError as error:
                raise CommandError(
                    f"{options['svg']} cannot be written: {error.strerror}.", returncode=WRONG_USE
                ) from None
        if options["json"]:
            self.stdout.write(json.dumps(queries.graph_json(graph)))
            return
        for node in sorted(graph.nodes, key=lambda each: (each.column, each.row)):
            after = [edge.start for edge in graph.edges if edge.end == node.key]
            behind = f"  after {', '.join(after)}" if after else ""
            self.stdout.write(f"{node.column:2}  {node.state:10} {node.key}{behind}")

    def _pause(self, options: dict[str, Any]) -> None:
        plan, actor = self._plan(options)
        self._print(plans.pause(plan, actor=actor, reason=options["reason"]), options)

    def _resume(self, options: dict[str, Any]) -> None:
        plan, actor = self._plan(options)
        self._print(plans.resume(plan, actor=actor), options)

    def _cancel(self, options: dict[str, Any]) -> None:
        plan, actor = self._plan(options)
        ended = plans.cancel(plan, actor=actor, reason=options["reason"], compensate=options["undo"])
        self._print(ended, options)

    def _retry(self, options: dict[str, Any]) -> None:
        plan, actor = self._plan(options)
        parked = list(plan.steps.filter(status=Step.Status.PARKED).order_by("id"))
        if options["step"]:
            step = plan.steps.filter(key=options["step"]).first()
            if step is None:
                raise CommandError(
                    f"{plan.reference} has no step “{options['step']}”. It has: "
                    f"{', '.join(plan.steps.order_by('id').values_list('key', flat=True))}.",
                    returncode=WRONG_USE,
                )
        elif len(parked) == 1:
            (step,) = parked
        else:
            keys = ", ".join(each.key for each in parked) or "none"
            raise CommandError(f"Say which step tries again. Parked: {keys}.", returncode=WRONG_USE)
        plans.release(step, actor=actor)
        self._print(queries.plan(plan.reference), options)

    def _list(self, options: dict[str, Any]) -> None:
        found = Plan.objects.select_related("template", "entity")
        if options["status"]:
            found = found.filter(status=options["status"])
        if options["template"]:
            found = found.filter(template__name=options["template"])
        rows = [queries.as_json(each) for each in found[: max(options["limit"], 0)]]
        if options["json"]:
            self.stdout.write(json.dumps(rows))
            return
        for row in rows:
            self.stdout.write(f"{row['reference']}  {row['template']}  {row['subject']['key']}  {row['status']}")

    def _person(self, options: dict[str, Any]) -> Person:
        found = Person.objects.select_related("entity").filter(username=options["person"]).first()
        if found is None:
            raise CommandError(f"There is nobody with the user name “{options['person']}”.", returncode=WRONG_USE)
        return found

    def _plan(self, options: dict[str, Any]) -> tuple[Plan, Actor]:
        """Of the person's own company; one of another is answered like one that is not there."""
        person = self._person(options)
        return queries.plan(options["reference"], entity=person.entity), Actor.human(person)

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


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value
