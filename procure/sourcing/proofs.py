"""What a supplier may take home from the ledger: entries that concern it alone, each with the proof that it is signed.

A quote's receipt and an order say nothing of rivals. The award's entry does: it holds the lines of every winner, row
numbers that count the quotes which lost, and an agent's reason in plain words. So it is not offered; what a supplier
won is in its order. A receipt bears row numbers too, from which the number of rivals could be guessed: it is handed out
when quotes are no longer taken. Personal values stay closed, as an entry holds commitments alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from ledger import chain, checkpoints, clock, exports
from ledger.errors import NotFound
from ledger.models import Entry, EntryObject
from procure.models import Bid, Invitation, Order, SourcingEvent


@dataclass(frozen=True, slots=True)
class Offered:
    """Entry `seq` is about this quote (`what` is “bid”, `name` its version) or this order (“order”, its number)."""

    seq: int
    what: str
    name: str


def offered(invitation: Invitation) -> list[Offered]:
    """Entries of this supplier alone that a checkpoint covers, oldest first; none while quotes are taken."""
    event, newest = invitation.event, checkpoints.latest(invitation.event.entity.log_id)
    if newest is None or (event.status == SourcingEvent.Status.OPEN and event.deadline > clock.now()):
        return []
    bids = [str(pk) for pk in Bid.objects.filter(invitation=invitation).values_list("pk", flat=True)]
    orders = Order.objects.filter(event=event, vendor=invitation.vendor, entity=event.entity)
    about = EntryObject.objects.filter(
        Q(kind="bid", key__in=bids, entry__kind="bid.submitted")
        | Q(kind="order", key__in=orders.values("reference"), entry__kind="order.issued")
    )
    covered = Entry.objects.filter(log=event.entity.log, seq__lte=newest.size, pk__in=about.values("entry"))
    return [_offered(each) for each in covered.order_by("seq")]


def proof_of(invitation: Invitation, seq: str) -> str:
    """The proof file of one of them. What is not offered to this supplier does not exist for it."""
    if seq not in {str(each.seq) for each in offered(invitation)}:
        raise NotFound(_("There is no such proof for you. Open your page again and choose one from its list."))
    return exports.proof_for_party(invitation.event.entity.log_id, int(seq))


def _offered(entry: Entry) -> Offered:
    record = chain.read(entry)
    if entry.kind == "bid.submitted":
        return Offered(entry.seq, "bid", str(record["data"]["version"]))
    return Offered(entry.seq, "order", next(each["key"] for each in record["objects"] if each["kind"] == "order"))
