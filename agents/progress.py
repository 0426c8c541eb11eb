"""Stores how a step's act ended, under its fence, and moves the plan on: one transaction each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from agents import crashpoints, entries, wakes
from agents.conditions import holds
from agents.errors import Fenced
from agents.leases import Lease, held, later_than
from agents.models import AwaitedObject, Plan, Step, StepAttempt
from agents.outcomes import AskPerson, Await, End, Finish, Outcome, Park
from approvals.evidence import Claim
from ledger import clock
from ledger.actors import Actor
from ledger.command import ObjectRef, canonical, digest

Status = Step.Status
Tried = StepAttempt.Outcome


def store(lease: Lease, outcome: Outcome, *, seen: Mapping[ObjectRef, int], started: int) -> None:
    """`seen`: journal numbers as of which the act knew an object; all others as of `started`."""
    with transaction.atomic(durable=True):
        plan = _lock(lease)
        if isinstance(outcome, Finish):
            _finish(plan, lease, outcome)
        elif isinstance(outcome, Await):
            _wait(plan, lease, outcome, seen=seen, started=started)
        elif isinstance(outcome, Park):
            park(plan, _take(lease, status=Status.PARKED, error=outcome.reason), reason=outcome.reason)
            _note(lease, Tried.PARKED, outcome.reason)
        else:
            _end(plan, lease, outcome)
        settle(plan)
        crashpoints.reach("storing")
    crashpoints.reach("stored")


def store_failure(lease: Lease, *, error: str, again_at: datetime) -> None:
    """The attempt failed; the step tries again at `again_at`."""
    with transaction.atomic(durable=True):
        plan = _lock(lease)
        _take(lease, status=Status.READY, error=error, due_at=again_at)
        _note(lease, Tried.FAILED, error)
        settle(plan)


def store_stop(lease: Lease, *, error: str, again_at: datetime) -> None:
    """A stop button was pressed meanwhile: no failure, and no attempt lost."""
    with transaction.atomic(durable=True):
        plan = _lock(lease)
        _take(lease, status=Status.READY, error=error, due_at=again_at, max_attempts=F("max_attempts") + 1)
        _note(lease, Tried.STOPPED, error)
        settle(plan)


def store_give_up(lease: Lease, *, error: str, reason: str, skip: bool) -> None:
    """No attempt is left, or none would help: a person is asked, or the plan goes on without the step.

    `error` is for people who work here; `reason` goes into the ledger and carries no foreign text.
    """
    with transaction.atomic(durable=True):
        plan = _lock(lease)
        step = _take(lease, status=Status.SKIPPED if skip else Status.PARKED, error=error)
        _note(lease, Tried.FAILED, error)
        if not skip:
            park(plan, step, reason=reason)
        settle(plan)


def park(plan: Plan, step: Step, *, reason: str) -> None:
    """The step's human task: status and reason on the plan's page, a fact in the journal."""
    entries.step_parked(plan, step, reason=reason)
    plan.reason = f"{step.label}: {step.error}"


def _lock(lease: Lease) -> Plan:
    return Plan.objects.select_for_update(of=("self",)).select_related("template", "entity").get(pk=lease.plan_id)


def _take(lease: Lease, *, status: str, **changes: Any) -> Step:
    """The guarded write: nothing happens when the fence has moved on."""
    if not Step.objects.filter(held(lease)).update(status=status, lease_until=None, **changes):
        raise Fenced()
    return Step.objects.get(pk=lease.step_id)


def _note(lease: Lease, outcome: str, detail: str = "") -> None:
    StepAttempt.objects.filter(step_id=lease.step_id, number=lease.attempt).update(
        ended_at=clock.now(), outcome=outcome, detail=detail
    )


def _finish(plan: Plan, lease: Lease, outcome: Finish) -> None:
    result = canonical(dict(outcome.result))
    at = clock.now()
    step = _take(
        lease,
        status=Status.DONE,
        result=result,
        result_digest=digest(result),
        evidence=[claim_json(each) for each in outcome.evidence],
        error="",
        waiting_for="",
        ended_at=at,
    )
    _note(lease, Tried.FINISHED)
    entries.step_finished(plan, step)


def claim_json(claim: Claim) -> dict[str, Any]:
    return canonical({"text": claim.text, "value": claim.value, "source": _source_json(claim.source)})


def _source_json(source: Any) -> dict[str, Any]:
    return {"kind": type(source).__name__} | asdict(source)


def _wait(plan: Plan, lease: Lease, outcome: Await, *, seen: Mapping[ObjectRef, int], started: int) -> None:
    awaited = list(dict.fromkeys(outcome.on))
    changes: dict[str, Any] = {} if outcome.memory is None else {"memory": canonical(dict(outcome.memory))}
    _take(
        lease,
        status=Status.WAITING,
        max_attempts=F("max_attempts") + 1,
        waiting_on=[each.as_json() for each in awaited],
        wait_until=outcome.until,
        waiting_for=outcome.note,
        asks_person=isinstance(outcome, AskPerson),
        error="",
        **changes,
    )
    AwaitedObject.objects.filter(step=lease.step_id).delete()
    since = {each: seen.get(each, started) for each in awaited}
    AwaitedObject.objects.bulk_create(
        AwaitedObject(step_id=lease.step_id, kind=each.kind, key=each.key, since=seq) for each, seq in since.items()
    )
    _note(lease, Tried.WAITS, outcome.note)
    if wakes.happened_since(since, log=plan.entity.log_id):
        wakes.wake([lease.step_id])


def _end(plan: Plan, lease: Lease, outcome: End) -> None:
    _take(lease, status=Status.CANCELLED, error=outcome.reason, ended_at=clock.now())
    _note(lease, Tried.ENDED, outcome.reason)
    cancel_rest(plan, reason=outcome.reason)


def cancel_rest(plan: Plan, *, reason: str) -> None:
    """Every step that has no result yet stops; whoever still works on one finds its fence gone."""
    open_steps = plan.steps.filter(status__in=Step.OPEN)
    AwaitedObject.objects.filter(step__in=open_steps).delete()
    open_steps.update(status=Status.CANCELLED, fence=F("fence") + 1, lease_until=None, ended_at=clock.now())
    plan.reason = reason


def settle(plan: Plan, *, actor: Actor = entries.ENGINE) -> None:
    """Readies the steps whose predecessors are settled, and says what the plan as a whole is doing."""
    steps = list(plan.steps.order_by("id"))
    _release(plan, steps)
    before, plan.status = plan.status, _status([each.status for each in steps])
    at = clock.now()
    if not plan.is_live and not plan.ended_at:
        plan.ended_at = later_than(plan.started_at, at)
    if plan.status in (Plan.Status.RUNNING, Plan.Status.WAITING, Plan.Status.DONE):
        plan.reason = ""
    plan.save(update_fields=["status", "reason", "ended_at"])
    if plan.status != before:
        _tell(plan, actor)


def _tell(plan: Plan, actor: Actor) -> None:
    if not plan.is_live:
        entries.plan_finished(plan, actor=actor)
    elif plan.status == Plan.Status.PARKED:
        entries.plan_parked(plan)


def _release(plan: Plan, steps: list[Step]) -> None:
    """Skipping a step may release the next, so it looks again until nothing changes."""
    settled = {each.key for each in steps if each.status in Step.SETTLED}
    results = {each.key: each.result or {} for each in steps if each.status == Status.DONE}
    moved = True
    while moved:
        moved = False
        for step in steps:
            if step.status != Status.PENDING or not settled.issuperset(step.after):
                continue
            runs = holds(step.spec.get("when", ""), results)
            step.status = Status.READY if runs else Status.SKIPPED
            step.due_at = clock.now()
            step.save(update_fields=["status", "due_at"])
            if not runs:
                settled.add(step.key)
                moved = True


def _status(statuses: list[str]) -> str:
    if Status.CANCELLED in statuses:
        return Plan.Status.CANCELLED
    if all(each in Step.SETTLED for each in statuses):
        return Plan.Status.DONE
    if Status.READY in statuses or Status.RUNNING in statuses:
        return Plan.Status.RUNNING
    return Plan.Status.PARKED if Status.PARKED in statuses else Plan.Status.WAITING
