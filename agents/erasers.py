"""What plans keep of a requester's words: results, memories, notes, and what models were asked and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.apps import apps
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from agents.models import ModelCall, Plan, PlanTemplate, Step, StepAttempt
from ledger.erasers import destroy_sources
from ledger.erasure import Erasing
from ledger.redaction import MARK, Words
from ledger.sweeping import Sweep
from procure.erasers import SAID, Wanted

#: Names in results and memories below which words may stand.
WORDY = (*SAID, "quote", "text", "title", "words", "reason", "note", "why")


def count(subject: str) -> int:
    kind, _, key = subject.partition(":")
    if kind != "person":
        return 0
    plans = _plans(int(key))
    return plans.count() + Step.objects.filter(plan__in=plans).count() + _calls(int(key), plans).count()


def texts(subject: str) -> Iterable[str]:
    """Whatever stands here was said elsewhere first."""
    return ()


def erase(erasing: Erasing) -> int:
    """A step's result is kept by a trigger, but for this: `erased_at` says that words were taken out of it, and the
    digest in the ledger remains what was recorded."""
    done = 0
    if (person := erasing.person) is not None:
        words = erasing.words.and_also(Wanted(person).texts)
        plans = _plans(person)
        calls = _calls(person, plans)
        sources = {digest for pair in calls.values_list("input", "output") for digest in pair if digest}
        destroy_sources(sorted(sources), erasing)
        done += calls.exclude(detail="").update(detail=MARK)
        for plan in plans:
            reason, inputs = words.out_of(plan.reason), words.out_of_json(plan.inputs, WORDY)
            done += Plan.objects.filter(pk=plan.pk).update(reason=reason, inputs=inputs)
            done += sum(_erase_step(each, words, erasing) for each in plan.steps.all())
    return done


def sweep(sweep: Sweep) -> Counter[str]:
    """Templates are ours; steps are cleared by relation."""
    return sweep.over(each for each in apps.get_app_config("agents").get_models() if each not in (PlanTemplate, Step))


def _plans(person: int) -> QuerySet[Plan]:
    about = Q(requested_by=person)
    for kind, keys in Wanted(person).refs.items():
        about |= Q(subject_kind=kind, subject_key__in=keys)
    return Plan.objects.filter(about)


def _calls(person: int, plans: QuerySet[Plan]) -> QuerySet[ModelCall]:
    calls = ModelCall.objects.alias(marked=Cast("labels", TextField()))
    return calls.filter(Q(plan__in=plans.values("reference")) | Q(marked__contains=f'"user:{person}"'))


def _erase_step(step: Step, words: Words, erasing: Erasing) -> int:
    for attempt in step.tries.all():
        StepAttempt.objects.filter(pk=attempt.pk).update(detail=words.out_of(attempt.detail))
    return Step.objects.filter(pk=step.pk).update(
        result=words.out_of_json(step.result, WORDY),
        evidence=words.out_of_json(step.evidence, WORDY),
        memory=words.out_of_json(step.memory, WORDY),
        waiting_for=words.out_of(step.waiting_for),
        error=words.out_of(step.error),
        erased_at=erasing.at,
    )
