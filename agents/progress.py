"""Stores how a step's act ended, under its fence, and moves the plan on: one transaction each."""
# ruff: noqa: S608  the statements are made of constants and placeholders

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F

from agents import compensating, concerns, crashpoints, entries, fanning, flow, looking, results, roles, wakes
from agents.errors import Fenced
from agents.flow import Failing, Moves, StepState
from agents.leases import Lease, held
from agents.models import AwaitedObject, ModelCall, Plan, Step, StepAttempt
from agents.outcomes import AskPerson, Await, End, Finish, Outcome, Park
from agents.results import effective
from agents.steps import AT_REST, cancel_open
from approvals.evidence import Claim
from ledger import clock, statements, together
from ledger.actors import Actor
from ledger.command import ObjectRef, canonical, digest
from ledger.models import Entry

Status = Step.Status
Tried = StepAttempt.Outcome
#: What of a plan changes while it lives.
STATE = ("status", "reason", "ended_at", "paused_at", "compensating_at")
#: The guarded write of a result, by the names of its values; what was promised has the fence too, and is still pending.
_RESULT = """
UPDATE agents_step SET status = 'done', result = {result}, result_digest = {digest}, evidence = {evidence}, error = '',
    waiting_for = '', started_at = COALESCE(started_at, {began}), ended_at = {ended}, lease_until = NULL,
    due_at = CASE status WHEN 'pending' THEN {began} ELSE due_at END
"""
_GUARD = "WHERE agents_step.id = {id} AND agents_step.fence = {fence} AND status IN ('running', 'pending')"
_NAMES = ("id", "fence", "number", "began", "ended", "result", "digest", "evidence")
_OF_ONE, _OF_ALL = ({each: form.format(each) for each in _NAMES} for form in ("%({})s", "told.{}"))
_TRIED = "INSERT INTO agents_stepattempt (step_id, number, fence, started_at, ended_at, outcome, detail)"
#: The row of what was promised is made here, for its start is counted but not noted.
_ENDED = """
ON CONFLICT (step_id, number) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, detail = ''
"""
_ONE_RESULT = f"{_RESULT} {_GUARD}".format(**_OF_ONE)
_ONE_ENDED = f"{_TRIED} VALUES (%(id)s, %(number)s, %(fence)s, %(began)s, %(ended)s, 'finished', '') {_ENDED}"
_TYPES = ("bigint", "bigint", "int", "timestamptz", "timestamptz", "jsonb", "text", "jsonb")
_TOLD = f"({', '.join(f'%s::{each}' for each in _TYPES)})"
#: PostgreSQL: all results of a wave.
_ALL_RESULTS = f"""
WITH told ({", ".join(_NAMES)}) AS (VALUES {{rows}}),
done AS ({_RESULT.format(**_OF_ALL)} FROM told {_GUARD.format(**_OF_ALL)} RETURNING agents_step.id)
{_TRIED} SELECT id, number, fence, began, ended, 'finished', '' FROM told JOIN done USING (id) {_ENDED}
"""
_PLAN = f"UPDATE agents_plan SET {', '.join(f'{each} = %s' for each in STATE)} WHERE id = %s"
_READY = "UPDATE agents_step SET status = 'ready', due_at = %s WHERE id IN ({ids})"


def store(lease: Lease, outcome: Outcome, *, seen: Mapping[ObjectRef, int], started: int) -> None:
    """`seen`: journal numbers as of which the act knew an object; all others as of `started`.

    A result that is not of the type that the step gives is refused with `WrongType` and not stored.
    """
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        if isinstance(outcome, Finish):
            finish(plan, [Ended(lease, outcome, at, at)])
        elif isinstance(outcome, Await):
            _wait(plan, lease, outcome, seen=seen, started=started, at=at)
        elif isinstance(outcome, Park):
            _take(lease, status=Status.PARKED, error=outcome.reason)
            _note(lease, Tried.PARKED, outcome.reason, at=at)
            entries.step_parked(plan, lease.step, reason=outcome.reason)
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
        crashpoints.reach("storing")
    crashpoints.reach("stored")


def store_stop(lease: Lease, *, error: str, again_in: timedelta) -> None:
    """A stop button was pressed meanwhile: no failure, and no attempt lost."""
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        _take(lease, status=Status.READY, error=error, due_at=at + again_in, max_attempts=F("max_attempts") + 1)
        _note(lease, Tried.STOPPED, error, at=at)
        settle(plan, at=at)
        crashpoints.reach("storing")
    crashpoints.reach("stored")


def store_give_up(lease: Lease, *, error: str, reason: str) -> None:
    """No attempt is left, or none would help: what the template says about a failure happens.

    `error` is for people who work here; `reason` goes into the ledger and carries no foreign text.
    """
    with transaction.atomic(durable=True):
        plan, at = _lock(lease)
        _take(lease, status=Status.RUNNING, error=error)
        _note(lease, Tried.FAILED, error, at=at)
        give_up(plan, lease.step, error=error, reason=reason, at=at)
        settle(plan, at=at)
        crashpoints.reach("storing")
    crashpoints.reach("stored")


def give_up(plan: Plan, step: Step, *, error: str, reason: str, at: datetime) -> None:
    """Inside a transaction that holds the plan and the step. Settle the plan afterwards."""
    undoes, fanned = bool(step.undoes_id), bool(step.fanned_id)
    failing = flow.failing(step.spec, rounds=step.rounds, fanned=fanned, undoes=undoes)
    changes: dict[str, Any] = {"status": _FAILED_AS[failing], "error": error, "lease_until": None, **AT_REST}
    if failing == Failing.RETRY:
        again = at + timedelta(seconds=int(step.spec.get("longest_delay", 600)))
        fresh = F("attempts") + step.spec["attempts"]
        changes |= {"due_at": again, "rounds": F("rounds") + 1, "max_attempts": fresh}
    elif failing != Failing.PARK:
        changes["ended_at"] = at
    AwaitedObject.objects.filter(step=step.pk).delete()
    Step.objects.filter(pk=step.pk).update(fence=F("fence") + 1, **changes)
    _FAILURE_TOLD[failing](plan, step, reason=reason)
    if failing == Failing.COMPENSATE:
        undo(plan, step, at=at)


_FAILED_AS = {
    Failing.PARK: Status.PARKED,
    Failing.RETRY: Status.READY,
    Failing.SKIP: Status.SKIPPED,
    Failing.FAIL: Status.FAILED,
    Failing.COMPENSATE: Status.FAILED,
}
_FAILURE_TOLD = {
    Failing.PARK: entries.step_parked,
    Failing.RETRY: entries.step_retried,
    Failing.SKIP: entries.step_skipped,
    Failing.FAIL: entries.step_failed,
    Failing.COMPENSATE: entries.step_failed,
}


def undo(plan: Plan, step: Step, *, at: datetime) -> None:
    """The plan is taken back because this step failed."""
    compensating.begin(plan, at=at, reason=f"“{step.key}” failed", actor=entries.ENGINE)


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


@dataclass(frozen=True, slots=True)
class Ended:
    """An act that has come to a result."""

    lease: Lease
    outcome: Finish
    began: datetime
    ended: datetime


def finish(plan: Plan, acts: Sequence[Ended]) -> list[Entry]:
    """Inside the lock of the plan. Raises `WrongType` for a result that is not of the type that the step gives."""
    made = [(each, results.require(each.lease.step, each.outcome.result)) for each in acts]
    evidence = [[_claim_json(claim) for claim in each.outcome.evidence] for each in acts]
    digests = [digest(result) for _, result in made]
    adapt, instant = connection.ops.adapt_json_value, connection.ops.adapt_datetimefield_value
    _write_results(
        [
            (
                *(each.lease.step.pk, each.lease.fence, each.lease.attempt, instant(each.began), instant(each.ended)),
                *(adapt(result, None), found, adapt(claims, None)),
            )
            for (each, result), found, claims in zip(made, digests, evidence, strict=True)
        ]
    )
    told = []
    for (each, result), found, claims in zip(made, digests, evidence, strict=True):
        step = each.lease.step
        step.status, step.result, step.result_digest = Status.DONE, result, found
        concerns.note(plan, step, result)
        if looking.is_look(step):
            looking.ended(plan, step, at=each.ended)
        reader, model = each.outcome.reader, _model_asked(plan, step)
        told.append(
            entries.step_finished(plan, step, result_digest=found, evidence=len(claims), model=model, reader=reader)
        )
    return told


def _write_results(rows: Sequence[tuple[Any, ...]]) -> None:
    """Results, and the ends of their attempts; written out, because it is done for each step."""
    if connection.vendor == "postgresql":
        statement = _ALL_RESULTS.format(rows=", ".join([_TOLD] * len(rows)))
        cursor = statements.run(statement, [value for row in rows for value in row])
        together.at_the_end(lambda: _require_written(cursor.rowcount == len(rows)))
        return
    for row in rows:
        values = dict(zip(_NAMES, row, strict=True))
        _require_written(statements.run(_ONE_RESULT, values).rowcount == 1)
        statements.run(_ONE_ENDED, values)


def _require_written(written: bool) -> None:
    if not written:
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
    if asks := isinstance(outcome, AskPerson):
        changes |= wakes.patience(lease.step.spec, at=at)
    _take(
        lease,
        status=Status.WAITING,
        max_attempts=F("max_attempts") + 1,
        waiting_on=[each.as_json() for each in awaited],
        wait_until=outcome.until,
        waiting_for=outcome.note,
        asks_person=asks,
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
    cancel_open(plan, at=at)
    plan.reason, plan.paused_at = reason, None


def settle(
    plan: Plan,
    *,
    at: datetime,
    actor: Actor = entries.ENGINE,
    rows: Sequence[Step] | None = None,
    begin: Callable[[Sequence[Step]], Collection[int]] | None = None,
) -> None:
    """Moves the steps as `flow` decides, and says what the plan as a whole is doing. Inside its lock.

    `rows`: its steps as they are, by id, when the caller knows them to be so. `begin` is asked when steps become ready
    and nothing else happens to any: it begins some of them at once and says which; the others are written as ready.
    """
    before = {name: getattr(plan, name) for name in STATE}
    if rows is None:
        rows = list(plan.steps.only(*READ).order_by("id"))
    known = {each.key: each for each in rows}
    moves = decide(plan, known)
    begun = begin([known[key] for key in moves.ready]) if begin and is_steady(moves) else ()
    known |= _apply(plan, known, moves, at=at, begun=begun)
    if moves.compensate and plan.compensating_at is None:
        undo(plan, known[moves.compensate], at=at)
        settle(plan, at=at, actor=actor)
        return
    plan.status = moves.status
    if not plan.is_live:
        plan.paused_at = None
        # Time never runs backwards in a plan, whatever the clock does.
        plan.ended_at = plan.ended_at or max(plan.started_at, at)
    if plan.compensating_at is None:
        plan.reason = _reason(plan, known)
    now = {name: getattr(plan, name) for name in STATE}
    if now != before:
        adapt = connection.ops.adapt_datetimefield_value
        values = [adapt(each) if isinstance(each, datetime) else each for each in now.values()]
        statements.run(_PLAN, [*values, plan.pk])
    if plan.status != before["status"]:
        _tell(plan, known, actor=actor)


def is_steady(moves: Moves) -> bool:
    """Steps may become ready, and nothing else happens to any."""
    others = (moves.skipped, moves.parked, moves.failed, moves.gathered, moves.fanned_out, moves.notes)
    return not any(others) and not moves.compensate


#: What `settle` reads of a step.
READ = (
    *("key", "status", "after", "spec", "attempts", "role", "branch", "item", "error", "waiting_for"),
    *("plan", "fanned", "undoes", "again_of", "ended_at"),
)


def decide(plan: Plan, rows: Mapping[str, Step], *, results: Callable[[], flow.Results] | None = None) -> Moves:
    """What follows from how the steps stand; writes nothing. `results` when they are not in the tables yet."""
    keys = {each.pk: each.key for each in rows.values()}
    states = [
        StepState(
            key=each.key,
            status=each.status,
            after=tuple(each.after),
            spec=each.spec,
            fanned=keys[each.fanned_id] if each.fanned_id else "",
            branch=each.branch,
            item=each.item,
            undoes=keys[each.undoes_id] if each.undoes_id else "",
            note=each.waiting_for,
            again=keys[each.again_of_id] if each.again_of_id else "",
        )
        for each in rows.values()
    ]
    return flow.decide(
        states,
        results=results or partial(effective, plan),
        gives=roles.gives,
        inputs=plan.inputs,
        paused=plan.paused_at is not None,
        compensating=plan.compensating_at is not None,
    )


def _apply(
    plan: Plan, rows: Mapping[str, Step], moves: Moves, *, at: datetime, begun: Collection[int] = ()
) -> dict[str, Step]:
    """Writes the moves: one UPDATE for each kind of them. Returns all rows as they are now."""
    added = fanning.fan_out(plan, rows, moves, at=at) if moves.fanned_out else {}
    everything = {**rows, **added}
    _release(rows, moves, at=at, begun=begun)
    for key, result in moves.gathered.items():
        _gather(plan, rows[key], result, at=at)
    for key, note in moves.notes.items():
        Step.objects.filter(pk=rows[key].pk).update(status=Status.WAITING, waiting_for=note)
        rows[key].status = Status.WAITING
    for key, reason in moves.parked.items():
        Step.objects.filter(pk=everything[key].pk).update(status=Status.PARKED, error=reason)
        everything[key].status, everything[key].error = Status.PARKED, reason
        entries.step_parked(plan, everything[key], reason=reason)
    for key, reason in moves.failed.items():
        Step.objects.filter(pk=rows[key].pk).update(status=Status.FAILED, error=reason, ended_at=at, waiting_for="")
        entries.step_failed(plan, rows[key], reason=reason)
    for key, reason in moves.skipped.items():
        entries.step_skipped(plan, everything[key], reason=reason)
    return everything


def _release(rows: Mapping[str, Step], moves: Moves, *, at: datetime, begun: Collection[int]) -> None:
    """Branches that were only just added stand already as they should, and so does what was begun."""
    ready = [rows[key] for key in moves.ready if key in rows]
    write_ready([each.pk for each in ready if each.pk not in begun], at=at)
    for each in ready:
        each.status, each.due_at = Status.READY, at
    if skipped := [rows[key] for key in moves.skipped if key in rows]:
        ids = [each.pk for each in skipped]
        if any(each.status != Status.PENDING for each in skipped):
            AwaitedObject.objects.filter(step__in=ids).delete()
        # Whoever still works on one finds its fence gone.
        Step.objects.filter(pk__in=ids).update(
            status=Status.SKIPPED, due_at=at, ended_at=at, fence=F("fence") + 1, lease_until=None, **AT_REST
        )


def write_ready(steps: Sequence[int], *, at: datetime) -> None:
    if steps:
        due = connection.ops.adapt_datetimefield_value(at)
        statements.run(_READY.format(ids=statements.marks(steps)), [due, *steps])


def _gather(plan: Plan, step: Step, result: Mapping[str, Any], *, at: datetime) -> None:
    plain = canonical(dict(result))
    found = digest(plain)
    Step.objects.filter(pk=step.pk).update(
        status=Status.DONE, result=plain, result_digest=found, error="", waiting_for="", ended_at=at
    )
    entries.step_gathered(plan, step, result_digest=found, done=result["done"], failed=result["failed"])
    crashpoints.reach("gathered")


def _reason(plan: Plan, rows: Mapping[str, Step]) -> str:
    if plan.status in (Plan.Status.RUNNING, Plan.Status.WAITING, Plan.Status.DONE):
        return ""
    if plan.status != Plan.Status.PARKED:
        return plan.reason
    parked = [each for each in rows.values() if each.status == Status.PARKED]
    return f"{parked[0].label}: {parked[0].error}"


def _tell(plan: Plan, rows: Mapping[str, Step], *, actor: Actor) -> None:
    if not plan.is_live:
        account = compensating.account(rows) if plan.compensating_at else None
        entries.plan_finished(plan, actor=actor, account=account)
    elif plan.status == Plan.Status.PARKED:
        entries.plan_parked(plan)
