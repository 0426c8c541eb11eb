"""This floor's rows in the shape in which the journal tells them, for entries and to compare with a replay.

Money and quantities are texts without trailing noughts, days and instants ISO 8601. Words that people typed (titles,
descriptions, reasons, remarks) stay out: a replay compares what was decided, not how it was said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from ledger.command import digest
from ledger.records import State, amount, kept
from procure.models import (
    Award,
    AwardLine,
    Bid,
    Budget,
    Commitment,
    EventLine,
    Invitation,
    Notice,
    OpenedBid,
    OpenedBidLine,
    Order,
    OrderLine,
    OrderVersion,
    Requisition,
    RequisitionLine,
    SourcingEvent,
)

CHUNK = 1000
Read = Iterator[tuple[str, State]]


def requisition(row: Requisition) -> dict[str, Any]:
    return {
        "status": str(row.status),
        "requested_by": str(row.requested_by_id),
        "needed_by": row.needed_by.isoformat() if row.needed_by else None,
        "deliver_to": row.deliver_to,
        "cost_centre": row.cost_centre.code if row.cost_centre else None,
        "budget": amount(row.budget_amount),
        "currency": row.budget_currency,
        "urgency": str(row.urgency),
        "understood": kept(row.structured),
    }


def needed(lines: Iterable[RequisitionLine]) -> dict[str, Any]:
    return {
        str(each.number): {
            "item": each.item.key if each.item else None,
            "quantity": amount(each.quantity),
            "unit": each.unit,
        }
        for each in lines
    }


def event(row: SourcingEvent) -> dict[str, Any]:
    return {
        "status": str(row.status),
        "requisition": row.requisition.reference,
        "deadline": row.deadline.isoformat(),
        "currency": row.currency,
        "deliver_to": row.deliver_to,
        "incoterm": row.incoterm,
    }


def asked(lines: Iterable[EventLine]) -> dict[str, Any]:
    return {
        str(each.number): {
            "item": each.item.key if each.item else None,
            "quantity": amount(each.quantity),
            "unit": each.unit,
            "needed_by": each.needed_by.isoformat() if each.needed_by else None,
        }
        for each in lines
    }


def order(row: Order) -> dict[str, Any]:
    return {
        "status": str(row.status),
        "vendor": row.vendor.key,
        "requisition": row.requisition.reference if row.requisition else None,
        "event": row.event.reference if row.event else None,
        "cost_centre": row.cost_centre.code if row.cost_centre else None,
        "currency": row.currency,
        "version": row.current_version,
    }


def said(version: OrderVersion, lines: Iterable[OrderLine]) -> dict[str, Any]:
    """What one version of an order says."""
    return {
        "total": amount(version.total),
        "freight": amount(version.freight),
        "incoterm": version.incoterm,
        "deliver_to": version.deliver_to,
        "lines": {
            str(each.number): {
                "item": each.item.key if each.item else None,
                "quantity": amount(each.quantity),
                "unit": each.unit,
                "unit_price": amount(each.unit_price),
                "delivery_date": each.delivery_date.isoformat() if each.delivery_date else None,
            }
            for each in lines
        },
    }


def requisitions(log: str, keys: Collection[str] | None = None) -> Read:
    rows = Requisition.objects.filter(entity__log=log).select_related("cost_centre")
    lines = Prefetch("lines", RequisitionLine.objects.select_related("item"))
    for row in _these(rows, "reference", keys).prefetch_related(lines).iterator(CHUNK):
        yield row.reference, {**requisition(row), "lines": needed(row.lines.all())}


def events(log: str, keys: Collection[str] | None = None) -> Read:
    """With invitations and, once opened, the figures of the quotes."""
    rows = SourcingEvent.objects.filter(entity__log=log).select_related("requisition")
    parts = (
        Prefetch("lines", EventLine.objects.select_related("item")),
        Prefetch("invitations", Invitation.objects.select_related("vendor")),
        Prefetch("opened_bids", OpenedBid.objects.select_related("vendor", "version")),
        Prefetch("opened_bids__lines", OpenedBidLine.objects.select_related("event_line")),
    )
    for row in _these(rows, "reference", keys).prefetch_related(*parts).iterator(CHUNK):
        yield (
            row.reference,
            {
                **event(row),
                "lines": asked(row.lines.all()),
                "invitations": {
                    each.vendor.key: {"status": each.status, "revoked": each.revoked_at is not None}
                    for each in row.invitations.all()
                },
                "quotes": {each.vendor.key: _quote(each) for each in row.opened_bids.all()},
            },
        )


def _quote(opened: OpenedBid) -> dict[str, Any]:
    return {
        "expired": opened.expired_at is not None,
        "version": opened.version.number,
        "commitment": opened.version.commitment,
        "currency": opened.currency,
        "freight": amount(opened.freight),
        "lines": {
            str(each.event_line.number): {
                "unit_price": amount(each.unit_price),
                "lead_time_days": each.lead_time_days,
            }
            for each in opened.lines.all()
        },
    }


def bids(log: str, keys: Collection[str] | None = None) -> Read:
    """A bid that is only a draft is nobody's business yet."""
    sent = Bid.objects.filter(Q(current_version__gt=0) | Q(versions__isnull=False)).values("pk")
    rows = Bid.objects.filter(pk__in=sent, invitation__event__entity__log=log)
    rows = rows.select_related("invitation__event", "invitation__vendor").prefetch_related("versions")
    for row in _these(rows, "pk", keys).iterator(CHUNK):
        yield (
            str(row.pk),
            {
                "event": row.invitation.event.reference,
                "vendor": row.invitation.vendor.key,
                "version": row.current_version,
                "commitments": {str(each.number): each.commitment for each in row.versions.all()},
            },
        )


def awards(log: str, keys: Collection[str] | None = None) -> Read:
    rows = Award.objects.filter(entity__log=log).select_related("event")
    lines = Prefetch("lines", AwardLine.objects.select_related("event_line", "vendor"))
    for row in _these(rows, "reference", keys).prefetch_related(lines).iterator(CHUNK):
        yield (
            row.reference,
            {
                "status": row.status,
                "event": row.event.reference,
                "lines": {
                    f"{each.event_line.number}/{each.vendor.key}": {
                        "quantity": amount(each.quantity),
                        "unit_price": amount(each.unit_price),
                        "currency": each.currency,
                    }
                    for each in row.lines.all()
                },
            },
        )


def orders(log: str, keys: Collection[str] | None = None) -> Read:
    """The version in force in full, earlier ones by digest."""
    rows = Order.objects.filter(entity__log=log).select_related("vendor", "requisition", "event", "cost_centre")
    lines = Prefetch("versions__lines", OrderLine.objects.select_related("item"))
    for row in _these(rows, "reference", keys).prefetch_related("versions", lines).iterator(CHUNK):
        versions = {each.number: said(each, each.lines.all()) for each in row.versions.all()}
        current = versions.pop(row.current_version, {})
        yield (
            row.reference,
            {**order(row), **current, "earlier": {str(number): digest(each) for number, each in versions.items()}},
        )


def notice(row: Notice) -> dict[str, Any]:
    """All of it but the words."""
    return {
        "kind": str(row.kind),
        "vendor": row.vendor.key if row.vendor else None,
        "item": row.item.key if row.item else None,
        "effective_on": row.effective_on.isoformat(),
        "new_price": amount(row.new_price),
        "currency": row.currency,
        "recorded_by": str(row.recorded_by_id),
    }


def notices(log: str, keys: Collection[str] | None = None) -> Read:
    rows = Notice.objects.filter(entity__log=log).select_related("vendor", "item")
    for row in _these(rows, "reference", keys).iterator(CHUNK):
        yield row.reference, notice(row)


def budget_key(row: Budget) -> str:
    return f"{row.cost_centre.code}/{row.year}"


def budgets(log: str, keys: Collection[str] | None = None) -> Read:
    rows = Budget.objects.filter(entity__log=log).select_related("cost_centre", "entity")
    for row in rows.iterator(CHUNK):
        key = f"{row.entity.code}/{budget_key(row)}"
        if keys is None or key in keys:
            yield (
                key,
                {"amount": amount(row.amount), "committed": amount(row.committed), "currency": row.currency},
            )


def commitments(log: str, keys: Collection[str] | None = None) -> Read:
    rows = Commitment.objects.filter(budget__entity__log=log).select_related("budget__cost_centre")
    for row in _these(rows, "pk", keys).iterator(CHUNK):
        yield (
            str(row.pk),
            {
                "budget": budget_key(row.budget),
                "for": f"{row.object_kind}/{row.object_key}",
                "amount": amount(row.amount),
                "currency": row.currency,
                "status": row.status,
            },
        )


def _these(rows: QuerySet[Any], name: str, keys: Collection[str] | None) -> QuerySet[Any]:
    return rows.order_by("pk") if keys is None else rows.filter(**{f"{name}__in": keys}).order_by("pk")
