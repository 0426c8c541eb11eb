"""Looking again at a step that is done: another step of the same terms does it, and its result counts from then on.

What was recorded stays. When the new result is the same, those that wait behind it are woken; when it is another one,
what follows is decided on anew: proposals that are not carried out yet are withdrawn, done steps are looked at again in
their turn, and where something was carried out already a person is asked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F
from django.utils.translation import gettext as _

from agents import concerns, entries, results, steps, wakes
from agents.definition import StepSpec
from agents.models import AwaitedObject, Plan, Step, StepOverride
from agents.steps import AT_REST
from approvals import proposals
from approvals.models import Proposal
from ledger import journal
from ledger.actors import ActorKind
from ledger.command import ObjectRef, digest

Status = Step.Status
#: Keys of steps that look again, and of those that ask a person, begin so; keys of a template hold no hyphen.
LOOK, ASK = "again", "ask"
PERSON = "person"
LONGEST = 200


@dataclass
class Touched:
    """What became of the steps, by key. `released` were parked, or skipped, and are open again."""

    woken: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)
    asks: list[str] = field(default_factory=list)


def is_look(step: Step) -> bool:
    return bool(step.again_of_id) and step.key.startswith(LOOK)


def is_whole(step: Step) -> bool:
    """A step with branches does nothing itself; its branches do."""
    return not step.fanned_id and bool(step.spec.get("each") or step.spec.get("along"))


def held_steps(plan: Plan) -> list[Step]:
    """All of them, locked in their order."""
    rows = list(plan.steps.select_for_update(of=("self",), no_key=True).order_by("id"))
    for each in rows:
        each.plan = plan
    return rows


def following(step: Step, rows: Sequence[Step]) -> list[Step]:
    """All that comes after it, but for steps that look again or ask about one."""
    keys, found = {step.key}, list[Step]()
    for each in rows:  # a step stands behind those that it comes after
        if not each.again_of_id and keys.intersection(each.after):
            keys.add(each.key)
            found.append(each)
    return found


def direct(step: Step, rows: Sequence[Step]) -> list[Step]:
    return [each for each in rows if step.key in each.after and not each.again_of_id]


def stands_by_a_person(step: Step) -> bool:
    """Whether a person's result counts, or a person has let the plan go on without it: either stays."""
    latest = step.overrides.order_by("-id").first()
    if latest is not None and latest.person_id:
        return True
    told = journal.history_of(entries.step_ref(step.plan, step.key))
    left_out = told.filter(kind="step.skipped", actor_kind=str(ActorKind.HUMAN))
    return step.status == Status.SKIPPED and left_out.exists()


def carried_out(plan: Plan, looked_at: Iterable[Step]) -> list[Proposal]:
    """What these steps have proposed that changes something outside already."""
    return [each for each in _proposed(plan, looked_at) if each.status == Proposal.Status.CARRIED_OUT]


def _proposed(plan: Plan, by: Iterable[Step]) -> list[Proposal]:
    keys = [each.key for each in by]
    made = Proposal.objects.filter(of_plan=plan.reference, plan__step__in=keys).order_by("pk")
    # Asked for in the statement, SQLite might take the index of all that undo nothing.
    return [each for each in made if each.undo_of_id is None]


def names(proposal: Proposal, objects: Collection[ObjectRef]) -> bool:
    """Whether its commands say anything about all of these objects."""
    return all(_holds(proposal.commands, each.key) for each in objects)


def _holds(value: Any, key: str) -> bool:
    if isinstance(value, Mapping):
        return any(_holds(each, key) for each in value.values())
    if isinstance(value, list):
        return any(_holds(each, key) for each in value)
    return value == key


def add_look(plan: Plan, step: Step, touched: Touched, *, at: datetime) -> None:
    """A step with the same terms, ready at once; a person sees to it when it fails."""
    key = _key(LOOK, plan, step.key)
    own: dict[str, Any] = {
        "key": key,
        "label": _("%s, again") % step.label,
        "after": [step.key],
        "when": "",
        "on_failure": "ask",
        "branch": "",
        "reconsider": [],
    }
    steps.row(plan, {**step.spec, **own}, at=at, status=Status.READY, again_of=step).save(force_insert=True)
    touched.looks.append(key)


def add_ask(plan: Plan, step: Step, question: str, touched: Touched, *, at: datetime) -> None:
    """A question to a person, whose answer ends it and nothing else: nothing is taken back by itself."""
    key = _key(ASK, plan, step.key)
    spec = StepSpec(key=key, label=question[:LONGEST], role=PERSON, task="decide", after=(step.key,))
    steps.row(plan, asdict(spec), at=at, status=Status.READY, again_of=step).save(force_insert=True)
    touched.asks.append(key)


def _key(prefix: str, plan: Plan, key: str) -> str:
    number = plan.steps.filter(key__startswith=prefix, again_of__key=key).count() + 1
    return f"{prefix}{number}-{key}"


def wake(rows: Iterable[Step], touched: Touched, *, at: datetime) -> None:
    """Those that wait act again, those that are parked too, with fresh attempts. People that are asked stay asked."""
    able = [each for each in rows if not is_whole(each) and not each.undoes_id and each.role != PERSON]
    waiting = [each for each in able if each.status == Status.WAITING]
    if waiting:
        wakes.wake(each.pk for each in waiting)
        touched.woken += [each.key for each in waiting]
    for each in able:
        if each.status == Status.PARKED:
            begins = Status.READY if each.attempts else Status.PENDING
            _update(each, status=begins, due_at=at, error="", max_attempts=F("attempts") + each.spec["attempts"])
            touched.released.append(each.key)


def begin_anew(step: Step, *, status: str, at: datetime, **changes: Any) -> None:
    """Whoever works on it finds its fence gone; it has as many attempts as its template gives."""
    AwaitedObject.objects.filter(step=step.pk).delete()
    fresh = {"max_attempts": F("attempts") + step.spec["attempts"], "fence": F("fence") + 1, "error": ""}
    _update(step, status=status, due_at=at, lease_until=None, ended_at=None, **AT_REST, **fresh, **changes)


def _update(step: Step, **changes: Any) -> None:
    Step.objects.filter(pk=step.pk).update(**changes)
    step.status = changes["status"]


def withdraw(plan: Plan, by: Step, *, reason: str) -> None:
    """What this step has proposed and nobody has carried out, in the name of whoever proposed it."""
    for each in _proposed(plan, [by]):
        if each.status in Proposal.REVISABLE:
            proposals.withdraw(each, actor=each.author, reason=reason)


def hold_proposals(plan: Plan, by: Iterable[Step]) -> None:
    """All of them at once, before the first entry takes the head of the ledger: whoever decides on one now is waited
    for, and nobody waits for each other."""
    pks = [each.pk for each in _proposed(plan, by)]
    list(Proposal.objects.select_for_update(of=("self",)).filter(pk__in=pks).order_by("pk").values_list("pk"))


def ended(plan: Plan, look: Step, *, at: datetime) -> None:
    """The step that looked again is done. Inside the lock of the plan, before anything is recorded; settle it
    afterwards."""
    rows = held_steps(plan)
    hold_proposals(plan, rows)
    of = next(each for each in rows if each.pk == look.again_of_id)
    touched, before = Touched(), results.of(of)
    same = digest(before) == look.result_digest or stands_by_a_person(of)
    if same:
        wake(following(of, rows), touched, at=at)
    else:
        reason = _("“%(step)s” came to something else when it was looked at again.") % {"step": of.label}
        StepOverride.objects.create(
            step=of, result=look.result, result_digest=look.result_digest, reason=reason, made_at=at
        )
        concerns.note(plan, of, look.result or {})
        for each in direct(of, rows):
            _decide_anew(plan, each, rows, reason, touched, at=at)
    entries.step_reconsidered(plan, of, look=look, same=same, touched=asdict(touched))


def _decide_anew(plan: Plan, step: Step, rows: Sequence[Step], reason: str, touched: Touched, *, at: datetime) -> None:
    """One step that goes on from a result that is another one now."""
    if step.status in (Status.PENDING, Status.FAILED, Status.CANCELLED):
        return
    if step.status in (Status.DONE, Status.SKIPPED) and stands_by_a_person(step):
        wake(following(step, rows), touched, at=at)
        return
    done = carried_out(plan, [step, *following(step, rows)])
    if done or ((is_whole(step) or step.fanned_id) and step.status != Status.SKIPPED):
        said = ", ".join(each.reference for each in done) or step.label
        add_ask(
            plan,
            step,
            _("%(reason)s %(done)s stands already: look whether it may.") % {"reason": reason, "done": said},
            touched,
            at=at,
        )
        return
    if step.status == Status.DONE:
        if not step.looks.filter(status__in=Step.OPEN, key__startswith=LOOK).exists():
            add_look(plan, step, touched, at=at)
        return
    if step.status in (Status.PARKED, Status.SKIPPED):
        touched.released.append(step.key)
    else:
        touched.woken.append(step.key)
    withdraw(plan, step, reason=reason)
    begin_anew(step, status=Status.PENDING, at=at, memory={})
