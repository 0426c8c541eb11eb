"""Notices: a supplier or a market announces a change and somebody here records it. Plans that concern it look again."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from ledger import clock, doorbell, numbering, rights
from ledger.actors import Actor
from ledger.errors import InvalidInput
from ledger.models import LegalEntity, Person
from ledger.money import MINOR_UNITS, parse_amount
from procure import entries
from procure.models import Notice, OpenedBidLine, SourcingEvent
from vendors import queries as vendor_queries
from vendors.errors import UnknownVendor
from vendors.models import Item, Vendor

RIGHT = "notice.record"
LONGEST = 4_000
#: Beyond this a date is a slip of the pen.
FARTHEST = timedelta(days=3 * 366)
Kind = Notice.Kind


def record(
    *,
    kind: str,
    actor: Actor,
    entity: LegalEntity,
    vendor: str = "",
    item: str = "",
    effective_on: date | None = None,
    new_price: Decimal | str | None = None,
    currency: str = "",
    text: str = "",
) -> Notice:
    """Keeps what was announced. `vendor` and `item` are keys, one of them at least; no date: from today."""
    rights.require(actor, RIGHT)
    if kind not in Kind.values:
        raise InvalidInput(_("Choose what kind of notice it is."))
    seller, thing = _about(vendor, item, entity)
    price = _price(kind, new_price, currency, thing)
    today = clock.business_date(entity)
    day = effective_on or today
    if not -FARTHEST <= day - today <= FARTHEST:
        raise InvalidInput(_("From when? A date within three years, like %s.") % today.isoformat())
    with transaction.atomic():
        notice = Notice.objects.create(
            reference=numbering.take("NTC"),
            entity=entity,
            kind=kind,
            vendor=seller,
            item=thing,
            effective_on=day,
            new_price=price,
            currency=currency.strip().upper() if price is not None else "",
            text=_readable(text),
            recorded_by=Person.objects.get(pk=str(actor.person_id)),
            recorded_at=clock.now(),
        )
        entries.notice_recorded(notice, actor=actor)
        doorbell.ring(f"{notice.reference} recorded")
    return notice


def _about(vendor: str, item: str, entity: LegalEntity) -> tuple[Vendor | None, Item | None]:
    if not vendor.strip() and not item.strip():
        raise InvalidInput(_("Name the supplier, the item or both."))
    seller = vendor_queries.vendor(vendor) if vendor.strip() else None
    if seller is not None and seller.entity_id != entity.pk:
        raise UnknownVendor(_("There is no vendor “%(key)s”.") % {"key": vendor[:40]}, key=vendor[:40])
    return seller, vendor_queries.item(item) if item.strip() else None


def _price(kind: str, given: Decimal | str | None, currency: str, item: Item | None) -> Decimal | None:
    if given is None or given == "":
        return None
    if kind != Kind.PRICE_CHANGE or item is None:
        raise InvalidInput(_("A new price belongs to a price change of one item."))
    price, code = parse_amount(given), currency.strip().upper()
    if price <= 0:
        raise InvalidInput(_("A price is more than nothing."))
    if len(code) != 3 or not (code.isascii() and code.isalpha()) or (MINOR_UNITS.get(code) == 0 and price % 1):
        raise InvalidInput(_("Give the price's currency by its three letters, such as USD."))
    return price


def _readable(text: str) -> str:
    """One paragraph or several, without what no database keeps."""
    if len(text) > LONGEST:
        raise InvalidInput(_("A notice has at most %d characters. Keep the document, and say the gist.") % LONGEST)
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in text):
        raise InvalidInput(_("The text holds a null or half character. Type it again or paste it as plain text."))
    return text.strip()


def of(entity: LegalEntity) -> QuerySet[Notice]:
    """Newest first."""
    return Notice.objects.filter(entity=entity).select_related("vendor", "item", "recorded_by", "entity")


def against(event: SourcingEvent) -> dict[int, Notice]:
    """Opened quote lines, by number, that their supplier has gone back on since the opening: it announced a higher
    price or none, or that it is out of stock. The latest notice counts; a lower price harms nobody."""
    since = of(event.entity).filter(vendor__isnull=False, kind__in=(Kind.PRICE_CHANGE, Kind.STOCK_OUT))
    told = list(since.filter(recorded_at__gte=event.opened_at or event.published_at).order_by("pk"))
    if not told:
        return {}
    lines = OpenedBidLine.objects.filter(opened_bid__event=event).select_related("opened_bid", "event_line")
    found: dict[int, Notice] = {}
    for line in lines:
        bid, item = line.opened_bid, line.event_line.item_id
        for notice in told:
            if notice.vendor_id == bid.vendor_id and notice.item_id in (None, item):
                if _holds(notice, line.unit_price, bid.currency):
                    found.pop(line.pk, None)
                else:
                    found[line.pk] = notice
    return found


def _holds(notice: Notice, quoted: Decimal, currency: str) -> bool:
    """Whether the quoted price may still be counted on."""
    priced = notice.kind == Kind.PRICE_CHANGE and notice.new_price is not None and notice.currency == currency
    return priced and notice.new_price <= quoted  # type: ignore[operator]
