"""Starting a plan, ending it early, and letting a parked step try again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.db.models import F

from agents import entries, progress, templates
from agents.models import Plan, PlanTemplate, Step
from ledger import clock, doorbell, numbering, rights, together
from ledger.actors import Actor
from ledger.command import ObjectRef, canonical
from ledger.errors import InvalidInput, Stale
from ledger.models import LegalEntity, Person


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
    steps = templates.definition_of(template).steps
    with transaction.atomic():
        if start_key:
            LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
            if known := Plan.objects.filter(start_key=start_key).first():
                return known
        at = clock.now()
        plan = Plan.objects.create(
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
        rows = Step.objects.bulk_create(
            Step(
                plan=plan,
                key=each.key,
                role=each.role,
                after=list(each.after),
                spec=canonical(asdict(each)),
                max_attempts=each.attempts,
                due_at=at,
            )
            for each in steps
        )
        with together.sent():
            entries.plan_started(plan, steps=[each.key for each in rows], actor=actor, causes=causes)
            progress.settle(plan, at=at, rows=rows)
            doorbell.ring(f"plan {plan.reference} started")
    return plan


def _person(actor: Actor) -> Person | None:
    return Person.objects.get(pk=actor.person_id) if actor.person_id is not None else None


def cancel(plan: Plan, *, actor: Actor, reason: str) -> Plan:
    """Ends it early. What was carried out already stays; undo it where it was decided."""
    rights.require(actor, "plan.manage")
    if not reason.strip():
        raise InvalidInput("Say why the plan ends.")
    with transaction.atomic():
        plan = progress.lock(plan)
        if not plan.is_live:
            raise Stale(f"{plan.reference} has ended already.")
        at = clock.now()
        progress.cancel_rest(plan, reason=reason, at=at)
        progress.settle(plan, at=at, actor=actor)
    return plan


def release(step: Step, *, actor: Actor) -> Step:
    """Lets a parked step try again, with as many attempts as its template gives."""
    rights.require(actor, "plan.manage")
    with transaction.atomic():
        plan, at = progress.lock(step.plan), clock.now()
        released = Step.objects.filter(pk=step.pk, status=Step.Status.PARKED).update(
            status=Step.Status.READY, due_at=at, error="", max_attempts=F("attempts") + step.spec["attempts"]
        )
        if not released:
            raise Stale(f"{plan.reference}/{step.key} does not wait for a person any more.")
        step = Step.objects.get(pk=step.pk)
        entries.step_released(plan, step, actor=actor)
        progress.settle(plan, at=at)
        doorbell.ring(f"{plan.reference}/{step.key} released")
    return step
