"""Set what a cost centre may spend."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar

from django.utils.translation import gettext as _
from pydantic import Field

from ledger.command import Change, Command, Exit, ObjectRef, Subjects
from ledger.errors import InvalidInput
from ledger.models import CostCentre
from ledger.money import Money
from procure.commands.fields import Amount, Centre, Currency
from procure.models import Budget


class ChangeBudget(Command):
    """Sets the limit of a cost centre for a year."""

    label: ClassVar[str] = "Change budget"
    right: ClassVar[str] = "bounds.edit"
    two_people: ClassVar[bool] = True
    cost_centre: Centre = Field(min_length=1)
    year: int = Field(ge=2000, le=2100)
    amount: Amount
    currency: Currency

    def _now(self) -> Budget | None:
        rows = Budget.objects.select_related("cost_centre")
        return rows.filter(cost_centre__code__iexact=self.cost_centre, year=self.year).first()

    def subjects(self) -> Subjects:
        before = self._now()
        more = max(Decimal(0), self.amount - (before.amount if before else Decimal(0)))
        return Subjects(cost_centre=self.cost_centre, amount=Money(more, self.currency))

    def sentence(self) -> str:
        return _("Set the budget of %(centre)s for %(year)s to %(amount)s") % {
            "centre": self.cost_centre,
            "year": self.year,
            "amount": Money(self.amount, self.currency),
        }

    def preview(self) -> Sequence[Change]:
        before = self._now()
        was = str(Money(before.amount, before.currency)) if before else ""
        return [Change(_("limit"), was, str(Money(self.amount, self.currency)))]

    def exit(self) -> Exit:
        return Exit(_("The limit before is set again, unless more than that is committed by then."))

    def check(self) -> None:
        centre = CostCentre.objects.filter(code__iexact=self.cost_centre).first()
        if centre is None:
            raise InvalidInput(_("There is no cost centre “%s”.") % self.cost_centre)
        before = self._now()
        if before is None:
            return
        if before.currency != self.currency:
            raise InvalidInput(_("This budget is kept in %s.") % before.currency)
        if before.committed > self.amount:
            held = Money(before.committed, before.currency)
            raise InvalidInput(_("%(held)s is already committed on it.") % {"held": held})

    def lock_keys(self) -> Sequence[ObjectRef]:
        before = self._now()
        code = before.cost_centre.code if before else self.cost_centre
        return [ObjectRef("budget", f"{code}/{self.year}")]
