"""Budgets and what is held on them. Sums move on a held row, added in decimals: no rival passes the limit, and not a
hundredth of a cent is lost (SQLite would add in floats)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from ledger import clock
from ledger.actors import Actor
from ledger.errors import InvalidInput
from ledger.models import CostCentre, LegalEntity
from ledger.money import Money
from procure import entries
from procure.errors import BudgetExceeded, NoBudget, NoRate
from procure.finance import currency
from procure.models import Budget, Commitment, Requisition


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
    budget = _locked(budget)
    needed = currency.convert(money, budget.currency, clock.business_date(entity)).amount
    if budget.committed + needed > budget.amount:
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
    _move(budget, needed)
    commitment = Commitment.objects.create(
        budget=budget,
        object_kind=kind,
        object_key=key,
        amount=needed,
        currency=budget.currency,
        held_at=clock.now(),
    )
    entries.budget_fact("committed", budget, actor=actor, causes=causes, commitment=commitment)
    return commitment


def _locked(budget: Budget) -> Budget:
    """As it is now, held until the transaction ends."""
    return Budget.objects.select_for_update(of=("self",)).select_related("cost_centre", "entity").get(pk=budget.pk)


def _move(budget: Budget, by: Decimal) -> None:
    budget.committed += by
    budget.save(update_fields=["committed"])


def hold_again(requisition: Requisition, *, actor: Actor, causes: Sequence[int]) -> Commitment | None:
    """What a requisition held before it was ordered. None where the budget does not cover it any more: giving an order
    back must not fail for that, and ordering asks for the money anyway."""
    if not requisition.budget_amount or requisition.cost_centre is None:
        return None
    try:
        return hold(
            entity=requisition.entity,
            cost_centre=requisition.cost_centre.code,
            money=Money(requisition.budget_amount, requisition.budget_currency),
            kind="requisition",
            key=requisition.reference,
            actor=actor,
            causes=causes,
        )
    except (BudgetExceeded, NoBudget, NoRate):
        return None


def release(kind: str, key: str, *, actor: Actor, causes: Sequence[int]) -> Commitment | None:
    """Gives back what an object holds; None when it holds nothing. For handlers only."""
    commitment = held_for(kind, key)
    if commitment is None:
        return None
    budget = _locked(commitment.budget)
    ended = Commitment.objects.filter(pk=commitment.pk, status=Commitment.Status.HELD)
    if not ended.update(status=Commitment.Status.RELEASED, ended_at=clock.now()):
        return None
    commitment.refresh_from_db(fields=["status", "ended_at"])
    _move(budget, -commitment.amount)
    entries.budget_fact("released", budget, actor=actor, causes=causes, commitment=commitment)
    return commitment


def change(
    *, entity: LegalEntity, cost_centre: str, year: int, amount: Decimal, currency_code: str, actor: Actor, cause: int
) -> tuple[Budget, Decimal | None]:
    """Sets the limit, and returns the budget with the limit before (None for a new one). For handlers only."""
    if amount < 0:
        raise InvalidInput(_("A budget is not negative."))
    budget = find(entity, cost_centre, year)
    budget = _locked(budget) if budget else None
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
    elif budget.committed > amount:
        raise BudgetExceeded(
            _("%(held)s is already committed on it.") % {"held": Money(budget.committed, budget.currency)}
        )
    else:
        budget.amount = amount
        budget.save(update_fields=["amount"])
    entries.budget_fact("changed", budget, actor=actor, causes=[cause], data={"before": before})
    return budget, before
