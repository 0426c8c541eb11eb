"""Reminds the people that steps ask, and gives up on asking when the template's deadline is over.

By the database's clock. A plan that is paused or stopped reminds nobody and misses no deadline: it is looked at again
when it goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet

from agents import crashpoints, entries, progress
from agents.models import Step
from ledger import clock, doorbell
from ledger.errors import DomainError
from ledger.models import Switch

log = logging.getLogger(__name__)
REASON = "deadline"


def due() -> bool:
    return _late_or_slow(_asking()).exists() and _late_or_slow(_waiting()).exists()


def pass_time() -> int:
    """Returns how many steps were given up or reminded about. One that cannot be written delays no other."""
    if not due():
        return 0
    at = clock.now()
    late = _waiting().filter(deadline_at__lte=at).order_by("deadline_at", "id")
    moved = sum(_is_done(_give_up, each) for each in late.select_related("plan__entity"))
    slow = _waiting().filter(remind_at__lte=at).order_by("remind_at", "id")
    return moved + sum(_is_done(_remind, each) for each in slow.select_related("plan__entity"))


def _late_or_slow(steps: QuerySet[Step]) -> QuerySet[Step]:
    at = clock.now()
    return steps.filter(Q(remind_at__lte=at) | Q(deadline_at__lte=at))


def come() -> QuerySet[Step]:
    """Steps that ask a person who is to be reminded now, or who has not answered in time."""
    return _late_or_slow(_asking())


def _asking() -> QuerySet[Step]:
    """Looked at first, because mostly there is none whose time has come."""
    return Step.objects.filter(status=Step.Status.WAITING, asks_person=True, plan__paused_at=None)


def _waiting() -> QuerySet[Step]:
    asking = _asking()
    stopped = list(Switch.objects.filter(stopped=True).values_list("scope", flat=True))
    if "all" in stopped:
        return asking.none()
    roles, plans = (
        [each.removeprefix(kind) for each in stopped if each.startswith(kind)] for kind in ("role:", "plan:")
    )
    return clock.unless_held(asking.exclude(role__in=roles).exclude(plan__reference__in=plans))


def _is_done(act: Callable[[Step], bool], step: Step) -> bool:
    try:
        with transaction.atomic():
            return act(step)
    except DomainError:
        log.exception("step %s could not be reminded about or given up", step.pk)
        return False


def _give_up(step: Step) -> bool:
    """Nothing when it was answered meanwhile."""
    plan, at = progress.lock(step.plan), clock.now()
    if not plan.is_live or plan.paused_at is not None or _held(step, at, "deadline_at") is None:
        return False
    error = f"Nobody answered in {step.spec.get('deadline')} hours: {step.waiting_for}"
    progress.give_up(plan, step, error=error, reason=REASON, at=at)
    progress.settle(plan, at=at)
    doorbell.ring(f"{plan.reference}/{step.key} was not answered")
    crashpoints.reach("given_up")
    return True


def _remind(step: Step) -> bool:
    plan, at = progress.lock(step.plan), clock.now()
    if not plan.is_live or plan.paused_at is not None or _held(step, at, "remind_at") is None:
        return False
    again = at + timedelta(hours=int(step.spec.get("remind_after", 0)) or 24)
    Step.objects.filter(pk=step.pk).update(remind_at=again, reminded=F("reminded") + 1)
    entries.step_reminded(plan, step, times=step.reminded + 1)
    crashpoints.reach("reminded")
    return True


def _held(step: Step, at: datetime, column: str) -> Step | None:
    still = Step.objects.filter(pk=step.pk, status=Step.Status.WAITING, asks_person=True, **{f"{column}__lte": at})
    return still.select_for_update(no_key=True).first()
