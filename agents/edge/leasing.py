"""A worker elsewhere takes a step, shows that it lives, and brings the end: under lease and fence like any other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from agents import crashpoints, engine, progress, results
from agents.context import open_context
from agents.errors import Fenced, WrongType
from agents.leases import Lease, held
from agents.models import EdgeWorker, Step, StepAttempt
from agents.outcomes import Finish
from agents.values import Record
from ledger import clock, switches
from ledger.errors import DomainError, InvalidInput
from ledger.models import Switch

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
    until: datetime | None


def take(worker: EdgeWorker) -> Assignment | None:
    """The next step for it, its attempt counted; None when there is none."""
    for _ in range(MOST_TRIED):
        step = _next(worker)
        if step is None:
            return None
        lease = _claim(step, worker)
        if lease is None:
            continue
        try:
            return _assignment(lease)
        except DomainError as error:
            engine.failed(step, lease, error=error.message, reason=error.code, lasting=error.permanent)
    return None


def _next(worker: EdgeWorker) -> Step | None:
    """Of its pool and its tasks, one that our own workers would be given too if they were there."""
    at = clock.now()
    takeable = Q(status=Step.Status.READY, due_at__lte=at) | Q(status=Step.Status.RUNNING, lease_until__lt=at)
    tasks = Q(pk=None)
    for role, _, task in (each.partition(".") for each in worker.tasks):
        if not switches.stopped(f"role:{role}"):
            tasks |= Q(role=role, spec__task=task)
    stopped = [each.partition(":")[2] for each in _stopped_plans()]
    return (
        Step.objects.filter(takeable, tasks, pool=worker.pool, plan__entity=worker.entity, plan__paused_at=None)
        .filter(attempts__lt=F("max_attempts"))
        .exclude(plan__reference__in=stopped)
        .select_related("plan__template", "plan__entity__log", "plan__requested_by")
        .order_by("priority", "due_at", "id")
        .first()
    )


def _stopped_plans() -> list[str]:
    return list(Switch.objects.filter(stopped=True, scope__startswith="plan:").values_list("scope", flat=True))


def _claim(step: Step, worker: EdgeWorker) -> Lease | None:
    """Counts the attempt and takes the step by one conditional UPDATE. None: another worker was faster."""
    with transaction.atomic():
        at = clock.now()
        as_seen = Step.objects.filter(pk=step.pk, status=step.status, fence=step.fence, attempts__lt=F("max_attempts"))
        if not as_seen.update(
            status=Step.Status.RUNNING,
            fence=F("fence") + 1,
            holder=worker.holder,
            attempts=F("attempts") + 1,
            lease_until=at + SILENCE,
            started_at=Coalesce(F("started_at"), at),
        ):
            return None
        step.refresh_from_db(fields=["status", "fence", "attempts", "holder", "lease_until", "started_at"])
        StepAttempt.objects.create(step_id=step.pk, number=step.attempts, fence=step.fence, started_at=at)
        crashpoints.reach("claiming")
    crashpoints.reach("claimed")
    return Lease(step, step.fence, step.attempts)


def _assignment(lease: Lease) -> Assignment:
    context = open_context(lease)
    return Assignment(
        lease=f"{lease.step.pk}.{lease.fence}",
        step=f"{context.plan.reference}/{context.spec.key}",
        role=context.spec.role,
        task=context.task,
        attempt=lease.attempt,
        given=context.given,
        gives=results.gives(lease.step),
        today=context.today.isoformat(),
        until=lease.step.lease_until,
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
    gives = results.gives(lease.step)
    plain = results.require(lease.step, result)
    context = open_context(lease)
    progress.store(lease, Finish({name: plain.get(name) for name in gives}), seen={}, started=context.started)


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
