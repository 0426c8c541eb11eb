"""What an award or an order must say because a supplier quoted it. Compared to the last digit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Protocol
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from ledger import clock
from ledger.errors import InvalidInput
from procure.errors import QuoteMismatch
from procure.models import OpenedBid, OpenedBidLine, SourcingEvent


class Awarded(Protocol):
    line: int
    bid_line: int
    vendor: str
    quantity: Decimal
    unit_price: Decimal
    currency: str


class Ordered(Protocol):
    number: int
    quantity: Decimal
    unit_price: Decimal
    delivery_date: date | None


def awarded_lines(event: SourcingEvent, lines: Sequence[Awarded]) -> list[OpenedBidLine]:
    """The opened quote lines that an award names. Raises `QuoteMismatch` where they differ, `InvalidInput` for more
    than was asked for."""
    if len({line.bid_line for line in lines}) != len(lines):
        raise InvalidInput(_("A quote line is awarded twice."))
    found = [_as_quoted(event, line) for line in lines]
    given: dict[int, Decimal] = {}
    for line, quoted in zip(lines, found, strict=True):
        given[line.line] = given.get(line.line, Decimal(0)) + line.quantity
        if given[line.line] > quoted.event_line.quantity:
            raise InvalidInput(_("More is awarded on line %s than was asked for.") % line.line)
    return found


def _as_quoted(event: SourcingEvent, line: Awarded) -> OpenedBidLine:
    quoted = (
        OpenedBidLine.objects.select_related("opened_bid__vendor", "event_line")
        .filter(pk=line.bid_line, opened_bid__event=event)
        .first()
    )
    if quoted is None:
        raise QuoteMismatch(_("Line %s names a quote that this event does not have.") % line.line)
    offered = quoted.quantity_offered if quoted.quantity_offered is not None else quoted.event_line.quantity
    same = (
        quoted.event_line.number == line.line
        and quoted.opened_bid.vendor.key == line.vendor
        and quoted.unit_price == line.unit_price
        and quoted.opened_bid.currency == line.currency
        and line.quantity <= offered
    )
    if not same:
        raise QuoteMismatch(
            _("Line %(line)s differs from the quote: %(vendor)s quoted %(price)s %(currency)s for up to %(offered)s.")
            % {
                "line": line.line,
                "vendor": quoted.opened_bid.vendor.name,
                "price": f"{quoted.unit_price.normalize():f}",
                "currency": quoted.opened_bid.currency,
                "offered": f"{offered.normalize():f}",
            }
        )
    return quoted


def check_order(
    event: SourcingEvent, vendor: str, *, currency: str, lines: Iterable[Ordered], freight: Decimal, incoterm: str
) -> None:
    """Raises `QuoteMismatch` where an order says something else than the vendor's opened quote."""
    bid = OpenedBid.objects.select_related("event__entity").filter(event=event, vendor__key=vendor).first()
    if bid is None:
        raise QuoteMismatch(
            _("%(event)s has no opened quote of %(vendor)s.") % {"event": event.reference, "vendor": vendor}
        )
    if currency != bid.currency:
        raise QuoteMismatch(_("The quote is in %s.") % bid.currency)
    agreed = bid.incoterm or event.incoterm
    if incoterm != agreed:
        raise QuoteMismatch(_("The quote is for the incoterm %s.") % (agreed or _("none")))
    quoted = {each.event_line.number: each for each in bid.lines.select_related("event_line")}
    ordered = {line.number: line for line in lines}
    for number, line in ordered.items():
        if number not in quoted or quoted[number].unit_price != line.unit_price:
            raise QuoteMismatch(_("Line %s does not have the price that was quoted.") % number)
        _check_delivery(quoted[number], line, bid)
    _check_freight(bid, quoted, ordered, freight)


def _check_freight(
    bid: OpenedBid, quoted: dict[int, OpenedBidLine], ordered: dict[int, Ordered], freight: Decimal
) -> None:
    """The whole quote takes the whole freight; a part of it takes at most that."""
    whole = all(
        number in ordered and ordered[number].quantity >= each.event_line.quantity for number, each in quoted.items()
    )
    asked = bid.freight or Decimal(0)
    if freight > asked or (whole and freight != asked):
        raise QuoteMismatch(
            _("Freight was quoted at %(freight)s %(currency)s.")
            % {"freight": f"{asked.normalize():f}", "currency": bid.currency}
        )


def _check_delivery(quoted: OpenedBidLine, line: Ordered, bid: OpenedBid) -> None:
    """Not before the day quoted, nor later than that day by the time of ordering or than the day it is needed."""
    if line.delivery_date is None:
        if quoted.delivery_date is None:
            return
        raise QuoteMismatch(
            _("Line %(line)s was quoted for %(day)s.") % {"line": line.number, "day": quoted.delivery_date}
        )
    entity = bid.event.entity
    today, lead = clock.business_date(entity), timedelta(days=quoted.lead_time_days)
    opened = entity.frozen_date or bid.opened_at.astimezone(ZoneInfo(entity.time_zone)).date()
    first = quoted.delivery_date or opened + lead
    last = max(quoted.delivery_date or today + lead, quoted.event_line.needed_by or first)
    if not first <= line.delivery_date <= last:
        raise QuoteMismatch(
            _("Line %(line)s is ordered for %(day)s; the quote delivers from %(first)s to %(last)s.")
            % {"line": line.number, "day": line.delivery_date, "first": first, "last": last}
        )
