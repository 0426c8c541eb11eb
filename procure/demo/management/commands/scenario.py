"""Plays a whole story on the demo tenant and prints what happened as one JSON object."""

import json
from decimal import Decimal, InvalidOperation

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from ledger.errors import DomainError
from procure.demo import intake_to_order
from procure.demo.story import StoryStuck
from procure.demo.visitor import Refused

STORIES = {"intake-to-order": intake_to_order.play}


class Command(BaseCommand):
    help = (
        "Plays a story headless: requester, suppliers and approver act through the portal's pages, agents do the rest. "
        "Prints one JSON object. Exit 0 when the story ended as it should, 1 when not, 2 on wrong use."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", choices=sorted(STORIES))
        parser.add_argument("--json", action="store_true", help="print JSON (the default and only form)")
        parser.add_argument(
            "--erp", choices=["sandbox", "tryton"], default="sandbox", help="which ERP connection to use"
        )
        parser.add_argument("--words", help="what the requester types, instead of the story's own sentence")
        parser.add_argument(
            "--price",
            action="append",
            default=[],
            metavar="VENDOR=PRICE",
            help="let this supplier quote this price per pack; may be given again",
        )
        parser.add_argument(
            "--worker", action="store_true", help="leave the work to a running worker and only wait for it"
        )
        parser.add_argument("--patience", type=int, default=120, help="seconds to wait for any one thing")
        parser.add_argument("--no-undo", action="store_true", help="end with the order confirmed, do not undo it")

    def handle(self, *, name, erp, words, price, worker, patience, no_undo, **options):
        try:
            prices = {vendor: Decimal(amount) for vendor, amount in (each.split("=", 1) for each in price)}
        except (ValueError, InvalidOperation):
            raise CommandError("--price takes VENDOR=PRICE, for example VEN-014=7.85", returncode=2) from None
        try:
            told = STORIES[name](
                erp=erp,
                words=words,
                prices=prices,
                inline=not worker,
                patience=patience,
                undo=not no_undo,
                say=self.stderr.write,
            )
        except (DomainError, StoryStuck, Refused, LookupError) as error:
            raise CommandError(f"{name} stopped: {error}") from error
        self.stdout.write(json.dumps(told, indent=2))
        if not told["ended_well"]:
            raise CommandError(f"{name} did not end as it should: see “problems”.")
