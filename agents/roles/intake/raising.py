"""Proposes to make the requisition binding, and waits until that is decided and done."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from agents import standing
from agents.context import Context
from agents.figures import trimmed
from agents.outcomes import Finish, Outcome
from agents.roles.intake import claims
from procure import queries
from procure.commands import NeededLine, RaiseRequisition
from procure.models import Requisition

#: Words that try to command the reader: a person looks, whatever the amount.
SUSPICIOUS = Decimal("0.5")


def propose_raising(context: Context) -> Outcome:
    proposal = context.proposed("raise") or _propose(context, queries.requisition(context.subject.key))
    if (outcome := standing.unless_carried_out(proposal)) is not None:
        return outcome
    return Finish({"requisition": context.subject.key, "proposal": proposal.reference})


def _propose(context: Context, requisition: Requisition):
    return context.propose(
        purpose="raise",
        commands=[command_of(requisition)],
        claims=claims.of_reading(requisition),
        rationale=_("Read from the words of %(person)s, kept as said in %(reference)s.")
        % {"person": requisition.requested_by, "reference": requisition.reference},
        confidence=confidence(requisition),
        urgency=requisition.urgency,
    )


def command_of(requisition: Requisition) -> RaiseRequisition:
    return RaiseRequisition(
        requisition=requisition.reference,
        lines=tuple(
            NeededLine(
                item=line.item.key if line.item else "",
                description=line.item.name if line.item else line.description,
                quantity=trimmed(line.quantity or Decimal(0)),
                unit=line.unit or "pack",
            )
            for line in requisition.lines.select_related("item").order_by("number")
        ),
        needed_by=requisition.needed_by,
        deliver_to=requisition.deliver_to,
        cost_centre=requisition.cost_centre.code if requisition.cost_centre else "",
        budget=None if requisition.budget_amount is None else trimmed(requisition.budget_amount),
        currency=requisition.budget_currency or requisition.entity.base_currency,
        urgency=requisition.urgency,  # type: ignore[arg-type]
    )


def confidence(requisition: Requisition) -> Decimal:
    """0.95; a tenth less when rules stood in for a model; 0.5 when the words hold instructions or hidden text."""
    structured = requisition.structured
    if structured.get("suspicious"):
        return SUSPICIOUS
    return Decimal("0.85") if structured.get("degraded") else Decimal("0.95")
