"""What holds of plans, proposals, effects and ledger at any moment, whatever happened; each broken rule in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core import mail
from django.db.models import Count

from agents.models import AwaitedObject, Plan, Step
from agents.wakes import CURSOR
from approvals.models import Proposal
from ledger import chain, replay, verification
from ledger.command import digest
from ledger.models import Cursor, Effect, Entry, EntryObject
from procure.models.erp import SandboxJournal

#: How a step comes to a result, as the journal tells it.
ENDS = ("step.finished", "step.gathered", "step.answered")
#: Kinds that the tests tell to the journal from their first row on.
TOLD = frozenset({"plan", "proposal", "requisition", "event", "order", "template", "switch"})


@dataclass
class Watch:
    """Looks at everything again and again, and remembers what must never change."""

    results: dict[int, tuple[str, Any]] = field(default_factory=dict)
    #: Acts that were begun, by anybody, as the crash points saw them.
    acts: int = 0

    def broken(self) -> list[str]:
        return [
            *self._results(),
            *self._attempts(),
            *_plans(),
            *_waits(),
            *_journal(),
            *_proposals(),
            *_effects(),
            *_ledger(),
        ]

    def _results(self) -> Iterator[str]:
        for step in Step.objects.exclude(result=None).order_by("pk"):
            now = step.result_digest, step.result
            if digest(step.result) != step.result_digest:
                yield f"{step}: its result is not what its digest says"
            if self.results.setdefault(step.pk, now) != now:
                yield f"{step}: its result has changed"
        gone = self.results.keys() - set(Step.objects.exclude(result=None).values_list("pk", flat=True))
        if gone:
            yield f"{len(gone)} results are gone"

    def _attempts(self) -> Iterator[str]:
        begun = 0
        for step in Step.objects.annotate(written=Count("tries")).order_by("pk"):
            begun += step.attempts
            # One that was promised and never begun, because its worker died, is counted and not written down.
            if not step.written <= step.attempts <= step.max_attempts:
                yield f"{step}: {step.attempts} attempts of {step.max_attempts}, {step.written} written down"
            if step.attempts > step.fence:
                yield f"{step}: {step.attempts} attempts under {step.fence} fences"
        if self.acts > begun:
            yield f"{self.acts} acts were begun, {begun} attempts were counted"


def _plans() -> Iterator[str]:
    """A plan that lives has a step that somebody or something will move; one that has ended has none."""
    for plan in Plan.objects.order_by("pk"):
        now = Counter(plan.steps.values_list("status", flat=True))
        still = set(now) & set(Step.OPEN)
        if not plan.is_live:
            if still:
                yield f"{plan} has ended and has steps {dict(now)}"
            if plan.ended_at is None or plan.ended_at < plan.started_at:
                yield f"{plan} has ended at {plan.ended_at}"
        elif not still - {Step.Status.PENDING}:
            yield f"{plan} lives and nothing moves it: {dict(now)}"


def _waits() -> Iterator[str]:
    """Nobody waits for what the journal has told and the engine has read already."""
    places = dict(Cursor.objects.filter(name=CURSOR).values_list("log_id", "seq"))
    for each in AwaitedObject.objects.select_related("step__plan__entity").order_by("pk"):
        log = each.step.plan.entity.log_id
        told = EntryObject.objects.filter(
            kind=each.kind,
            key=each.key,
            entry__log=log,
            entry__seq__gt=each.since,
            entry__seq__lte=places.get(log, 0),
        )
        if told.exists():
            yield f"{each.step} waits for {each}, which was told"
    mirrored = Counter(AwaitedObject.objects.values_list("step", flat=True))
    for step in Step.objects.order_by("pk"):
        wanted = len(step.waiting_on) if step.status == Step.Status.WAITING else 0
        if mirrored[step.pk] != wanted:
            yield f"{step} is {step.status} and waits for {mirrored[step.pk]} objects, not {wanted}"


def _journal() -> Iterator[str]:
    """Each plan begins once and ends once; each result is told once."""
    told: Counter[tuple[str, str]] = Counter()
    for entry in Entry.objects.filter(kind__startswith="step.").order_by("pk"):
        body = chain.read(entry)
        own = entry.kind in ENDS or (entry.kind == "step.overridden" and body["data"]["own"])
        told[body["objects"][0]["key"], "result"] += own
    for entry in Entry.objects.filter(kind__in=("plan.started", "plan.finished")).order_by("pk"):
        told[chain.read(entry)["objects"][0]["key"], entry.kind] += 1
    for plan in Plan.objects.order_by("pk"):
        ends = told[plan.reference, "plan.finished"]
        if (told[plan.reference, "plan.started"], ends) != (1, int(not plan.is_live)):
            yield f"{plan} is {plan.status} and was told to have ended {ends} times"
    for step in Step.objects.select_related("plan").order_by("pk"):
        results = told[str(step), "result"]
        if results != (step.status == Step.Status.DONE):
            yield f"{step} is {step.status}, and its result was told {results} times"


def _proposals() -> Iterator[str]:
    for each in Proposal.objects.annotate(rows=Count("carried")).order_by("pk"):
        out = each.status in (Proposal.Status.CARRIED_OUT, Proposal.Status.UNDONE)
        if each.rows != (len(each.commands) if out else 0):
            yield f"{each.reference} is {each.status} and {each.rows} of its commands were carried out"


def _effects() -> Iterator[str]:
    """The receivers' own books: the ERP's journal, and the mails that left."""
    for effect in Effect.objects.annotate(written=Count("tries")).order_by("pk"):
        if not effect.written == effect.attempts <= effect.most_attempts:
            yield f"{effect}: {effect.attempts} attempts, {effect.written} written down"
    booked = SandboxJournal.objects.filter(verdict=SandboxJournal.Verdict.DONE).values("verb", "reference")
    for each in booked.annotate(times=Count("pk")).filter(times__gt=1):
        yield f"the ERP did {each['verb']} {each['reference']} {each['times']} times"
    sent = Counter((each.subject, *each.to) for each in getattr(mail, "outbox", []))
    yield from (f"{times} mails “{subject}” to {to}" for (subject, to), times in sent.items() if times > 1)


def _ledger() -> Iterator[str]:
    if not (found := verification.verify()).valid:
        yield f"the ledger: {found}"
    yield from (f"replay: {each}" for each in replay.differences() if each.kind in TOLD)


def lost() -> list[str]:
    """When nobody has anything left to do: what should have been done."""
    able = (Step.Status.READY, Step.Status.RUNNING)
    steps = Step.objects.filter(status__in=able, plan__paused_at=None).order_by("pk")
    waiting = (Effect.Status.WAITING, Effect.Status.CALLING)
    effects = Effect.objects.filter(status__in=waiting).order_by("pk")
    return [f"{each} is still {each.status}" for each in (*steps, *effects)]
