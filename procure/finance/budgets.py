"""Budgets and what is held on them. Sums move by conditional UPDATE, so no history of rivals passes the limit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import F
from django.utils.translation import gettext as _

from ledger import clock
from ledger.actors import Actor
from ledger.errors import InvalidInput
from ledger.models import CostCentre, LegalEntity
from ledger.money import Money
from procure import entries
from procure.errors import BudgetExceeded, NoBudget
from procure.finance import currency
from procure.models import Budget, Commitment


def find(entity: LegalEntity, cost_centre: str, year: int) -> Budget | None:
    return (
        Budget.objects.select_related("cost_centre", "entity")
        .filter(entity=entity, cost_centre__code__iexact=cost_centre, year=year)
        .first()
    )


def current_year(entity: LegalEntity) -> int:
    return clock.business_date(entity).year


def available(entity: LegalEntity, cost_centre: str, year: int | None = None) -> Money | None:
    """What is left, in the budget's currency; None where there is no budget."""
    budget = find(entity, cost_centre, year or current_year(entity))
    return Money(budget.amount - budget.committed, budget.currency) if budget else None


def held_for(kind: str, key: str) -> Commitment | None:
    return (
        Commitment.objects.select_related("budget__cost_centre", "budget__entity")
        .filter(object_kind=kind, object_key=key, status=Commitment.Status.HELD)
        .first()
    )


def hold(
    *, entity: LegalEntity, cost_centre: str, money: Money, kind: str, key: str, actor: Actor, causes: Sequence[int]
) -> Commitment:
    """Holds money for an object. Raises `NoBudget`, or `BudgetExceeded` with what is left. For handlers only."""
    budget = find(entity, cost_centre, current_year(entity))
    if budget is None:
        raise NoBudget(
            _("%(centre)s has no budget for %(year)s.") % {"centre": cost_centre, "year": current_year(entity)}
        )
    needed = currency.convert(money, budget.currency, clock.business_date(entity)).amount
    fits = Budget.objects.filter(pk=budget.pk, committed__lte=F("amount") - needed)
    if not fits.update(committed=F("committed") + needed):
        budget.refresh_from_db()
        left = Money(budget.amount - budget.committed, budget.currency)
        raise BudgetExceeded(
            _("%(centre)s has %(left)s left for %(year)s; %(needed)s is needed.")
            % {
                "centre": budget.cost_centre.code,
                "left": left,
                "year": budget.year,
                "needed": Money(needed, budget.currency),
            }
        )
    commitment = Commitment.objects.create(
        budget=budget,
        object_kind=kind,
        object_key=key,
        amount=needed,
        currency=budget.currency,
        held_at=clock.now(),
    )
    budget.refresh_from_db()
    entries.budget_fact("committed", budget, actor=actor, causes=causes, commitment=commitment)
    return commitment


def release(kind: str, key: str, *, actor: Actor, causes: Sequence[int]) -> Commitment | None:
    """Gives back what an object holds; None when it holds nothing. For handlers only."""
    commitment = held_for(kind, key)
    if commitment is None:
        return None
    ended = Commitment.objects.filter(pk=commitment.pk, status=Commitment.Status.HELD)
    if not ended.update(status=Commitment.Status.RELEASED, ended_at=clock.now()):
        return None
    budget = commitment.budget
    Budget.objects.filter(pk=budget.pk).update(committed=F("committed") - commitment.amount)
    budget.refresh_from_db()
    entries.budget_fact("released", budget, actor=actor, causes=causes, commitment=commitment)
    return commitment


def change(
    *, entity: LegalEntity, cost_centre: str, year: int, amount: Decimal, currency_code: str, actor: Actor, cause: int
) -> tuple[Budget, Decimal | None]:
    """Sets the limit, and returns the budget with the limit before (None for a new one). For handlers only."""
    if amount < 0:
        raise InvalidInput(_("A budget is not negative."))
    budget = find(entity, cost_centre, year)
    before = budget.amount if budget else None
    if budget is None:
        centre = CostCentre.objects.filter(entity=entity, code__iexact=cost_centre).first()
        if centre is None:
            raise InvalidInput(_("There is no cost centre “%s”.") % cost_centre[:40])
        budget = Budget.objects.create(
            entity=entity, cost_centre=centre, year=year, amount=amount, currency=currency_code
        )
    elif budget.currency != currency_code:
        raise InvalidInput(_("This budget is kept in %s.") % budget.currency)
    elif not Budget.objects.filter(pk=budget.pk, committed__lte=amount).update(amount=amount):
        raise BudgetExceeded(
            _("%(held)s is already committed on it.") % {"held": Money(budget.committed, budget.currency)}
        )
    budget.refresh_from_db()
    entries.budget_fact("changed", budget, actor=actor, causes=[cause], data={"before": before})
    return budget, before
