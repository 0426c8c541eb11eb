"""A worker elsewhere takes a step, shows that it lives, and brings the end: under lease and fence like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agents import engine, leases, progress, roles
from agents.context import open_context
from agents.errors import Fenced, WrongType
from agents.leases import Lease, held
from agents.models import EdgeWorker, Step
from agents.outcomes import Finish
from agents.values import Record, misfit
from ledger import clock, switches
from ledger.errors import DomainError, InvalidInput

#: A lease ends so long after the last sign of life.
SILENCE = timedelta(seconds=60)
MOST_TRIED = 20
#: Bytes of a result and letters of a reason.
MOST_BYTES, MOST_LETTERS = 200_000, 500


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a worker is given: nothing but what its task takes."""

    lease: str
    step: str
    role: str
    task: str
    attempt: int
    given: Mapping[str, Any]
    gives: Record
    today: str
    until: datetime


def take(worker: EdgeWorker) -> Assignment | None:
    """The next step for it, its attempt counted; None when there is none."""
    tried: list[int] = []
    for _ in range(MOST_TRIED):
        step = _next(worker, besides=tried)
        if step is None:
            return None
        tried.append(step.pk)
        lease = leases.claim(step, timeout=int(SILENCE.total_seconds()), holder=worker.holder)
        if lease is None:
            continue
        try:
            return _assignment(lease)
        except DomainError as error:
            engine.failed(step, lease, error=error.message, reason=error.code, lasting=error.permanent)
    return None


def _next(worker: EdgeWorker, *, besides: list[int]) -> Step | None:
    for step in leases.due(limit=MOST_TRIED, besides=besides, pool=worker.pool, entity=worker.entity):
        if f"{step.role}.{step.spec.get('task')}" in worker.tasks:
            return step
    return None


def _assignment(lease: Lease) -> Assignment:
    context = open_context(lease)
    specification = roles.load(context.spec.role).SPECIFICATION
    return Assignment(
        lease=f"{lease.step.pk}.{lease.fence}",
        step=f"{context.plan.reference}/{context.spec.key}",
        role=context.spec.role,
        task=context.task,
        attempt=lease.attempt,
        given=context.given,
        gives=specification.gives.get(context.task, {}),
        today=context.today.isoformat(),
        until=Step.objects.values_list("lease_until", flat=True).get(pk=lease.step.pk),
    )


def beat(worker: EdgeWorker, name: str) -> datetime:
    """It lives: until when the lease is good now. Refused, as `Stopped`, when a stop button was pressed meanwhile, so
    that it leaves off."""
    lease = _held(worker, name)
    switches.check(f"role:{lease.step.role}", f"plan:{lease.step.plan.reference}")
    until = clock.now() + SILENCE
    if not Step.objects.filter(held(lease)).update(lease_until=until):
        raise Fenced()
    return until


def finish(worker: EdgeWorker, name: str, result: Any) -> None:
    """The step is done with this result, if it is of the type that the task gives; else it stays as it is."""
    lease = _held(worker, name)
    if not isinstance(result, Mapping):
        raise WrongType("The result is a JSON object.")
    gives = roles.load(lease.step.role).SPECIFICATION.gives.get(str(lease.step.spec.get("task")), {})
    if problem := misfit(result, gives):
        raise WrongType(f"The result cannot be taken: {problem}.")
    context = open_context(lease)
    progress.store(lease, Finish({name: result.get(name) for name in gives}), seen={}, started=context.started)


def fail(worker: EdgeWorker, name: str, reason: str, *, lasting: bool) -> None:
    """It could not; the step tries again or goes the way that its template says. `reason` is an outside text."""
    lease = _held(worker, name)
    if not reason.strip():
        raise InvalidInput("Say why it failed.")
    engine.failed(lease.step, lease, error=reason[:MOST_LETTERS], reason="the remote worker failed", lasting=lasting)


def _held(worker: EdgeWorker, name: str) -> Lease:
    """The lease of this name, if this worker has it still. One answer for a foreign, a stale and an unknown one."""
    number, _, fence = name.partition(".")
    if not (number.isdecimal() and fence.isdecimal() and len(name) < 40):
        raise Fenced()
    step = (
        Step.objects.select_related("plan__template", "plan__entity__log", "plan__requested_by")
        .filter(
            pk=int(number),
            fence=int(fence),
            status=Step.Status.RUNNING,
            holder=worker.holder,
            lease_until__gt=clock.now(),
            plan__entity=worker.entity,
        )
        .first()
    )
    if step is None:
        raise Fenced("This step is not yours any more: the lease has run out, or another worker has taken it.")
    return Lease(step, step.fence, step.attempts)
