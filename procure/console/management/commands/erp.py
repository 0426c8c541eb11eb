"""ERP connections from the shell."""

import json
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.models import Person
from procure.erp import connections, masters
from procure.erp.connectors.sandbox import dials
from procure.erp.reconciliation import reconcile
from procure.models import ErpConnection, Order, SandboxDial
from vendors.models import Item, Vendor

ACTOR = Actor.system("erp command")


class Command(BaseCommand):
    help = (
        "Tries ERP connections, gives an ERP the masters it lacks, turns the sandbox's fault dials, compares orders "
        "with the ERP. Prints JSON."
    )

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        check = verbs.add_parser("check", help="sign in once and say who answers; lets held orders go on")
        check.add_argument("name", nargs="*", help="connections; all active ones when none is named")
        dial = verbs.add_parser("dials", help="show or turn the sandbox's fault dials")
        dial.add_argument("name", help="a sandbox connection")
        dial.add_argument("--set", dest="fault", choices=SandboxDial.Fault.values)
        dial.add_argument("--calls", type=int, help="for the next so many calls; without it until --reset")
        dial.add_argument("--seconds", type=float, default=0, help="for slow: how long an answer takes")
        dial.add_argument("--reset", action="store_true", help="turn all dials back")
        compare = verbs.add_parser("reconcile", help="compare orders with what the ERP holds")
        compare.add_argument("order", nargs="+", help="order numbers such as PO-00031")

        seed = verbs.add_parser("seed", help="make the suppliers, units and items there that the ERP lacks")
        seed.add_argument("name", help="a connection whose user may make parties and products")
        seed.add_argument("--actor", required=True, metavar="USERNAME", help="the administrator who does so")
        seed.add_argument("--vendor", action="append", help="this supplier; all that may get orders when none is named")
        seed.add_argument("--item", action="append", help="this item; all that can be ordered when none is named")

    def handle(self, *, verb, **options):
        verbs: dict[str, Callable[..., dict[str, Any]]] = {
            "check": self._check,
            "dials": self._dials,
            "reconcile": self._reconcile,
            "seed": self._seed,
        }
        answers = verbs[verb](**options)
        self.stdout.write(json.dumps(answers["rows"], ensure_ascii=False))
        if answers["bad"]:
            raise CommandError(answers["bad"])

    def _check(self, *, name, **options):
        wanted = ErpConnection.objects.filter(active=True)
        if name:
            wanted = ErpConnection.objects.filter(name__in=name)
            self._all_known(name, wanted.values_list("name", flat=True))
        rows: list[dict[str, Any]] = []
        bad = []
        for connection in wanted:
            try:
                rows.append({"connection": connection.name, "answered": connections.check(connection, actor=ACTOR)})
            except DomainError as error:
                rows.append({"connection": connection.name, "error": {"code": error.code, "message": error.message}})
                bad.append(error.message)
        return {"rows": rows, "bad": " ".join(bad)}

    def _dials(self, *, name, fault, calls, seconds, reset, **options):
        self._all_known([name], ErpConnection.objects.values_list("name", flat=True))
        connection = ErpConnection.objects.get(name=name)
        try:
            if reset:
                dials.reset(connection)
            if fault:
                dials.turn(connection, fault, calls=calls, seconds=seconds)
        except DomainError as error:
            raise CommandError(error.message) from error
        return {"rows": list(connection.sandbox_dials.values("fault", "remaining", "seconds")), "bad": ""}

    def _seed(self, *, name, actor, vendor, item, **options):
        person = Person.objects.filter(username=actor).first()
        if person is None:
            raise CommandError(f"There is nobody called “{actor}”.", returncode=2)
        self._all_known([name], ErpConnection.objects.values_list("name", flat=True))
        connection = ErpConnection.objects.get(name=name)
        vendors = Vendor.objects.filter(entity=connection.entity, status__in=Vendor.ORDERABLE)
        items = Item.objects.filter(active=True).select_related("unit")
        if vendor:
            vendors = vendors.filter(key__in=vendor)
            self._all_known(vendor, vendors.values_list("key", flat=True))
        if item:
            items = items.filter(key__in=item)
            self._all_known(item, items.values_list("key", flat=True))
        try:
            made = masters.seed(connection, vendors=vendors, items=items, actor=Actor.human(person))
        except DomainError as error:
            raise CommandError(error.message) from error
        return {"rows": made, "bad": ""}

    def _reconcile(self, *, order, **options):
        orders = Order.objects.filter(reference__in=order)
        self._all_known(order, orders.values_list("reference", flat=True))
        done = []
        for each in orders:
            try:
                done.append(reconcile(each))
            except DomainError as error:
                raise CommandError(f"{each.reference}: {error.message}") from error
        rows = [
            {
                "order": each.order,
                "connection": each.connection,
                "erp_number": each.external_number,
                "state": each.state,
                "discrepancies": [
                    {"field": found.field, "ours": found.ours, "theirs": found.theirs} for found in each.discrepancies
                ],
            }
            for each in done
        ]
        different = [each.order for each in done if not each.matches]
        return {"rows": rows, "bad": f"These differ from the ERP: {', '.join(different)}." if different else ""}

    def _all_known(self, wanted, found):
        if unknown := sorted(set(wanted) - set(found)):
            raise CommandError(f"Unknown: {', '.join(unknown)}.")
