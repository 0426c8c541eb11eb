"""Requisitions: captured as said, read by an agent, completed by answers, withdrawn by those who asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ledger import clock, doorbell, numbering, rights, sources
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed
from ledger.models import CostCentre, LegalEntity, Person
from procure import entries
from procure.errors import TOO_LONG, WrongState
from procure.models import Requisition, RequisitionLine, RequisitionQuestion
from vendors import queries as vendor_queries

LONGEST = 200_000
LONGEST_ANSWER = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What the reader could not tell, about one field, with answers it thinks likely."""

    path: str
    text: str
    suggestions: tuple[str, ...] = field(default_factory=tuple)


def capture(
    *,
    words: str,
    actor: Actor,
    entity: LegalEntity,
    channel: str = "portal",
    cost_centre: CostCentre | None = None,
) -> Requisition:
    """Keeps the words as said under a new number. Refuses what is empty or longer than LONGEST characters."""
    rights.require(actor, "requisition.capture")
    _refuse_unreadable(words)
    person = Person.objects.get(pk=str(actor.person_id))
    with transaction.atomic():
        requisition = Requisition(
            reference=numbering.take("PR"),
            entity=entity,
            requested_by=person,
            words=words,
            source=sources.keep(words, origin=f"user:{person.pk}"),
            channel=channel,
            cost_centre=cost_centre,
            captured_at=clock.now(),
        )
        requisition._change_reason = "captured"
        requisition.save()
        entries.requisition_fact(
            "captured", requisition, actor=actor, data={"channel": channel}, words={"words": words}
        )
        doorbell.ring(f"{requisition.reference} captured")
    return requisition


def _refuse_unreadable(words: str) -> None:
    if len(words) > LONGEST:
        raise InvalidInput(TOO_LONG % {"length": f"{len(words):,}", "limit": f"{LONGEST:,}"})
    if _broken(words):
        raise InvalidInput(_("The text holds a null or half character. Type it again or paste it as plain text."))
    if not any(unicodedata.category(each)[0] in "LN" for each in words):
        raise InvalidInput(_("Say in a sentence what is needed, for example: 20 laptops for Accra by 30 June."))


def _broken(text: str) -> bool:
    """A NUL, or half of a surrogate pair: no database keeps these."""
    return "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text)


def record_reading(
    requisition: Requisition, structured: Mapping[str, Any], questions: Sequence[Question], *, actor: Actor
) -> Requisition:
    """Keeps what a reader understood (READERS shape), replacing an earlier reading; open questions wait for answers."""
    with transaction.atomic():
        held = Requisition.objects.select_for_update().get(pk=requisition.pk)
        if held.status not in Requisition.UNRAISED:
            raise WrongState(_("%(reference)s is past reading.") % {"reference": held.reference})
        held.structured = dict(structured)
        _take_fields(held, structured)
        held.lines.all().delete()
        RequisitionLine.objects.bulk_create(_lines(held, structured))
        _ask(held, questions)
        open_now = held.questions.filter(answered_at=None).count()
        held.status = Requisition.Status.QUESTIONS if open_now else Requisition.Status.CAPTURED
        held._change_reason = "read"
        held.save()
        entries.requisition_fact(
            "read",
            held,
            actor=actor,
            data={"tier": structured.get("tier", ""), "degraded": bool(structured.get("degraded")), "open": open_now},
        )
        doorbell.ring(f"{held.reference} read")
    return held


def _take_fields(requisition: Requisition, structured: Mapping[str, Any]) -> None:
    needed = structured.get("needed_by")
    requisition.needed_by = date.fromisoformat(needed) if needed else None
    requisition.deliver_to = structured.get("deliver_to") or ""
    requisition.urgency = structured.get("urgency") or "normal"
    budget = structured.get("budget") or {}
    amount = Decimal(budget["amount"]) if budget.get("amount") else None
    if amount is not None and budget.get("basis") == "per_unit":
        quantities = [Decimal(line["quantity"]) for line in structured.get("lines", []) if line.get("quantity")]
        amount = amount * sum(quantities) if quantities else None
    requisition.budget_amount = amount
    requisition.budget_currency = (budget.get("currency") or "") if amount is not None else ""
    if code := structured.get("cost_centre"):
        named = CostCentre.objects.filter(entity=requisition.entity, code__iexact=code).first()
        requisition.cost_centre = named or requisition.cost_centre


def _lines(requisition: Requisition, structured: Mapping[str, Any]) -> list[RequisitionLine]:
    return [
        RequisitionLine(
            requisition=requisition,
            number=number,
            description=(line.get("description") or "")[:500],
            item=vendor_queries.item(line["item"]) if line.get("item") else None,
            quantity=Decimal(line["quantity"]) if line.get("quantity") else None,
            unit=line.get("unit") or "",
        )
        for number, line in enumerate(structured.get("lines", []), start=1)
    ]


def _ask(requisition: Requisition, questions: Sequence[Question]) -> None:
    """Answered questions stay as they are, asked again or not; open ones that are no longer asked go."""
    asked = {each.path for each in questions}
    requisition.questions.filter(answered_at=None).exclude(path__in=asked).delete()
    answered = set(requisition.questions.exclude(answered_at=None).values_list("path", flat=True))
    for each in questions:
        if each.path not in answered:
            RequisitionQuestion.objects.update_or_create(
                requisition=requisition,
                path=each.path,
                defaults={"text": each.text[:500], "suggestions": list(each.suggestions)},
            )


def answer(requisition: Requisition, answers: Mapping[str, str], *, actor: Actor) -> Requisition:
    """Answers open questions by path. Only the requester, or staff who may answer for them; blanks are left open."""
    rights.require(actor, "requisition.answer")
    person = Person.objects.get(pk=str(actor.person_id))
    if person.pk != requisition.requested_by_id and not rights.person_may(person, "event.manage"):
        raise NotAllowed(_("Only the requester or procurement staff may answer for %s.") % requisition.reference)
    given = {path: text.strip() for path, text in answers.items() if text.strip()}
    for text in given.values():
        if _broken(text):
            raise InvalidInput(_("An answer holds a null or half character. Type it again."))
        if len(text) > LONGEST_ANSWER:
            raise InvalidInput(TOO_LONG % {"length": f"{len(text):,}", "limit": f"{LONGEST_ANSWER:,}"})
    with transaction.atomic():
        held = Requisition.objects.select_for_update().get(pk=requisition.pk)
        if held.status != Requisition.Status.QUESTIONS:
            raise WrongState(_("%(reference)s has no open questions.") % {"reference": held.reference})
        unknown = set(given) - set(held.questions.filter(answered_at=None).values_list("path", flat=True))
        if unknown:
            raise InvalidInput(_("There is no open question about %s.") % ", ".join(sorted(unknown))[:200])
        if not given:
            raise InvalidInput(_("Answer at least one question."))
        for path, text in given.items():
            sources.keep(text, origin=f"user:{person.pk}")
            held.questions.filter(path=path, answered_at=None).update(
                answer=text, answered_by=person, answered_at=clock.now()
            )
        entries.requisition_fact(
            "answered",
            held,
            actor=actor,
            data={"answered": sorted(given)},
            words={f"answers.{path}": text for path, text in given.items()},
        )
        doorbell.ring(f"{held.reference} answered")
    return held
