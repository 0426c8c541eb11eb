"""What this floor keeps of a requester's words and answers, and of mails to people at vendors.

Quantities, units, items, prices and dates stay: they are the company's. A line that names an item is called by that
item's name from now on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from ledger.erasure import RESTORER, Erasing
from ledger.models import Effect, EffectAttempt, Person, Source
from ledger.redaction import MARK, SHORTEST, Words, wiped
from ledger.sweeping import Sweep
from procure import entries
from procure.models import (
    ErpCall,
    EventLine,
    Invitation,
    Message,
    Notice,
    Order,
    OrderLine,
    Requisition,
    RequisitionLine,
    RequisitionQuestion,
    SandboxJournal,
    SandboxOrder,
    SourcingEvent,
)

#: What of a reading repeats the words; all else in it is numbers, dates and keys.
SAID = ("answers", "description", "evidence", "questions", "suspicious", "text", "quote", "vendor_mentioned")


@dataclass(frozen=True)
class Wanted:
    """All that stands on what one person asked for."""

    person: int

    @cached_property
    def requisitions(self) -> dict[int, str]:
        return dict(Requisition.objects.filter(requested_by=self.person).values_list("pk", "reference"))

    @cached_property
    def events(self) -> dict[int, str]:
        return dict(SourcingEvent.objects.filter(requisition__in=self.requisitions).values_list("pk", "reference"))

    @cached_property
    def orders(self) -> dict[int, str]:
        on = Q(requisition__in=self.requisitions) | Q(event__in=self.events)
        return dict(Order.objects.filter(on).values_list("pk", "reference"))

    @property
    def refs(self) -> dict[str, list[str]]:
        """Kind and keys, as the ledger names them."""
        return {
            "requisition": list(self.requisitions.values()),
            "event": list(self.events.values()),
            "order": list(self.orders.values()),
        }

    @property
    def lines(self) -> tuple[QuerySet[Any], ...]:
        return (
            RequisitionLine.objects.filter(requisition__in=self.requisitions),
            EventLine.objects.filter(event__in=self.events),
            OrderLine.objects.filter(version__order__in=self.orders),
        )

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """Their name, and words of theirs too common to be looked for anywhere but here."""
        person = Person.objects.filter(pk=self.person).first()
        said = [person.get_full_name(), person.get_username()] if person else []
        for rows in self.lines:
            called = rows.values_list("description", "item__name")
            said += [description for description, name in called if description != name]
        said += SourcingEvent.objects.filter(pk__in=self.events).values_list("title", flat=True)
        return tuple(said)


def count(subject: str) -> int:
    kind, _, key = subject.partition(":")
    if kind == "contact":
        return Message.objects.filter(contact=int(key)).exclude(body=MARK).count()
    if kind != "person":
        return 0
    wanted, answers = Wanted(int(key)), RequisitionQuestion.objects.filter(answered_by=int(key))
    own = len(wanted.requisitions) + len(wanted.events) + answers.count() + _notices(int(key)).count()
    return own + sum(each.count() for each in wanted.lines)


def texts(subject: str) -> Iterable[str]:
    kind, _, key = subject.partition(":")
    if kind == "person":
        yield from Requisition.objects.filter(requested_by=int(key)).values_list("words", flat=True)
        yield from RequisitionQuestion.objects.filter(answered_by=int(key)).values_list("answer", flat=True)
        yield from _notices(int(key)).values_list("text", flat=True)


def erase(erasing: Erasing) -> int:
    if erasing.person is not None:
        done = _erase_wanted(Wanted(erasing.person), erasing) + _erase_answers(erasing.person)
        done += _hand_over_sources(erasing.person) + _notices(erasing.person).update(text=MARK)
    elif erasing.kind == "contact":
        mails = Message.objects.filter(contact=int(erasing.key))
        done = mails.update(subject=MARK, body=MARK) + _erase_declines(erasing)
    else:
        done = 0
    return done


def sweep(sweep: Sweep) -> Counter[str]:
    return sweep.over(apps.get_app_config("procure").get_models())


def _erase_wanted(wanted: Wanted, erasing: Erasing) -> int:
    words = erasing.words.and_also(wanted.texts)
    done = sum(_rename(rows) for rows in wanted.lines)
    events = SourcingEvent.objects.filter(pk__in=wanted.events)
    done += events.update(title=MARK)
    done += _clean(Message.objects.filter(thread__in=wanted.events.values()), words, "subject", "body")
    done += RequisitionQuestion.objects.filter(requisition__in=wanted.requisitions).update(text=MARK, suggestions=[])
    for rows in (
        Requisition.objects.filter(pk__in=wanted.requisitions),
        Requisition.history.filter(requested_by_id=wanted.person),
    ):
        done += _erase_words(rows, words)
    for requisition in Requisition.objects.filter(pk__in=wanted.requisitions, status__in=Requisition.UNRAISED):
        _withdraw(requisition, erasing)
    return done + _erase_effects(wanted, words)


def _erase_words(rows: Iterable[Any], words: Words) -> int:
    done = 0
    for each in rows:
        each.words, each.structured = MARK, words.out_of_json(each.structured, SAID)
        changed: dict[str, Any] = {"words": each.words, "structured": each.structured}
        if hasattr(each, "history_id"):
            changed["history_change_reason"] = each.history_change_reason and words.out_of(each.history_change_reason)
        # By the manager: saving would make a new version of what is to be gone.
        done += type(each)._base_manager.filter(pk=each.pk).update(**changed)
    return done


def _withdraw(requisition: Requisition, erasing: Erasing) -> None:
    """Nobody is left who could answer for it."""
    requisition.status = Requisition.Status.WITHDRAWN
    requisition._change_reason = MARK
    requisition.save(update_fields=["status"])
    erasing.facts.append(lambda: entries.requisition_fact("withdrawn", requisition, actor=RESTORER))


def _rename(rows: QuerySet[Any]) -> int:
    done = 0
    for line in rows.select_related("item"):
        name = line.item.name if line.item else MARK
        if line.description != name:
            done += rows.model.objects.filter(pk=line.pk).update(description=name[:500])
    return done


def _clean(rows: QuerySet[Any], words: Words, *columns: str) -> int:
    done = 0
    for row in rows:
        changes = {name: words.out_of_json(getattr(row, name), SAID) for name in columns}
        if any(value != getattr(row, name) for name, value in changes.items()):
            done += rows.model.objects.filter(pk=row.pk).update(**changes)
    return done


def _erase_effects(wanted: Wanted, words: Words) -> int:
    """What was sent stays named by its digest; the words are taken out of what we keep of it."""
    done = 0
    effects = Effect.objects.filter(object_kind="order", object_key__in=wanted.orders.values())
    for effect in effects:
        changes = {
            "request": words.out_of_json(effect.request, SAID),
            "answer": words.out_of_json(effect.answer, SAID),
            "last_error": words.out_of(effect.last_error),
        }
        done += Effect.objects.filter(pk=effect.pk).update(**changes)
    for attempt in EffectAttempt.objects.filter(effect__in=effects):
        EffectAttempt.objects.filter(pk=attempt.pk).update(detail=words.out_of(attempt.detail))
    return done + _erase_erp(wanted, words)


def _erase_erp(wanted: Wanted, words: Words) -> int:
    """Our record of the calls, and the sandbox's books, which are ours too. A real ERP is another's house."""
    ours = wanted.orders.values()
    sandbox = SandboxJournal.objects.filter(Q(buyer_reference__in=ours) | Q(order__buyer_reference__in=ours))
    done = _clean(ErpCall.objects.filter(object_key__in=ours), words, "request", "response", "detail")
    done += _clean(sandbox, words, "request", "answer")
    return done + _clean(SandboxOrder.objects.filter(buyer_reference__in=ours), words, "lines", "comment")


def _erase_answers(person: int) -> int:
    """Answers they gave, for themselves or for others."""
    answered = RequisitionQuestion.objects.filter(answered_by=person).exclude(answer="")
    touched = set(answered.values_list("requisition", flat=True))
    for rows in (Requisition.objects.filter(pk__in=touched), Requisition.history.filter(id__in=touched)):
        for each in rows:
            each.structured = each.structured | {"answers": wiped(each.structured.get("answers", {}))}
            type(each)._base_manager.filter(pk=each.pk).update(structured=each.structured)
    return answered.update(answer=MARK)


def _notices(person: int) -> QuerySet[Notice]:
    """What they wrote about changes that suppliers announced; the change itself is the company's."""
    return Notice.objects.filter(recorded_by=person).exclude(text="")


def _hand_over_sources(person: int) -> int:
    """The same words said by somebody else are theirs as well: the source stays, under the other's number."""
    kept = Source.objects.filter(origin=f"user:{person}", erased_at=None)
    others = Requisition.objects.filter(source__in=kept).exclude(requested_by=person)
    for digest, other in others.values_list("source", "requested_by"):
        Source.objects.filter(pk=digest).update(origin=f"user:{other}")
    return 0


def _erase_declines(erasing: Erasing) -> int:
    """Reasons they gave for not quoting, known by what the ledger kept of them."""
    declined = Invitation.objects.filter(vendor__contacts=int(erasing.key)).exclude(decline_reason="")
    done = 0
    for invitation in declined:
        if erasing.words.out_of(invitation.decline_reason) != invitation.decline_reason or _short(invitation):
            done += Invitation.objects.filter(pk=invitation.pk).update(decline_reason=MARK)
    return done


def _short(invitation: Invitation) -> bool:
    return len(invitation.decline_reason) < SHORTEST
