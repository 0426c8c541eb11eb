"""Opened quotes whose validity has ended while nobody had awarded yet: each is told once, at the business date."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet

from ledger import clock, doorbell
from ledger.models import LegalEntity
from procure import entries
from procure.models import OpenedBid, SourcingEvent


def due() -> bool:
    return _expired().exists()


def answer() -> int:
    """Returns how many quotes were found to have run out."""
    return sum(_tell(pk) for pk in _expired().order_by("pk").values_list("pk", flat=True))


def _expired() -> QuerySet[OpenedBid]:
    """Each company has its own day."""
    in_play = OpenedBid.objects.filter(
        expired_at=None, validity_until__isnull=False, event__status=SourcingEvent.Status.OPENED
    )
    companies = list(LegalEntity.objects.filter(events__opened_bids__in=in_play).distinct())
    over = Q(pk=None)
    for each in companies:
        over |= Q(event__entity=each, validity_until__lt=clock.business_date(each))
    return clock.unless_held(in_play.filter(over))


def _tell(pk: int) -> int:
    """Once, whoever looks and however often; nothing when it was awarded or told meanwhile."""
    with transaction.atomic():
        event = SourcingEvent.objects.select_for_update().get(opened_bids=pk)
        if event.status != SourcingEvent.Status.OPENED:
            return 0
        if not OpenedBid.objects.filter(pk=pk, expired_at=None).update(expired_at=clock.now()):
            return 0
        opened = OpenedBid.objects.select_related("event__entity", "vendor", "version").get(pk=pk)
        entries.bid_expired(opened, today=clock.business_date(event.entity))
        doorbell.ring(f"{event.reference} has a quote that ran out")
    return 1
