"""Rows that carrying a command out will write, by what it names: held before anything is judged again.

Every row a handler writes, and that somebody else may write too, must be among them: the first journal entry takes the
head of the ledger, and who waits for a row after that can wait for ever.
"""

from __future__ import annotations

from ledger import clock
from ledger.command import ObjectRef
from ledger.models import CostCentre, Effect, LegalEntity
from procure import messages
from procure.finance import budgets
from procure.models import Order, Requisition, SourcingEvent


def budget(code: str, entity: LegalEntity) -> list[ObjectRef]:
    """This year's budget of a cost centre, as its company writes the code."""
    centre = CostCentre.objects.filter(entity=entity, code__iexact=code).first() if code else None
    return [ObjectRef("budget", f"{centre.code}/{clock.business_date(entity).year}")] if centre else []


def held_budget(kind: str, key: str) -> list[ObjectRef]:
    """The budget on which an object holds money, whatever year that was."""
    commitment = budgets.held_for(kind, key)
    if commitment is None:
        return []
    return [ObjectRef("budget", f"{commitment.budget.cost_centre.code}/{commitment.budget.year}")]


def requisition(found: Requisition) -> list[ObjectRef]:
    code = found.cost_centre.code if found.cost_centre else ""
    return [
        ObjectRef("requisition", found.reference),
        *budget(code, found.entity),
        *held_budget("requisition", found.reference),
    ]


def event(found: SourcingEvent) -> list[ObjectRef]:
    """With its invitations and their mails."""
    invitations = list(found.invitations.order_by("pk"))
    return [
        ObjectRef("event", found.reference),
        ObjectRef("requisition", found.requisition.reference),
        *(ObjectRef("invitation", str(each.pk)) for each in invitations),
        *(
            ObjectRef("effect", key)
            for key in messages.of_invitations(invitations).values_list("effect_key", flat=True)
        ),
    ]


def order(found: Order) -> list[ObjectRef]:
    """With what is on its way to the ERP, what it was ordered for, and the budget it holds."""
    effects = Effect.objects.filter(object_kind="order", object_key=found.reference)
    code = found.cost_centre.code if found.cost_centre else ""
    return [
        ObjectRef("order", found.reference),
        *(ObjectRef("effect", key) for key in effects.values_list("effect_key", flat=True)),
        *([ObjectRef("event", found.event.reference)] if found.event else []),
        *(requisition(found.requisition) if found.requisition else []),
        *budget(code, found.entity),
        *held_budget("order", found.reference),
    ]
