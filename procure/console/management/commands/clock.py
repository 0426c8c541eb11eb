"""Whether the database's clock has jumped, and a person's word that it is right now."""

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from ledger import clock, timekeeping
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.models import ClockJump, Person


class Command(BaseCommand):
    help = "Shows jumps of the database's clock. While one is not confirmed, nothing expires, opens or leaves late."

    def add_arguments(self, parser):
        verbs = parser.add_subparsers(dest="verb", required=True)
        verbs.add_parser("show", help="what was noticed; exit 1 while the clock is held")
        confirm = verbs.add_parser("confirm", help="say that the clock is right now: what waited goes on")
        confirm.add_argument("--by", required=True, metavar="USERNAME", help="an administrator")
        confirm.add_argument("--reason", required=True, help="how you know that it is right")

    def handle(self, *, verb, **options):
        if verb == "confirm":
            self._confirm(options["by"], options["reason"])
            return
        timekeeping.look(watcher="manage.py clock")
        self.stdout.write(f"The database's clock shows {clock.read():%Y-%m-%d %H:%M:%S} UTC.")
        for jump in ClockJump.objects.select_related("confirmed_by")[:20]:
            by = f"confirmed by {jump.confirmed_by}" if jump.confirmed_at else "not confirmed"
            self.stdout.write(f"It showed {jump}; {by}")
        if clock.held():
            raise CommandError("It is held. When it is right:  manage.py clock confirm --by USERNAME --reason WHY")

    def _confirm(self, username, reason):
        person = Person.objects.filter(username=username, is_active=True).first()
        if person is None:
            raise CommandError(f"There is no active person “{username}”.")
        try:
            jump = timekeeping.confirm(actor=Actor.human(person), reason=reason)
        except DomainError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"Confirmed: {jump}. What waited goes on.")
