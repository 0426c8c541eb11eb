"""Who works on a step: due steps, and the claim by one conditional UPDATE with lease and fence."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from agents import holders
from agents.models import Step, StepAttempt
from ledger import clock
from ledger.models import Switch

#: Beyond the role's own time-out, for storing what it found.
GRACE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a step, good until another fence is given out."""

    step: Step
    fence: int
    attempt: int


def due(*, limit: int, besides: Collection[int] = ()) -> list[Step]:
    """Steps that a worker may take now: ready ones, and those whose holder let its lease run out; of a plan that is
    paused, none."""
    stopped = list(Switch.objects.filter(stopped=True).values_list("scope", flat=True))
    if "all" in stopped:
        return []
    at = clock.now()
    takeable = Q(status=Step.Status.READY, due_at__lte=at) | Q(status=Step.Status.RUNNING, lease_until__lt=at)
    return list(
        Step.objects.filter(takeable, pool="", plan__paused_at=None)
        .exclude(role__in=[each.removeprefix("role:") for each in stopped if each.startswith("role:")])
        .exclude(plan__reference__in=[each.removeprefix("plan:") for each in stopped if each.startswith("plan:")])
        .exclude(pk__in=besides)
        .select_related("plan__template", "plan__entity__log", "plan__requested_by")
        .order_by("due_at", "id")[:limit]
    )


def claim(step: Step, *, timeout: int) -> Lease | None:
    """Counts the attempt and takes the step, committed before any work. None: another worker was faster."""
    with transaction.atomic():
        at = clock.now()
        taken = Step.objects.filter(
            pk=step.pk, status=step.status, fence=step.fence, attempts__lt=F("max_attempts")
        ).update(
            status=Step.Status.RUNNING,
            fence=F("fence") + 1,
            holder=holders.me(),
            attempts=F("attempts") + 1,
            lease_until=at + timedelta(seconds=timeout) + GRACE,
            started_at=Coalesce(F("started_at"), at),
        )
        if not taken:
            return None
        step.fence += 1
        step.attempts += 1
        StepAttempt.objects.create(step_id=step.pk, number=step.attempts, fence=step.fence, started_at=at)
    return Lease(step, step.fence, step.attempts)


def take_spent(step: Step) -> Lease | None:
    """Takes a step that has no start left, without a start: only to give it up. None: it is not so."""
    taken = Step.objects.filter(
        pk=step.pk, status=step.status, fence=step.fence, attempts__gte=F("max_attempts")
    ).update(status=Step.Status.RUNNING, fence=F("fence") + 1, holder=holders.me(), lease_until=clock.now() + GRACE)
    return Lease(step, step.fence + 1, step.attempts) if taken else None


def of_the_dead() -> QuerySet[Step]:
    """Steps at work whose worker is provably dead."""
    running = Step.objects.filter(status=Step.Status.RUNNING, lease_until__gte=clock.now()).exclude(holder="")
    return running.filter(holder__in=holders.dead(running.values_list("holder", flat=True).distinct().order_by()))


def end_those_of_the_dead() -> int:
    """Their leases have run out from now on. Returns how many."""
    return of_the_dead().update(lease_until=clock.now() - timedelta(milliseconds=1))


def held(lease: Lease) -> Q:
    """Every later write of the holder is filtered by this."""
    return Q(pk=lease.step.pk, fence=lease.fence, status=Step.Status.RUNNING)
