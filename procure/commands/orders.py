"""Issue, change and cancel purchase orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Self

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ledger.command import Change, Command, Exit, ObjectRef, Subjects
from ledger.errors import InvalidInput
from ledger.models import CostCentre
from ledger.money import LIMIT, Money
from procure import queries
from procure.commands import touched
from procure.commands.fields import (
    Amount,
    Centre,
    Country,
    Currency,
    Description,
    Incoterm,
    ItemKey,
    Price,
    Quantity,
    Reason,
    Reference,
    Unit,
    VendorKey,
    plain,
)
from procure.models import Order, OrderVersion, Requisition
from procure.sourcing import quoted
from vendors import queries as vendor_queries


class OrderedLine(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int = Field(ge=1)
    item: ItemKey = ""
    description: Description
    quantity: Quantity
    unit: Unit = "pack"
    unit_price: Price
    delivery_date: date | None = None


def total_of(lines: Sequence[OrderedLine], freight: Decimal, currency: str) -> Decimal:
    """Goods and freight, half up to the minor unit."""
    goods = sum((line.quantity * line.unit_price for line in lines), Decimal(0))
    if goods + freight > LIMIT:
        raise InvalidInput(_("An order adds up to at most %s.") % LIMIT)
    return Money(goods + freight, currency).rounded().amount


class _OrderBody(Command):
    """What an order says: lines, freight, place."""

    currency: Currency
    lines: tuple[OrderedLine, ...] = Field(min_length=1, max_length=500)
    freight: Amount = Decimal(0)
    incoterm: Incoterm = ""
    deliver_to: Country = ""
    total: Amount = Field(description="Goods and freight; must equal the lines to the last digit.")

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        numbers = [line.number for line in self.lines]
        if len(set(numbers)) != len(numbers):
            raise ValueError("two lines have the same number")
        try:
            expected = total_of(self.lines, self.freight, self.currency)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        if expected != self.total:
            raise ValueError(f"the total is {self.total}, but lines and freight add up to {expected}")
        return self

    def _line_changes(self, before: OrderVersion | None) -> list[Change]:
        was = {line.number: line for line in before.lines.all()} if before else {}
        changes = []
        for line in self.lines:
            old = was.pop(line.number, None)
            after = _said(line.quantity, line.unit, line.description, line.unit_price, self.currency)
            earlier = _said(old.quantity, old.unit, old.description, old.unit_price, self.currency) if old else ""
            if earlier != after:
                changes.append(Change(_("line %s") % line.number, earlier, after))
        changes += [
            Change(
                _("line %s") % old.number,
                _said(old.quantity, old.unit, old.description, old.unit_price, self.currency),
                "",
            )
            for old in was.values()
        ]
        total_before = str(Money(before.total, self.currency)) if before else ""
        freight_before = str(Money(before.freight, self.currency)) if before else ""
        return [
            *changes,
            Change(_("freight"), freight_before, str(Money(self.freight, self.currency))),
            Change(_("total"), total_before, str(Money(self.total, self.currency))),
        ]


def _said(quantity: Decimal, unit: str, description: str, price: Decimal, currency: str) -> str:
    return _("%(quantity)s %(unit)s %(what)s at %(price)s") % {
        "quantity": plain(quantity),
        "unit": unit,
        "what": description,
        "price": Money(price, currency),
    }


def _category_of(lines: Sequence[OrderedLine]) -> str | None:
    keys = [line.item for line in lines if line.item]
    category = vendor_queries.item(keys[0]).category if keys else None
    return category.code if category else None


class IssueOrder(_OrderBody):
    """Makes a purchase order and writes it to the ERP."""

    label: ClassVar[str] = "Issue order"
    right: ClassVar[str] = "event.manage"
    outward: ClassVar[bool] = True
    vendor: VendorKey
    requisition: Reference | None = None
    event: Reference | None = None
    cost_centre: Centre = ""

    def subjects(self) -> Subjects:
        return Subjects(**self.stated(), category=_category_of(self.lines))

    def stated(self) -> dict[str, Any]:
        return {
            "vendor": self.vendor,
            "vendors": (self.vendor,),
            "items": tuple(line.item for line in self.lines if line.item),
            "amount": Money(self.total, self.currency),
            "cost_centre": self.cost_centre or None,
            "requisition": self.requisition,
            "event": self.event,
            "order": None,
        }

    def sentence(self) -> str:
        first = self.lines[0]
        more = _(" and %s more lines") % (len(self.lines) - 1) if len(self.lines) > 1 else ""
        return _("Issue order to %(vendor)s for %(quantity)s %(unit)s %(what)s%(more)s") % {
            "vendor": vendor_queries.vendor(self.vendor).name,
            "quantity": plain(first.quantity),
            "unit": first.unit,
            "what": first.description,
            "more": more,
        }

    def preview(self) -> Sequence[Change]:
        return [
            Change(_("vendor"), "", vendor_queries.vendor(self.vendor).name),
            *self._line_changes(None),
            Change(_("charged to"), "", self.cost_centre or _("no cost centre")),
        ]

    def exit(self) -> Exit:
        return Exit(_("The order is cancelled here and in the ERP, and its budget released, until goods are received."))

    def check(self) -> None:
        vendor = vendor_queries.vendor(self.vendor)
        for line in self.lines:
            if line.item:
                vendor_queries.item(line.item)
        if self.event:
            quoted.check_order(
                queries.event(self.event),
                self.vendor,
                currency=self.currency,
                lines=self.lines,
                freight=self.freight,
                incoterm=self.incoterm,
            )
        if self.requisition:
            queries.requisition(self.requisition)
        centres = CostCentre.objects.filter(entity=vendor.entity, code__iexact=self.cost_centre)
        if not self.cost_centre or not centres.exists():
            raise InvalidInput(_("Name the cost centre that pays: there is none called “%s”.") % self.cost_centre)

    def lock_keys(self) -> Sequence[ObjectRef]:
        vendor, ordered_for = vendor_queries.vendor(self.vendor), self._for()
        return [
            ObjectRef("vendor", vendor.key),
            *(touched.event(queries.event(self.event)) if self.event else []),
            *(touched.requisition(ordered_for) if ordered_for else []),
            *touched.budget(self.cost_centre, vendor.entity),
        ]

    def _for(self) -> Requisition | None:
        if self.event:
            return queries.requisition(queries.event(self.event).requisition.reference)
        return queries.requisition(self.requisition) if self.requisition else None


class ChangeOrder(_OrderBody):
    """Makes the next version of an order that the ERP has not got yet."""

    label: ClassVar[str] = "Change order"
    right: ClassVar[str] = "event.manage"
    outward: ClassVar[bool] = True
    order: Reference
    version: int = Field(ge=1, description="The version that is changed.")
    reason: Reason

    def subjects(self) -> Subjects:
        order = queries.order(self.order)
        return Subjects(
            **self.stated(),
            vendor=order.vendor.key,
            vendors=(order.vendor.key,),
            category=_category_of(self.lines),
            cost_centre=order.cost_centre.code if order.cost_centre else None,
        )

    def stated(self) -> dict[str, Any]:
        return {
            "items": tuple(line.item for line in self.lines if line.item),
            "amount": Money(self.total, self.currency),
            "order": self.order,
            "event": None,
        }

    def sentence(self) -> str:
        return _("Change %(order)s to %(total)s") % {"order": self.order, "total": Money(self.total, self.currency)}

    def preview(self) -> Sequence[Change]:
        return self._line_changes(queries.current_version(queries.order(self.order)))

    def exit(self) -> Exit:
        return Exit(_("The version before is issued again as the next one."))

    def check(self) -> None:
        order = queries.order(self.order)
        if order.status != Order.Status.ISSUED:
            raise InvalidInput(_("%s is cancelled.") % self.order)
        if order.current_version != self.version:
            raise InvalidInput(
                _("%(order)s is at version %(now)s by now.") % {"order": self.order, "now": order.current_version}
            )
        if order.currency != self.currency:
            raise InvalidInput(_("%(order)s is in %(currency)s.") % {"order": self.order, "currency": order.currency})
        for line in self.lines:
            if line.item:
                vendor_queries.item(line.item)

    def lock_keys(self) -> Sequence[ObjectRef]:
        return touched.order(queries.order(self.order))


class CancelOrder(Command):
    """Cancels an order here and in the ERP."""

    label: ClassVar[str] = "Cancel order"
    right: ClassVar[str] = "event.manage"
    outward: ClassVar[bool] = True
    order: Reference
    reason: Reason

    def subjects(self) -> Subjects:
        order = queries.order(self.order)
        return Subjects(
            vendor=order.vendor.key,
            vendors=(order.vendor.key,),
            cost_centre=order.cost_centre.code if order.cost_centre else None,
            order=self.order,
            event=order.event.reference if order.event else None,
            requisition=order.requisition.reference if order.requisition else None,
        )

    def stated(self) -> dict[str, Any]:
        return {"items": (), "category": None, "amount": None, "order": self.order}

    def sentence(self) -> str:
        return _("Cancel %(order)s with %(vendor)s") % {
            "order": self.order,
            "vendor": queries.order(self.order).vendor.name,
        }

    def preview(self) -> Sequence[Change]:
        order = queries.order(self.order)
        version = queries.current_version(order)
        return [
            Change(_("status"), str(order.get_status_display()), _("Cancelled")),
            Change(
                _("budget held by it"),
                str(Money(version.total, order.currency)),
                str(Money(Decimal(0), order.currency)),
            ),
        ]

    def exit(self) -> Exit:
        return Exit(_("A cancelled order stays cancelled: award and issue again."), reversible=False)

    def check(self) -> None:
        if queries.order(self.order).status != Order.Status.ISSUED:
            raise InvalidInput(_("%s is cancelled already.") % self.order)

    def lock_keys(self) -> Sequence[ObjectRef]:
        return touched.order(queries.order(self.order))
