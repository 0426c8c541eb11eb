"""Setting budgets."""

from __future__ import annotations

from decimal import Decimal

from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried
from ledger.models import LegalEntity
from procure import entries
from procure.commands import ChangeBudget
from procure.finance import budgets


def change_budget(
    command: ChangeBudget, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    budget, before = budgets.change(
        entity=entity,
        cost_centre=command.cost_centre,
        year=command.year,
        amount=command.amount,
        currency_code=command.currency,
        actor=actor,
        cause=cause,
    )
    back = command.model_copy(update={"amount": before if before is not None else Decimal(0)})
    return Carried(
        result={"budget": f"{budget.cost_centre.code}/{budget.year}"},
        objects=(entries.of_budget(budget),),
        compensation=back,
    )
