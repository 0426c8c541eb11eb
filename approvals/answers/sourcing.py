"""How much competition there was."""

from __future__ import annotations

from django.db.models import Count

from approvals.answers.supply import NO_PRICES, contract_covered
from approvals.matter import Matter
from approvals.vocabulary import Answer, Known, NotApplicable, number
from procure.models import OpenedBid


def bids_received(matter: Matter) -> Answer:
    if not matter.events:
        return NotApplicable("no sourcing event")
    return number(_bids(matter), f"opened in {', '.join(matter.events)}")


def single_source(matter: Matter) -> Answer:
    if not matter.prices:
        return NO_PRICES
    covered = contract_covered(matter)
    if isinstance(covered, Known) and covered.value is True:
        return Known(False, "the price is agreed in a contract")
    if not matter.events:
        return Known(True, "no sourcing event and no contract price")
    bids = _bids(matter)
    return Known(bids < 2, f"{bids} quote(s) opened in {', '.join(matter.events)}")


def _bids(matter: Matter) -> int:
    """Suppliers that quoted in the event with the fewest."""
    counted = dict.fromkeys(matter.events, 0) | dict(
        OpenedBid.objects.filter(event__reference__in=matter.events, event__entity=matter.entity)
        .values_list("event__reference")
        .annotate(bids=Count("pk"))
    )
    return min(counted.values())
