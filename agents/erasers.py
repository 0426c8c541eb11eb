"""What plans keep of a requester's words: results, memories, notes, and what models were asked and said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.apps import apps
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from agents.models import ModelCall, Plan, PlanTemplate, Step, StepAttempt, StepOverride, TemplateDraft
from ledger.erasers import destroy_sources
from ledger.erasure import Erasing
from ledger.models import Person
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
    drafts = TemplateDraft.objects.filter(person=int(key)).count()
    return drafts + plans.count() + Step.objects.filter(plan__in=plans).count() + _calls(int(key), plans).count()


def texts(subject: str) -> Iterable[str]:
    """Whatever stands here was said elsewhere first."""
    return ()


def erase(erasing: Erasing) -> int:
    """The results of steps and overrides are kept by triggers, but for this: `erased_at` says that words were taken
    out of them, and the digest in the ledger remains what was recorded."""
    done = sum(_erase_override(each, erasing) for each in StepOverride.objects.select_related("step").iterator())
    if (person := erasing.person) is not None:
        words = erasing.words.and_also(Wanted(person).texts)
        plans = _plans(person)
        calls = _calls(person, plans)
        sources = {digest for pair in calls.values_list("input", "output") for digest in pair if digest}
        destroy_sources(sorted(sources), erasing)
        done += calls.exclude(detail="").update(detail=MARK)
        done += _erase_publisher(person)
        done += TemplateDraft.objects.filter(person=person).delete()[0]
        for plan in plans:
            reason, inputs = words.out_of(plan.reason), words.out_of_json(plan.inputs, WORDY)
            done += Plan.objects.filter(pk=plan.pk).update(reason=reason, inputs=inputs)
            done += sum(_erase_step(each, words, erasing) for each in plan.steps.all())
        answered = Q(overrides__person=person) | Q(role="person", result__answered_by=str(person))
        theirs = Step.objects.filter(answered).exclude(plan__in=plans).distinct()
        done += sum(_erase_step(each, words, erasing) for each in theirs)
    return done


def _erase_publisher(person: int) -> int:
    """Who published a template is told by name; the definition is ours."""
    done, name = 0, str(Person.objects.filter(pk=person).first() or "")
    for each in PlanTemplate.objects.filter(published_by__icontains=name) if name else ():
        kept = [MARK if part.strip() == name else part.strip() for part in each.published_by.split(",")]
        done += PlanTemplate.objects.filter(pk=each.pk).update(published_by=", ".join(kept))
    return done


def sweep(sweep: Sweep) -> Counter[str]:
    """Templates are ours; steps and overrides are cleared by relation."""
    apart = (PlanTemplate, Step, StepOverride)
    return sweep.over(each for each in apps.get_app_config("agents").get_models() if each not in apart)


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


def _erase_override(override: StepOverride, erasing: Erasing) -> int:
    """Of one that they made, or that is about a plan of theirs, all words; else those that are theirs."""
    person, plan = erasing.person, override.step.plan_id
    own = person is not None and (override.person_id == person or _plans(person).filter(pk=plan).exists())
    reason = MARK if person is not None and override.person_id == person else erasing.words.out_of(override.reason)
    result = erasing.words.out_of_json(override.result, WORDY if own else ())
    if (reason, result) == (override.reason, override.result):
        return 0
    return StepOverride.objects.filter(pk=override.pk).update(reason=reason, result=result, erased_at=erasing.at)
