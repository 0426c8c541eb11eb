"""Reads the words, applies the answers given so far, records the reading, and asks for what is still missing."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents.context import Context
from agents.outcomes import AskPerson, End, Finish, Outcome
from agents.readers import catalogue as catalogues
from agents.roles.intake import answers, claims, gaps, reading
from ledger import sources
from ledger.command import digest
from ledger.models import CostCentre, LegalEntity, Person
from procure import queries, requisitions
from procure.entries import of_requisition
from procure.models import Requisition

Status = Requisition.Status


def understand(context: Context) -> Outcome:
    requisition, applied = _latest(context), context.memory.get("answers")
    if requisition.status == Status.WITHDRAWN:
        return End(_("%s was withdrawn.") % requisition.reference)
    # An answer may come in while the words are read, so it looks again until it has read all there are.
    while requisition.status in Requisition.UNRAISED and applied != digest(given := answers.given(requisition)):
        _read(context, requisition, given)
        requisition, applied = _latest(context), digest(given)
    if requisition.status in Requisition.UNRAISED and (waiting := _questions(requisition, applied)):
        return waiting
    return Finish(
        _understood(requisition),
        claims.of_reading(requisition),
        reader=requisition.structured.get("reader", {}),
    )


def _latest(context: Context) -> Requisition:
    context.look(context.subject)
    return queries.requisition(context.subject.key)


def _read(context: Context, requisition: Requisition, given: dict[str, str]) -> None:
    items = catalogues.load()
    structured = reading.read(context, requisition, items)
    sources.keep(reading.readable(requisition), origin=f"user:{requisition.requested_by_id}")
    centres = {each.code: each.name for each in CostCentre.objects.filter(entity=context.entity)}
    if not structured.get("cost_centre"):
        chosen = requisition.cost_centre
        structured["cost_centre"] = (
            chosen.code if chosen else usual_centre(requisition.requested_by, requisition.entity)
        )
    known = gaps.Known(today=context.today, items=items, centres=centres, base_currency=context.entity.base_currency)
    unclear = answers.apply(structured, given, known)
    asked = gaps.find(structured, known, unclear=unclear, times=answers.times_asked(requisition))
    structured["questions"] = [each.text for each in asked]
    requisitions.record_reading(requisition, structured, asked, actor=context.actor)


def usual_centre(person: Person, entity: LegalEntity) -> str | None:
    """Who pays when nobody says: the only centre of the requester's manager, of the requester, or of the house."""
    of_entity = CostCentre.objects.filter(entity=entity)
    for circle in (of_entity.filter(owner=person.manager_id or 0), of_entity.filter(owner=person), of_entity):
        codes = list(circle.values_list("code", flat=True)[:2])
        if len(codes) == 1:
            return codes[0]
    return None


def _questions(requisition: Requisition, applied: str | None) -> AskPerson | None:
    open_now = requisition.questions.filter(answered_at=None).count()
    if not open_now:
        return None
    note = ngettext(
        "%(person)s: one question about %(reference)s",
        "%(person)s: %(count)d questions about %(reference)s",
        open_now,
    ) % {"person": requisition.requested_by, "count": open_now, "reference": requisition.reference}
    return AskPerson([of_requisition(requisition)], note, memory={"answers": applied})


def _understood(requisition: Requisition) -> dict[str, Any]:
    lines = requisition.lines.select_related("item").order_by("number")
    return {
        "requisition": requisition.reference,
        "tier": requisition.structured.get("tier", ""),
        "degraded": bool(requisition.structured.get("degraded")),
        "suspicious": len(requisition.structured.get("suspicious", ())),
        "lines": [
            {
                "number": line.number,
                "item": line.item.key if line.item else None,
                "description": line.description,
                "quantity": format(line.quantity.normalize(), "f") if line.quantity else None,
                "unit": line.unit,
            }
            for line in lines
        ],
        "needed_by": requisition.needed_by,
        "deliver_to": requisition.deliver_to,
        "cost_centre": requisition.cost_centre.code if requisition.cost_centre else None,
    }
