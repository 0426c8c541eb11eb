"""Budgets of a company's own, from a table."""

from __future__ import annotations

from typing import Annotated

from django.utils.translation import gettext as _
from pydantic import Field

from ledger.errors import InvalidInput
from ledger.models import CostCentre, LegalEntity
from ledger.money import Money
from procure.errors import BudgetExceeded
from procure.finance import budgets
from procure.models import Budget
from vendors.batches import RowFields, Status, Taken
from vendors.cells import Amount, Currency, Name, Word


class BudgetRow(RowFields):
    """A cost centre that is not there yet is made when it has a name here."""

    cost_centre: Word
    year: Annotated[int, Field(ge=2000, le=2200)]
    amount: Amount
    currency: Currency | None = None
    cost_centre_name: Name | None = None


class BudgetImport:
    kind = "budgets"
    fields = BudgetRow
    opens = "budget"

    def take(self, row: BudgetRow, *, entity: LegalEntity) -> Taken:
        centre = self._centre(row, entity)
        currency = row.currency or entity.base_currency
        key = f"{centre.code}/{row.year}"
        budget = budgets.find(entity, centre.code, row.year)
        if budget is None:
            Budget.objects.create(
                entity=entity, cost_centre=centre, year=row.year, amount=row.amount, currency=currency
            )
            return Taken(Status.CREATED, key)
        if budget.currency != currency:
            raise InvalidInput(_("This budget is kept in %s.") % budget.currency)
        if budget.amount == row.amount:
            return Taken(Status.SKIPPED, key, _("Nothing new."))
        if not Budget.objects.filter(pk=budget.pk, committed__lte=row.amount).update(amount=row.amount):
            held = Money(budget.committed, budget.currency)
            raise BudgetExceeded(_("%s is already committed on it.") % held)
        return Taken(Status.UPDATED, key, _("It was %s.") % Money(budget.amount, budget.currency))

    def _centre(self, row: BudgetRow, entity: LegalEntity) -> CostCentre:
        centre = CostCentre.objects.filter(entity=entity, code__iexact=row.cost_centre).first()
        if centre is None and row.cost_centre_name:
            return CostCentre.objects.create(entity=entity, code=row.cost_centre.upper(), name=row.cost_centre_name)
        if centre is None:
            raise InvalidInput(
                _("There is no cost centre “%s”. Give it a cost_centre_name to make it.") % row.cost_centre
            )
        return centre
