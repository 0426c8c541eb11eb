"""Invite suppliers, award an event, and the ways back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import BaseModel, ConfigDict, Field

from ledger import clock
from ledger.command import Change, Command, Exit, ObjectRef, Subjects
from ledger.errors import InvalidInput
from ledger.money import Money
from procure import queries
from procure.commands import touched
from procure.commands.fields import (
    Currency,
    Description,
    Incoterm,
    Note,
    Price,
    Quantity,
    Reason,
    Reference,
    VendorKey,
    plain,
)
from procure.errors import NoRate
from procure.finance import currency as rates
from procure.models import Award, Requisition, SourcingEvent
from procure.sourcing import events, quoted
from vendors import queries as vendor_queries


def _requisition_subjects(requisition: Requisition) -> dict[str, Any]:
    items = tuple(line.item.key for line in requisition.lines.select_related("item__category") if line.item)
    first = requisition.lines.select_related("item__category").exclude(item=None).first()
    category = first.item.category if first and first.item else None
    return {
        "items": items,
        "category": category.code if category else None,
        "cost_centre": requisition.cost_centre.code if requisition.cost_centre else None,
        "requisition": requisition.reference,
    }


class InviteSuppliers(Command):
    """Publishes a request for quotation and sends each vendor a personal link."""

    label: ClassVar[str] = "Invite suppliers"
    right: ClassVar[str] = "event.manage"
    outward: ClassVar[bool] = True
    requisition: Reference
    title: Description
    vendors: tuple[VendorKey, ...] = Field(min_length=1, max_length=50)
    deadline_hours: int = Field(72, ge=1, le=24 * 90, description="Hours until the quotes are opened.")
    currency: Currency = "USD"
    incoterm: Incoterm = ""

    def subjects(self) -> Subjects:
        return Subjects(**self.stated() | _requisition_subjects(queries.requisition(self.requisition)))

    def stated(self) -> dict[str, Any]:
        return {"vendor": None, "vendors": self.vendors, "amount": None, "event": None, "order": None}

    def sentence(self) -> str:
        count = len(self.vendors)
        return ngettext(
            "Invite %(count)s supplier to quote for %(title)s",
            "Invite %(count)s suppliers to quote for %(title)s",
            count,
        ) % {"count": count, "title": self.title}

    def preview(self) -> Sequence[Change]:
        invited = ", ".join(vendor_queries.vendor(key).name for key in self.vendors)
        return [
            Change(_("invited"), "", invited),
            Change(_("quotes until"), "", _("%s hours after the mails are due") % self.deadline_hours),
            Change(_("quotes in"), "", self.currency),
        ]

    def exit(self) -> Exit:
        return Exit(_("The event is cancelled: unnoticed before the mails leave, with a note to each supplier after."))

    def check(self) -> None:
        if len(set(self.vendors)) != len(self.vendors):
            raise InvalidInput(_("A vendor is named twice."))
        requisition = queries.requisition(self.requisition)
        if requisition.status not in (Requisition.Status.RAISED, Requisition.Status.SOURCING):
            raise InvalidInput(_("%s must be raised before suppliers are invited.") % self.requisition)
        if requisition.lines.filter(quantity=None).exists() or not requisition.lines.exists():
            raise InvalidInput(_("%s has a line without a quantity.") % self.requisition)
        for key in self.vendors:
            events.invitable(key)
        try:
            rates.to_base(Money(Decimal(1), self.currency), requisition.entity, clock.business_date(requisition.entity))
        except NoRate as error:
            raise InvalidInput(error.message) from None

    def lock_keys(self) -> Sequence[ObjectRef]:
        return touched.requisition(queries.requisition(self.requisition))


class CancelEvent(Command):
    """Ends a sourcing event without an award."""

    label: ClassVar[str] = "Cancel event"
    right: ClassVar[str] = "event.manage"
    outward: ClassVar[bool] = True
    event: Reference
    reason: Reason

    def subjects(self) -> Subjects:
        event = queries.event(self.event)
        return Subjects(event=self.event, **_requisition_subjects(event.requisition))  # type: ignore[arg-type]

    def sentence(self) -> str:
        return _("Cancel %s") % self.event

    def preview(self) -> Sequence[Change]:
        now = queries.event(self.event)
        return [Change(_("status"), str(now.get_status_display()), _("Cancelled"))]

    def exit(self) -> Exit:
        return Exit(_("A cancelled event stays cancelled: invite again."), reversible=False)

    def check(self) -> None:
        event = queries.event(self.event)
        if event.status in (SourcingEvent.Status.CANCELLED, SourcingEvent.Status.AWARDED):
            raise InvalidInput(_("%s cannot be cancelled any more.") % self.event)

    def lock_keys(self) -> Sequence[ObjectRef]:
        return touched.event(queries.event(self.event))


class AwardedLine(BaseModel):
    """`bid_line` is the opened quote line; price and currency must be the ones quoted there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int = Field(ge=1)
    bid_line: int = Field(ge=1)
    vendor: VendorKey
    quantity: Quantity
    unit_price: Price
    currency: Currency


class AwardEvent(Command):
    """Decides who gets what."""

    label: ClassVar[str] = "Award event"
    right: ClassVar[str] = "event.manage"
    event: Reference
    lines: tuple[AwardedLine, ...] = Field(min_length=1, max_length=500)
    reason: Note = ""

    def _vendors(self) -> tuple[str, ...]:
        return tuple(sorted({line.vendor for line in self.lines}))

    def subjects(self) -> Subjects:
        event = queries.event(self.event)
        today = clock.business_date(event.entity)
        total = sum(
            (
                rates.to_base(
                    Money(line.quantity * line.unit_price, line.currency).rounded(), event.entity, today
                ).amount
                for line in self.lines
            ),
            Decimal(0),
        )
        amount = {"amount": Money(total, event.entity.base_currency)}
        return Subjects(**self.stated() | amount | _requisition_subjects(event.requisition))

    def stated(self) -> dict[str, Any]:
        vendors, currencies = self._vendors(), {line.currency for line in self.lines}
        told = {
            "vendor": vendors[0] if len(vendors) == 1 else None,
            "vendors": vendors,
            "event": self.event,
            "order": None,
        }
        if len(currencies) > 1:
            return told
        prices = (Money(line.quantity * line.unit_price, line.currency).rounded().amount for line in self.lines)
        return told | {"amount": Money(sum(prices, Decimal(0)), currencies.pop())}

    def sentence(self) -> str:
        names = ", ".join(vendor_queries.vendor(key).name for key in self._vendors())
        return _("Award %(event)s to %(names)s") % {"event": self.event, "names": names}

    def preview(self) -> Sequence[Change]:
        return [
            Change(
                _("line %s") % line.line,
                "",
                _("%(quantity)s from %(vendor)s at %(price)s")
                % {
                    "quantity": plain(line.quantity),
                    "vendor": vendor_queries.vendor(line.vendor).name,
                    "price": Money(line.unit_price, line.currency),
                },
            )
            for line in self.lines
        ]

    def exit(self) -> Exit:
        return Exit(_("The award is revoked, as long as no order stands on it."))

    def check(self) -> None:
        event = queries.event(self.event)
        if event.status != SourcingEvent.Status.OPENED:
            raise InvalidInput(_("%s can be awarded once its quotes are opened, and only once.") % self.event)
        quoted.awarded_lines(event, self.lines)

    def lock_keys(self) -> Sequence[ObjectRef]:
        return [*touched.event(queries.event(self.event)), *(ObjectRef("vendor", key) for key in self._vendors())]


class RevokeAward(Command):
    """Takes an award back; the quotes stay opened."""

    label: ClassVar[str] = "Revoke award"
    right: ClassVar[str] = "event.manage"
    award: Reference
    reason: Reason

    def subjects(self) -> Subjects:
        event = queries.award(self.award).event
        return Subjects(event=event.reference, **_requisition_subjects(event.requisition))  # type: ignore[arg-type]

    def sentence(self) -> str:
        return _("Revoke %s") % self.award

    def preview(self) -> Sequence[Change]:
        return [Change(_("status"), str(queries.award(self.award).get_status_display()), _("Revoked"))]

    def exit(self) -> Exit:
        return Exit(_("The event can be awarded again."), reversible=False)

    def check(self) -> None:
        if queries.award(self.award).status != Award.Status.MADE:
            raise InvalidInput(_("%s is revoked already.") % self.award)

    def lock_keys(self) -> Sequence[ObjectRef]:
        award = queries.award(self.award)
        return [ObjectRef("award", award.reference), *touched.event(award.event)]
