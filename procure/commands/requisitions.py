"""Raise a requisition that was understood; withdraw one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext as _
from pydantic import BaseModel, ConfigDict, Field

from ledger import rights
from ledger.command import Change, Command, Exit, ObjectRef, Subjects
from ledger.errors import InvalidInput, NotAllowed
from ledger.models import CostCentre, Person
from ledger.money import Money
from procure import queries
from procure.commands import touched
from procure.commands.fields import (
    Amount,
    Centre,
    Country,
    Currency,
    Description,
    ItemKey,
    Quantity,
    Reason,
    Reference,
    Unit,
    plain,
)
from procure.models import SourcingEvent
from vendors import queries as vendor_queries


class NeededLine(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    item: ItemKey = Field("", description="Item number such as ITM-0118; empty for something not in the catalogue.")
    description: Description
    quantity: Quantity
    unit: Unit = "pack"


class RaiseRequisition(Command):
    """Makes what was understood binding inside the house, and holds the budget named."""

    label: ClassVar[str] = "Raise requisition"
    right: ClassVar[str] = "requisition.capture"
    requisition: Reference
    lines: tuple[NeededLine, ...] = Field(min_length=1, max_length=500)
    needed_by: date | None = None
    deliver_to: Country = ""
    cost_centre: Centre = ""
    budget: Amount | None = Field(None, description="The most it may cost, in the currency below.")
    currency: Currency = "USD"
    urgency: Literal["hot", "normal", "cold"] = "normal"

    def subjects(self) -> Subjects:
        stated = self.stated()
        category = vendor_queries.item(stated["items"][0]).category if stated["items"] else None
        return Subjects(**stated, category=category.code if category else None)

    def stated(self) -> dict[str, Any]:
        return {
            "vendor": None,
            "vendors": (),
            "items": tuple(line.item for line in self.lines if line.item),
            "amount": Money(self.budget, self.currency) if self.budget is not None else None,
            "cost_centre": self.cost_centre or None,
            "requisition": self.requisition,
            "event": None,
            "order": None,
        }

    def sentence(self) -> str:
        first = self.lines[0]
        more = _(" and %s more lines") % (len(self.lines) - 1) if len(self.lines) > 1 else ""
        return _("Raise %(requisition)s: %(quantity)s %(unit)s %(what)s%(more)s") % {
            "requisition": self.requisition,
            "quantity": plain(first.quantity),
            "unit": first.unit,
            "what": first.description,
            "more": more,
        }

    def preview(self) -> Sequence[Change]:
        now = queries.requisition(self.requisition)
        budget = str(Money(self.budget, self.currency)) if self.budget is not None else _("none named")
        return [
            Change(_("status"), str(now.get_status_display()), _("Raised")),
            *(
                Change(_("line %s") % number, "", f"{plain(line.quantity)} {line.unit} {line.description}")
                for number, line in enumerate(self.lines, start=1)
            ),
            Change(_("needed by"), "", str(self.needed_by or _("no date"))),
            Change(_("deliver to"), "", self.deliver_to or _("not said")),
            Change(_("budget held"), "", budget),
        ]

    def exit(self) -> Exit:
        return Exit(_("The requisition is withdrawn and its budget released, until it is ordered."))

    def check(self) -> None:
        requisition = queries.requisition(self.requisition)
        if requisition.status not in requisition.UNRAISED:
            raise InvalidInput(_("%s is raised already.") % self.requisition)
        for line in self.lines:
            if line.item:
                vendor_queries.item(line.item)
        centres = CostCentre.objects.filter(entity=requisition.entity, code__iexact=self.cost_centre)
        if self.cost_centre and not centres.exists():
            raise InvalidInput(_("There is no cost centre “%s”.") % self.cost_centre)

    def lock_keys(self) -> Sequence[ObjectRef]:
        requisition = queries.requisition(self.requisition)
        return [*touched.requisition(requisition), *touched.budget(self.cost_centre, requisition.entity)]


class WithdrawRequisition(Command):
    """Ends a requisition that is no longer needed, and releases its budget."""

    label: ClassVar[str] = "Withdraw requisition"
    right: ClassVar[str] = "requisition.capture"
    requisition: Reference
    reason: Reason

    def subjects(self) -> Subjects:
        requisition = queries.requisition(self.requisition)
        centre = requisition.cost_centre
        return Subjects(requisition=self.requisition, cost_centre=centre.code if centre else None)

    def sentence(self) -> str:
        return _("Withdraw %s") % self.requisition

    def preview(self) -> Sequence[Change]:
        now = queries.requisition(self.requisition)
        return [Change(_("status"), str(now.get_status_display()), _("Withdrawn"))]

    def exit(self) -> Exit:
        return Exit(_("A withdrawn requisition stays withdrawn: ask again."), reversible=False)

    def check(self) -> None:
        requisition = queries.requisition(self.requisition)
        if requisition.status not in requisition.LIVE:
            raise InvalidInput(
                _("%(reference)s is %(status)s and cannot be withdrawn.")
                % {"reference": self.requisition, "status": requisition.get_status_display()}
            )
        if standing := requisition.events.exclude(status=SourcingEvent.Status.CANCELLED).first():
            raise InvalidInput(_("%s stands on it: cancel that first.") % standing.reference)

    def check_asker(self, person: Person) -> None:
        requisition = queries.requisition(self.requisition)
        if requisition.requested_by_id != person.pk and not rights.person_may(person, "event.manage"):
            raise NotAllowed(_("Only the requester or procurement staff may withdraw %s.") % self.requisition)

    def lock_keys(self) -> Sequence[ObjectRef]:
        return touched.requisition(queries.requisition(self.requisition))
