"""Stores how a step's act ended, under its fence, and moves the plan on: one transaction each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from agents import crashpoints, entries, wakes
from agents.conditions import holds
from agents.errors import Fenced
from agents.leases import Lease, held
from agents.models import AwaitedObject, ModelCall, Plan, Step, StepAttempt
from agents.outcomes import AskPerson, Await, End, Finish, Outcome, Park
from approvals.evidence import Claim
from ledger import clock, together
from ledger.actors import Actor
from ledger.command import ObjectRef, canonical, digest
from ledger.models import Entry

Status = Step.Status
Tried = StepAttempt.Outcome
#: What of a plan changes while it lives.
STATE = ("status", "reason", "ended_at", "paused_at", "compensating_at")
_RESULT = """
UPDATE agents_step SET status = 'done', result = %s, result_digest = %s, evidence = %s, error = '', waiting_for = '',
    ended_at = %s, lease_until = NULL
WHERE id = %s AND fence = %s AND status = 'running'
"""
_TRIED = """
UPDATE agents_stepattempt SET ended_at = %s, outcome = 'finished', detail = '' WHERE step_id = %s AND number = %s
"""


def store(lease: Lease, outcome: Outcome, *, seen: Mapping[ObjectRef, int], started: int) -> None:
    """`seen`: journal numbers as of which the act knew an object; all others as of `started`."""
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        if isinstance(outcome, Finish):
            finish(plan, lease, outcome, at=at)
        elif isinstance(outcome, Await):
            _wait(plan, lease, outcome, seen=seen, started=started, at=at)
        elif isinstance(outcome, Park):
            _take(lease, status=Status.PARKED, error=outcome.reason)
            _note(lease, Tried.PARKED, outcome.reason, at=at)
            _park(plan, lease, error=outcome.reason, reason=outcome.reason)
        else:
            _end(plan, lease, outcome, at=at)
        settle(plan, at=at)
        crashpoints.reach("storing")
    crashpoints.reach("stored")


def store_failure(lease: Lease, *, error: str, again_in: timedelta) -> None:
    """The attempt failed; the step tries again after `again_in`."""
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        _take(lease, status=Status.READY, error=error, due_at=at + again_in)
        _note(lease, Tried.FAILED, error, at=at)
        settle(plan, at=at)


def store_stop(lease: Lease, *, error: str, again_in: timedelta) -> None:
    """A stop button was pressed meanwhile: no failure, and no attempt lost."""
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        _take(lease, status=Status.READY, error=error, due_at=at + again_in, max_attempts=F("max_attempts") + 1)
        _note(lease, Tried.STOPPED, error, at=at)
        settle(plan, at=at)


def store_give_up(lease: Lease, *, error: str, reason: str, skip: bool) -> None:
    """No attempt is left, or none would help: a person is asked, or the plan goes on without the step.

    `error` is for people who work here; `reason` goes into the ledger and carries no foreign text.
    """
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        _take(lease, status=Status.SKIPPED if skip else Status.PARKED, error=error)
        _note(lease, Tried.FAILED, error, at=at)
        if skip:
            entries.step_skipped(plan, lease.step, reason=reason)
        else:
            _park(plan, lease, error=error, reason=reason)
        settle(plan, at=at)


def _lock(lease: Lease) -> tuple[Plan, datetime]:
    """The plan as it is now, held until the transaction ends, and the instant."""
    return lock(lease.step.plan), clock.now()


def lock(plan: Plan) -> Plan:
    """Steps of one plan are stored one after the other, so that two branches cannot miss each other at their join."""
    held_row = Plan.objects.select_for_update(no_key=True).filter(pk=plan.pk)
    for name, value in held_row.values(*STATE).get().items():
        setattr(plan, name, value)
    return plan


def _take(lease: Lease, *, status: str, **changes: Any) -> None:
    """The guarded write: nothing happens when the fence has moved on."""
    if not Step.objects.filter(held(lease)).update(status=status, lease_until=None, **changes):
        raise Fenced()


def _note(lease: Lease, outcome: str, detail: str = "", *, at: datetime) -> None:
    StepAttempt.objects.filter(step_id=lease.step.pk, number=lease.attempt).update(
        ended_at=at, outcome=outcome, detail=detail
    )


def _park(plan: Plan, lease: Lease, *, error: str, reason: str) -> None:
    """The step's human task: status and reason on the plan's page, a fact in the journal."""
    entries.step_parked(plan, lease.step, reason=reason)
    plan.reason = f"{lease.step.label}: {error}"


def finish(plan: Plan, lease: Lease, outcome: Finish, *, at: datetime) -> Entry:
    """Inside the lock of the plan."""
    step, result = lease.step, canonical(dict(outcome.result))
    evidence, found = [_claim_json(each) for each in outcome.evidence], digest(result)
    _write_result(lease, result, found, evidence, at=at)
    step.status, step.result, step.result_digest = Status.DONE, result, found
    return entries.step_finished(
        plan,
        step,
        result_digest=found,
        evidence=len(evidence),
        model=_model_asked(plan, step),
        reader=outcome.reader,
    )


def _write_result(lease: Lease, result: Any, result_digest: str, evidence: Any, *, at: datetime) -> None:
    """The guarded write, and the end of the attempt; written out, because it is done for each step."""
    adapt, ended = connection.ops.adapt_json_value, connection.ops.adapt_datetimefield_value(at)
    values = [adapt(result, None), result_digest, adapt(evidence, None), ended, lease.step.pk, lease.fence]
    tried = [ended, lease.step.pk, lease.attempt]
    cursor = connection.cursor()
    if connection.vendor == "postgresql":
        cursor.execute(f"WITH done AS ({_RESULT} RETURNING id) {_TRIED} AND EXISTS (SELECT FROM done)", values + tried)
    else:
        cursor.execute(_RESULT, values)
        if cursor.rowcount:
            cursor.execute(_TRIED, tried)
    together.at_the_end(partial(_require_written, cursor))


def _require_written(cursor: Any) -> None:
    if cursor.rowcount != 1:
        raise Fenced()


def _model_asked(plan: Plan, step: Step) -> dict[str, str]:
    """Digests of the last question that this step put to a model, for the journal; rules leave none."""
    if step.spec.get("tier", "rules") == "rules":
        return {}
    call = ModelCall.objects.filter(plan=plan.reference, step=step.key).order_by("id").last()
    if call is None:
        return {}
    asked = {"id": str(call.pk), "template": call.template_digest, "input": call.input_id}
    return asked | {"output": call.output_id or "", "outcome": call.outcome}


def _claim_json(claim: Claim) -> dict[str, Any]:
    source: Any = claim.source
    kind = type(source).__name__
    return canonical({"text": claim.text, "value": claim.value, "source": {"kind": kind, **asdict(source)}})


def _wait(
    plan: Plan, lease: Lease, outcome: Await, *, seen: Mapping[ObjectRef, int], started: int, at: datetime
) -> None:
    awaited = list(dict.fromkeys(outcome.on))
    wakes.hold_cursor(plan.entity.log_id)
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
    _note(lease, Tried.WAITS, outcome.note, at=at)
    since = {each: seen.get(each, started) for each in awaited}
    AwaitedObject.objects.filter(step=lease.step.pk).delete()
    AwaitedObject.objects.bulk_create(
        AwaitedObject(step_id=lease.step.pk, kind=each.kind, key=each.key, since=seq) for each, seq in since.items()
    )
    if wakes.happened_since(since, log=plan.entity.log_id):
        wakes.wake([lease.step.pk])


def _end(plan: Plan, lease: Lease, outcome: End, *, at: datetime) -> None:
    _take(lease, status=Status.CANCELLED, error=outcome.reason, ended_at=at)
    _note(lease, Tried.ENDED, outcome.reason, at=at)
    cancel_rest(plan, reason=outcome.reason, at=at)


def cancel_rest(plan: Plan, *, reason: str, at: datetime) -> None:
    """Every step that has no result yet stops; whoever still works on one finds its fence gone."""
    open_steps = plan.steps.filter(status__in=Step.OPEN)
    AwaitedObject.objects.filter(step__in=open_steps).delete()
    open_steps.update(status=Status.CANCELLED, fence=F("fence") + 1, lease_until=None, ended_at=at)
    plan.reason = reason


def settle(
    plan: Plan, *, at: datetime, actor: Actor = entries.ENGINE, rows: Sequence[Step] | None = None
) -> list[Step]:
    """Readies the steps whose predecessors are settled, and says what the plan as a whole is doing. Inside its lock.

    `rows`: its steps as they are, by id, when the caller has read them under the lock. Returns those that became ready.
    """
    before = (plan.status, plan.reason)
    if rows is None:
        rows = list(plan.steps.only("key", "status", "after", "spec", "attempts", "plan").order_by("id"))
    statuses, readied = _release(plan, rows, at=at)
    plan.status = _status(statuses)
    if not plan.is_live and not plan.ended_at:
        # Time never runs backwards in a plan, whatever the clock does.
        plan.ended_at = max(plan.started_at, at)
    if plan.status in (Plan.Status.RUNNING, Plan.Status.WAITING, Plan.Status.DONE):
        plan.reason = ""
    if (plan.status, plan.reason) == before:
        return readied
    Plan.objects.filter(pk=plan.pk).update(status=plan.status, reason=plan.reason, ended_at=plan.ended_at)
    if plan.status == before[0]:
        return readied
    if not plan.is_live:
        entries.plan_finished(plan, actor=actor)
    elif plan.status == Plan.Status.PARKED:
        entries.plan_parked(plan)
    return readied


def _release(plan: Plan, steps: Sequence[Step], *, at: datetime) -> tuple[list[str], list[Step]]:
    """The statuses after it. Skipping a step may release the next, so it looks again until nothing changes."""
    settled = {each.key for each in steps if each.status in Step.SETTLED}
    released: dict[str, list[int]] = {Status.READY: [], Status.SKIPPED: []}
    moved = True
    while moved:
        moved = False
        for step in steps:
            if step.status != Status.PENDING or not settled.issuperset(step.after):
                continue
            step.status, step.due_at = Status.READY if _is_wanted(step) else Status.SKIPPED, at
            released[step.status].append(step.pk)
            if step.status == Status.SKIPPED:
                settled.add(step.key)
                moved = True
    for status, ids in released.items():
        if ids:
            Step.objects.filter(pk__in=ids).update(status=status, due_at=at)
    for step in steps:
        if step.pk in released[Status.SKIPPED]:
            entries.step_skipped(plan, step, reason="its condition does not hold")
    return [each.status for each in steps], [each for each in steps if each.pk in released[Status.READY]]


def _is_wanted(step: Step) -> bool:
    condition = step.spec.get("when", "")
    if not condition:
        return True
    done = Step.objects.filter(plan=step.plan_id, status=Status.DONE)
    return holds(condition, {key: result or {} for key, result in done.values_list("key", "result")})


def _status(statuses: list[str]) -> str:
    if Status.CANCELLED in statuses:
        return Plan.Status.CANCELLED
    if all(each in Step.SETTLED for each in statuses):
        return Plan.Status.DONE
    if Status.READY in statuses or Status.RUNNING in statuses:
        return Plan.Status.RUNNING
    return Plan.Status.PARKED if Status.PARKED in statuses else Plan.Status.WAITING
