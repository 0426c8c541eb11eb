"""Reads for pages, agents and facts. Raises NotFound for what is absent."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from ledger.command import ObjectRef
from ledger.errors import NotFound
from ledger.models import Effect, LegalEntity
from procure.models import (
    Award,
    ImportedOrderLine,
    OpenedBidLine,
    Order,
    OrderVersion,
    Requisition,
    SourcingEvent,
    StockLevel,
)


def one_of(rows: QuerySet, what: str, reference: str):
    """The row with that reference."""
    found = rows.filter(reference=reference.strip().upper()).first()
    if found is None:
        raise NotFound(_("There is no %(what)s “%(reference)s”.") % {"what": what, "reference": reference[:40]})
    return found


def requisition(reference: str) -> Requisition:
    rows = Requisition.objects.select_related("entity", "requested_by", "cost_centre", "source")
    return one_of(rows, _("requisition"), reference)


def event(reference: str) -> SourcingEvent:
    return one_of(SourcingEvent.objects.select_related("entity", "requisition"), _("sourcing event"), reference)


def order(reference: str) -> Order:
    rows = Order.objects.select_related("entity", "vendor", "requisition", "event", "cost_centre", "tracking")
    return one_of(rows, _("order"), reference)


def award(reference: str) -> Award:
    return one_of(Award.objects.select_related("entity", "event"), _("award"), reference)


def current_version(order: Order) -> OrderVersion:
    return order.versions.prefetch_related("lines__item").get(number=order.current_version)


def opened_line(pk: int) -> OpenedBidLine:
    """A quote line in the clear; there is none before the opening."""
    found = (
        OpenedBidLine.objects.select_related("opened_bid__vendor", "opened_bid__event", "event_line")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise NotFound(_("There is no opened quote line %(pk)s.") % {"pk": pk})
    return found


def open_order_lines(entity: LegalEntity) -> QuerySet[ImportedOrderLine]:
    return ImportedOrderLine.objects.filter(entity=entity).select_related("vendor", "item")


def around(object_: ObjectRef, *, entity: LegalEntity) -> dict[str, QuerySet]:
    """Numbers of what has to do with a vendor or an item, by kind: where it is asked for, invited or ordered."""
    if object_.kind == "item":
        on, item = {"entity": entity}, object_.key
        return {
            "requisition": Requisition.objects.filter(lines__item__key=item, **on).values("reference"),
            "event": SourcingEvent.objects.filter(lines__item__key=item, **on).values("reference"),
            "order": Order.objects.filter(versions__lines__item__key=item, **on).values("reference"),
        }
    if object_.kind == "vendor":
        asked = SourcingEvent.objects.filter(
            entity=entity, invitations__vendor__key=object_.key, invitations__revoked_at=None
        )
        return {
            "requisition": asked.values("requisition__reference"),
            "event": asked.values("reference"),
            "order": Order.objects.filter(entity=entity, vendor__key=object_.key).values("reference"),
        }
    return {}


def stock_of(entity: LegalEntity, item_key: str) -> Decimal:
    """Packs on hand over all locations."""
    total = StockLevel.objects.filter(entity=entity, item__key=item_key).aggregate(total=Sum("quantity"))["total"]
    return total or Decimal(0)


def effects_of(order: Order) -> QuerySet[Effect]:
    return Effect.objects.filter(object_kind="order", object_key=order.reference).order_by("pk")
