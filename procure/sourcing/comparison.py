"""Opened quotes side by side: landed cost in base currency, lead time, lateness, price against the benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from ledger import clock
from ledger.errors import DomainError, InvalidInput
from ledger.money import Money
from procure.errors import StillSealed
from procure.finance import currency
from procure.logistics import freight as freights
from procure.models import EventLine, OpenedBid, OpenedBidLine, SourcingEvent
from procure.sourcing.award_core import Offer
from vendors import performance
from vendors import queries as vendor_queries

#: A price this far from the benchmark's quartiles, in interquartile ranges, is pointed out.
OUTLIER = Decimal("1.5")


@dataclass(frozen=True, slots=True)
class Compared:
    """One bid on one line. Money in the entity's base currency unless `quoted_*`; `flags` are sentences."""

    line: int
    bid_line: int
    vendor: str
    vendor_name: str
    quantity: Decimal
    quantity_offered: Decimal
    quoted_price: Decimal
    quoted_currency: str
    goods: Decimal
    freight: Decimal
    freight_estimated: bool
    landed_total: Decimal
    landed_unit: Decimal
    lead_days: int
    arrives_on: date
    late_days: int
    late_probability: Decimal
    benchmark_pct: Decimal | None
    flags: tuple[str, ...]

    def as_offer(self) -> Offer:
        return Offer(
            vendor=self.vendor,
            line=self.line,
            bid_line=self.bid_line,
            quantity=self.quantity,
            quantity_offered=self.quantity_offered,
            landed_total=self.landed_total,
            lead_days=self.lead_days,
            late_days=self.late_days,
            late_probability=self.late_probability,
        )


@dataclass(frozen=True, slots=True)
class Uncompared:
    """One bid on one line that cannot be put beside the others; `flag` says why."""

    line: int
    bid_line: int
    vendor: str
    vendor_name: str
    quoted_price: Decimal
    quoted_currency: str
    flag: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`missing` names (line, vendor) pairs without an answer; `cheapest` the lowest landed unit a line. A bid that
    cannot be converted stands in `uncompared` and takes no part in the ranking."""

    event: str
    currency: str
    lines: tuple[int, ...]
    vendors: tuple[tuple[str, str], ...]
    rows: tuple[Compared, ...]
    missing: tuple[tuple[int, str], ...]
    uncompared: tuple[Uncompared, ...] = ()

    def cell(self, line: int, vendor: str) -> Compared | None:
        return next((row for row in self.rows if (row.line, row.vendor) == (line, vendor)), None)

    def cheapest(self, line: int) -> Compared | None:
        rows = [row for row in self.rows if row.line == line]
        return min(rows, key=lambda row: row.landed_unit, default=None)


def compare(event: SourcingEvent) -> Comparison:
    """Raises `StillSealed` before the opening. One odd bid never hides the others."""
    if event.status not in (SourcingEvent.Status.OPENED, SourcingEvent.Status.AWARDED):
        raise StillSealed
    today = clock.business_date(event.entity)
    lines = {line.pk: line for line in event.lines.select_related("item")}
    opened = list(
        OpenedBid.objects.filter(event=event).select_related("vendor").prefetch_related("lines").order_by("pk")
    )
    rows: list[Compared] = []
    uncompared: list[Uncompared] = []
    for bid in opened:
        try:
            rows += _rows_of(bid, event, lines, today)
        except DomainError as error:
            uncompared += _set_aside(bid, lines, error.message)
    answered = {(row.line, row.vendor) for row in rows} | {(each.line, each.vendor) for each in uncompared}
    return Comparison(
        event=event.reference,
        currency=event.entity.base_currency,
        lines=tuple(line.number for line in lines.values()),
        vendors=tuple((bid.vendor.key, bid.vendor.name) for bid in opened),
        rows=tuple(rows),
        missing=tuple(
            (line.number, bid.vendor.key)
            for line in lines.values()
            for bid in opened
            if (line.number, bid.vendor.key) not in answered
        ),
        uncompared=tuple(uncompared),
    )


def _set_aside(bid: OpenedBid, lines: dict[int, EventLine], why: str) -> list[Uncompared]:
    return [
        Uncompared(
            line=lines[quoted.event_line_id].number,
            bid_line=quoted.pk,
            vendor=bid.vendor.key,
            vendor_name=bid.vendor.name,
            quoted_price=quoted.unit_price,
            quoted_currency=bid.currency,
            flag=_("Not compared: %s") % why,
        )
        for quoted in bid.lines.all()
    ]


def _rows_of(bid: OpenedBid, event: SourcingEvent, lines: dict[int, EventLine], today: date) -> Sequence[Compared]:
    quoted = list(bid.lines.all())
    goods = [_base(each.unit_price * lines[each.event_line_id].quantity, bid.currency, event, today) for each in quoted]
    freight, estimated = _freight(bid, event, sum(goods, Decimal(0)), today)
    shares = freights.divide(freight, goods)
    return [
        _row(each, bid, event, lines[each.event_line_id], of_goods, of_freight, estimated, today)
        for each, of_goods, of_freight in zip(quoted, goods, shares, strict=True)
    ]


def _base(amount: Decimal, code: str, event: SourcingEvent, today: date) -> Decimal:
    if abs(amount) >= currency.BEYOND:
        raise InvalidInput(_("the amount is too large."))
    return currency.to_base(Money(amount.quantize(Decimal("0.0001")), code), event.entity, today).amount


def _freight(bid: OpenedBid, event: SourcingEvent, goods: Decimal, today: date) -> tuple[Decimal, bool]:
    """Quoted freight; else nothing where the incoterm holds it; else our own experience on the lane."""
    if bid.freight:
        return _base(bid.freight, bid.currency, event, today), False
    if (bid.incoterm or event.incoterm) in freights.CARRIAGE_INCLUDED:
        return Decimal(0), False
    known = freights.share_of_value(event.entity, country=event.deliver_to, as_of=today)
    return ((goods * known.share).quantize(freights.CENT), True) if known else (Decimal(0), True)


def _row(
    quoted: OpenedBidLine,
    bid: OpenedBid,
    event: SourcingEvent,
    line: EventLine,
    goods: Decimal,
    freight: Decimal,
    estimated: bool,
    today: date,
) -> Compared:
    offered = quoted.quantity_offered if quoted.quantity_offered is not None else line.quantity
    arrives = quoted.delivery_date or today + timedelta(days=quoted.lead_time_days)
    late_days = max(0, (arrives - line.needed_by).days) if line.needed_by else 0
    figures = performance.figures(
        bid.vendor.key, item_key=line.item.key if line.item else None, country=event.deliver_to or None, as_of=today
    )
    landed = goods + freight
    pct, outlier = _against_benchmark(
        line, goods / line.quantity if line.quantity else goods, event.entity.base_currency
    )
    flags = [
        *([_("Freight estimated from our own deliveries.")] if estimated else []),
        *([_("Offers %s of the quantity asked for.") % f"{offered.normalize():f}"] if offered < line.quantity else []),
        *([_("Arrives %s days after the date needed.") % late_days] if late_days else []),
        *([outlier] if outlier else []),
        *(
            [_("Valid until %s only.") % bid.validity_until]
            if bid.validity_until and bid.validity_until < today
            else []
        ),
    ]
    return Compared(
        line=line.number,
        bid_line=quoted.pk,
        vendor=bid.vendor.key,
        vendor_name=bid.vendor.name,
        quantity=line.quantity,
        quantity_offered=offered,
        quoted_price=quoted.unit_price,
        quoted_currency=bid.currency,
        goods=goods,
        freight=freight,
        freight_estimated=estimated,
        landed_total=landed,
        landed_unit=(landed / line.quantity).quantize(Decimal("0.0001")) if line.quantity else landed,
        lead_days=(arrives - today).days if quoted.delivery_date else quoted.lead_time_days,
        arrives_on=arrives,
        late_days=late_days,
        late_probability=figures.late_probability,
        benchmark_pct=pct,
        flags=tuple(flags),
    )


def _against_benchmark(line: EventLine, unit: Decimal, base: str) -> tuple[Decimal | None, str]:
    """(per cent above or below the median paid, sentence when far outside the quartiles)."""
    known = vendor_queries.benchmark(line.item.key) if line.item else None
    if known is None or known.currency != base or not known.median:
        return None, ""
    pct = ((unit - known.median) / known.median * 100).quantize(Decimal("0.1"))
    spread = known.p75 - known.p25
    if spread and unit > known.p75 + OUTLIER * spread:
        return pct, _("Far above what was paid before.")
    if spread and unit < known.p25 - OUTLIER * spread:
        return pct, _("Far below what was paid before: ask what is left out.")
    return pct, ""
