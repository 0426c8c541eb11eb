"""Starting a plan, pausing it and ending it early; what a person does with a single step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from agents import compensating, concerns, crashpoints, entries, looking, progress, results, steps, templates
from agents.definition import StepSpec
from agents.errors import WrongType
from agents.models import AwaitedObject, Plan, PlanTemplate, Step, StepOverride
from agents.roles import asking
from agents.steps import AT_REST
from agents.values import misfit
from ledger import clock, doorbell, numbering, rights, together
from ledger.actors import Actor
from ledger.command import ObjectRef, canonical, digest
from ledger.errors import InvalidInput, Stale
from ledger.models import LegalEntity, Person
from ledger.statements import Columns

PLAN, STEP = Columns(Plan), Columns(Step)


def start(
    *,
    template: str | PlanTemplate,
    subject: ObjectRef,
    entity: LegalEntity,
    actor: Actor,
    inputs: Mapping[str, Any] | None = None,
    requested_by: Person | None = None,
    start_key: str | None = None,
    causes: Sequence[int] = (),
) -> Plan:
    """A run of the version in force. The same `start_key` twice returns the same plan."""
    if actor.is_human:
        rights.require(actor, "plan.manage")
    if isinstance(template, str):
        template = templates.in_force(entity, template)
    if subject.kind != template.definition["subject"]:
        raise InvalidInput(f"“{template.name}” starts for a {template.definition['subject']}, not a {subject.kind}.")
    definition = templates.definition_of(template)
    specs = definition.steps
    if problem := misfit(dict(inputs or {}), definition.inputs):
        raise InvalidInput(f"“{template.name}” is started with other inputs: {problem}.")
    with transaction.atomic():
        if start_key:
            LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
            if known := Plan.objects.filter(start_key=start_key).first():
                return known
        at = clock.about()
        plan = Plan(
            reference=numbering.take("PLN"),
            template=template,
            entity=entity,
            requested_by=requested_by or _person(actor),
            subject_kind=subject.kind,
            subject_key=subject.key,
            start_key=start_key,
            inputs=canonical(dict(inputs or {})),
            started_at=at,
        )
        [plan.pk] = PLAN.insert([plan])
        rows = [steps.row(plan, asdict(each), at=at, status=_begins_as(each)) for each in specs]
        with together.sent():
            numbers = STEP.ask_insert(rows)
            entries.plan_started(plan, steps=[each.key for each in rows], actor=actor, causes=causes)
            doorbell.ring(f"plan {plan.reference} started")
        for each, number in zip(rows, numbers(), strict=True):
            each.pk = number
        progress.settle(plan, at=at, rows=rows)
        crashpoints.reach("starting")
    return plan


def _begins_as(spec: StepSpec) -> str:
    """What waits for nothing is ready from the start."""
    waits = spec.after or spec.when or spec.each or spec.along
    return Step.Status.PENDING if waits else Step.Status.READY


def _person(actor: Actor) -> Person | None:
    return Person.objects.get(pk=actor.person_id) if actor.person_id is not None else None


def pause(plan: Plan, *, actor: Actor, reason: str) -> Plan:
    """Nothing more of it is begun until it is resumed. What is at work may end, and is stored."""
    _require(actor, reason, _("Say why the plan is paused."))
    with transaction.atomic():
        plan = _held(plan)
        if plan.paused_at is not None:
            raise Stale(_("%s is paused already.") % plan.reference)
        at = clock.now()
        plan.paused_at = at
        if plan.compensating_at is None:
            plan.reason = reason
        plan.save(update_fields=["paused_at", "reason"])
        entries.plan_paused(plan, actor=actor, reason=reason)
        progress.settle(plan, at=at, actor=actor)
        crashpoints.reach("steered")
    return plan


def resume(plan: Plan, *, actor: Actor) -> Plan:
    """It goes on where it stood; what its waits have missed wakes them now."""
    rights.require(actor, "plan.manage")
    with transaction.atomic():
        plan = _held(plan)
        if plan.paused_at is None:
            raise Stale(_("%s is not paused.") % plan.reference)
        plan.paused_at = None
        plan.save(update_fields=["paused_at"])
        entries.plan_resumed(plan, actor=actor)
        progress.settle(plan, at=clock.now(), actor=actor)
        doorbell.ring(f"plan {plan.reference} resumed")
        crashpoints.reach("steered")
    return plan


def cancel(plan: Plan, *, actor: Actor, reason: str, compensate: bool = False) -> Plan:
    """Ends it early. What was carried out already stays; with `compensate` it is first taken back, step by step, in
    the name of whoever cancels."""
    _require(actor, reason, _("Say why the plan ends."))
    with transaction.atomic():
        plan = _held(plan)
        at = clock.now()
        if not compensate:
            progress.cancel_rest(plan, reason=reason, at=at)
        elif plan.compensating_at is not None:
            raise Stale(_("%s is being undone already.") % plan.reference)
        else:
            rights.require(actor, "proposal.undo")
            compensating.begin(plan, at=at, reason=reason, actor=actor, by=_person(actor))
            doorbell.ring(f"plan {plan.reference} is undone")
        progress.settle(plan, at=at, actor=actor)
        crashpoints.reach("steered")
    return plan


def release(step: Step, *, actor: Actor) -> Step:
    """Lets a parked step try again, with as many attempts as its template gives; of one with branches, those that
    failed. One that never began is decided on anew."""
    rights.require(actor, "plan.manage")
    with _steering(step) as (plan, held, at):
        if held.status != Step.Status.PARKED:
            raise Stale(_("%s does not wait for a person any more.") % held)
        failed = held.branches.filter(status=Step.Status.FAILED)
        keys = list(failed.order_by("id").values_list("key", flat=True))
        fresh = {"due_at": at, "error": "", "ended_at": None, "max_attempts": F("attempts") + held.spec["attempts"]}
        failed.update(status=Step.Status.READY, **fresh)
        Step.objects.filter(pk=held.pk).update(status=_begins_again(held), **fresh)
        entries.step_released(plan, held, actor=actor, again=keys)
    return Step.objects.get(pk=step.pk)


def _begins_again(step: Step) -> str:
    if step.branches.exists():
        return Step.Status.WAITING
    return Step.Status.READY if step.tries.exists() else Step.Status.PENDING


def skip(step: Step, *, actor: Actor, reason: str) -> Step:
    """The plan goes on without it; whoever still works on it finds its fence gone."""
    _require(actor, reason, _("Say why the plan can do without it."))
    with _steering(step) as (plan, held, at):
        if held.status not in Step.OPEN:
            raise Stale(_("%s has ended already.") % held)
        _end(held, at=at, status=Step.Status.SKIPPED)
        entries.step_left_out(plan, held, actor=actor, reason=reason)
    return Step.objects.get(pk=step.pk)


def override(step: Step, result: Mapping[str, Any], *, actor: Actor, reason: str) -> Step:
    """A person's result. A parked or waiting step is done with it; of a done step it counts in place of its own, as
    long as nothing that comes after it has begun."""
    _require(actor, reason, _("Say why the result is another one."))
    with _steering(step) as (plan, held, at):
        if held.again_of is not None:
            raise InvalidInput(_("Set the result of “%s” itself.") % held.again_of.label)
        plain = _of_its_type(held, result)
        own, again = held.status in (Step.Status.PARKED, Step.Status.WAITING), []
        if own:
            _end(held, at=at, status=Step.Status.DONE, result=plain, result_digest=digest(plain))
        elif held.status == Step.Status.DONE:
            again = _take_back_what_follows(plan, held)
        else:
            raise Stale(_("%s is not parked, waiting or done: stop it or wait until it is.") % held)
        StepOverride.objects.create(
            step=held,
            result=plain,
            result_digest=digest(plain),
            reason=reason,
            person=Person.objects.get(pk=actor.id),
            made_at=at,
        )
        concerns.note(plan, held, plain)
        entries.step_overridden(
            plan, held, actor=actor, result_digest=digest(plain), own=own, again=again, reason=reason
        )
    return Step.objects.get(pk=step.pk)


def answer(step: Step, values: Mapping[str, Any], *, actor: Actor) -> Step:
    """What a step of the role `person` asked: it is done with these values. By whoever manages plans, or asked for
    this one."""
    if actor.person_id is None or actor.person_id != step.plan.requested_by_id:
        rights.require(actor, "plan.manage")
    with _steering(step) as (plan, held, at):
        if held.role != asking.ROLE:
            raise InvalidInput(_("%s asks no person; its result can be overridden.") % held)
        if held.status != Step.Status.WAITING:
            raise Stale(_("%s does not wait for an answer.") % held)
        plain = asking.accept(held, values, by=str(actor.person_id))
        _end(held, at=at, status=Step.Status.DONE, result=plain, result_digest=digest(plain))
        if looking.is_look(held):
            held.result, held.result_digest = plain, digest(plain)
            looking.ended(plan, held, at=at)
        entries.step_answered(plan, held, actor=actor, result_digest=digest(plain))
    return Step.objects.get(pk=step.pk)


def _require(actor: Actor, reason: str, otherwise: str) -> None:
    rights.require(actor, "plan.manage")
    if not reason.strip():
        raise InvalidInput(otherwise)


def _held(plan: Plan) -> Plan:
    plan = progress.lock(plan)
    if not plan.is_live:
        raise Stale(_("%s has ended already.") % plan.reference)
    return plan


@contextmanager
def _steering(step: Step) -> Iterator[tuple[Plan, Step, datetime]]:
    """The step as it is now, with its plan held; what a person did to it moves the plan on."""
    with transaction.atomic():
        plan, at = _held(step.plan), clock.now()
        held = Step.objects.select_for_update(of=("self",), no_key=True).get(pk=step.pk)
        held.plan = plan
        yield plan, held, at
        progress.settle(plan, at=at)
        doorbell.ring(f"{plan.reference}/{held.key} moved by a person")
        crashpoints.reach("steered")


def _end(step: Step, *, at: datetime, **changes: Any) -> None:
    AwaitedObject.objects.filter(step=step.pk).delete()
    Step.objects.filter(pk=step.pk).update(
        fence=F("fence") + 1, lease_until=None, ended_at=at, error="", **AT_REST, **changes
    )


def _of_its_type(step: Step, result: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return results.require(step, result)
    except WrongType as error:
        raise InvalidInput(error.message) from None


def _take_back_what_follows(plan: Plan, step: Step) -> list[str]:
    """What comes after is decided on anew, unless it has begun or was decided for good. Returns what was parked."""
    if plan.compensating_at is not None:
        raise Stale(_("%s is being undone: only what undoes it can be overridden.") % plan.reference)
    following = [each.pk for each in plan.steps.filter(again_of=None).only("after") if step.key in each.after]
    rows = Step.objects.filter(pk__in=following)
    untouched = rows.filter(status__in=(Step.Status.READY, Step.Status.PARKED), tries=None, branches=None)
    parked = list(untouched.filter(status=Step.Status.PARKED).values_list("key", flat=True))
    untouched.update(status=Step.Status.PENDING, error="")
    begun = rows.exclude(status=Step.Status.PENDING).order_by("id").first()
    whole = step.fanned
    if begun is None and whole is not None and whole.status != Step.Status.WAITING:
        begun = whole
    if begun is not None:
        raise Stale(
            _("“%(next)s” has gone on from this result. Override or skip “%(next)s”, or cancel the plan.")
            % {"next": begun.label}
        )
    return parked
