"""Raising and withdrawing requisitions."""

from __future__ import annotations

from django.utils.translation import gettext as _

from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried
from ledger.models import CostCentre, LegalEntity
from ledger.money import Money
from procure import entries
from procure.commands import RaiseRequisition, WithdrawRequisition
from procure.errors import WrongState
from procure.finance import budgets
from procure.models import Requisition, RequisitionLine, SourcingEvent
from procure.queries import one_of
from vendors import queries as vendor_queries


def _held(reference: str, entity: LegalEntity) -> Requisition:
    held = Requisition.objects.select_for_update(of=("self",)).select_related("entity")
    return one_of(held.filter(entity=entity), _("requisition"), reference)


def raise_requisition(
    command: RaiseRequisition, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    requisition = _held(command.requisition, entity)
    if requisition.status not in Requisition.UNRAISED:
        raise WrongState(_("%s is raised already.") % requisition.reference)
    requisition.lines.all().delete()
    RequisitionLine.objects.bulk_create(
        RequisitionLine(
            requisition=requisition,
            number=number,
            description=line.description,
            item=vendor_queries.item(line.item) if line.item else None,
            quantity=line.quantity,
            unit=line.unit,
        )
        for number, line in enumerate(command.lines, start=1)
    )
    requisition.needed_by, requisition.deliver_to = command.needed_by, command.deliver_to
    requisition.urgency = command.urgency
    requisition.budget_amount = command.budget
    requisition.budget_currency = command.currency if command.budget is not None else ""
    requisition.cost_centre = CostCentre.objects.filter(entity=entity, code__iexact=command.cost_centre).first()
    requisition.status = Requisition.Status.RAISED
    requisition._change_reason = authority.reference
    requisition.save()
    fact = entries.requisition_fact(
        "raised",
        requisition,
        actor=actor,
        causes=[cause],
        data={"lines": len(command.lines), "budget": command.budget, "currency": command.currency},
    )
    if command.budget and requisition.cost_centre:
        budgets.hold(
            entity=entity,
            cost_centre=requisition.cost_centre.code,
            money=Money(command.budget, command.currency),
            kind="requisition",
            key=requisition.reference,
            actor=actor,
            causes=[fact.seq],
        )
    return Carried(
        result={"requisition": requisition.reference},
        objects=(entries.of_requisition(requisition),),
        compensation=WithdrawRequisition(requisition=requisition.reference, reason=_("Raising it is undone.")),
    )


def withdraw_requisition(
    command: WithdrawRequisition, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    requisition = _held(command.requisition, entity)
    if requisition.status not in Requisition.LIVE:
        raise WrongState(_("%s cannot be withdrawn any more.") % requisition.reference)
    if standing := requisition.events.exclude(status=SourcingEvent.Status.CANCELLED).first():
        raise WrongState(_("%s stands on it: cancel that first.") % standing.reference)
    requisition.status = Requisition.Status.WITHDRAWN
    requisition._change_reason = authority.reference
    requisition.save()
    fact = entries.requisition_fact(
        "withdrawn", requisition, actor=actor, causes=[cause], words={"reason": command.reason}
    )
    budgets.release("requisition", requisition.reference, actor=actor, causes=[fact.seq])
    return Carried(result={"requisition": requisition.reference}, objects=(entries.of_requisition(requisition),))
