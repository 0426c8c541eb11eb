"""Lets the demo's suppliers answer a sourcing event, each through its own form."""

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from ledger.errors import DomainError
from ledger.models import LegalEntity
from procure import queries
from procure.demo import story, suppliers
from procure.demo.cast import ENTITY_CODE
from procure.demo.visitor import Refused
from procure.models import Invitation
from procure.sourcing import links


class Command(BaseCommand):
    help = (
        "Every invited supplier of the demo tenant that has not answered yet quotes its usual price through the form."
    )

    def add_arguments(self, parser):
        parser.add_argument("event", help="the event's number, such as RFQ-00001")

    def handle(self, *, event, **options):
        if not LegalEntity.objects.filter(code=ENTITY_CODE).exists():
            raise CommandError("This is not the demo tenant: real suppliers answer for themselves.")
        try:
            found = queries.event(event)
            with story.staged(inline=False, patience=0, say=self.stderr.write):
                self._answer(found)
        except (DomainError, Refused, LookupError) as error:
            raise CommandError(str(error)) from error

    def _answer(self, event):
        waiting = event.invitations.filter(revoked_at=None).exclude(status__in=Invitation.ANSWERED)
        for position, invitation in enumerate(waiting.select_related("vendor").order_by("pk")):
            price = suppliers.usual_price(event, invitation, position)
            link = links.fresh_link(invitation).split("/s/", 1)[1]
            suppliers.quote(f"/s/{link}", price, lead_days=suppliers.usual_lead(position))
            self.stdout.write(f"{invitation.vendor.name} quoted {price} {event.currency}")
