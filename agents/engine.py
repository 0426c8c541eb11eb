"""Runs plans: wakes what waits, claims what is due, acts outside any transaction, stores the end under the fence.

All state is in the plan and step tables, so a visit that is lost, doubled or killed changes nothing.
"""

from __future__ import annotations

import logging
import random
import time
from datetime import timedelta

from agents import crashpoints, deadlines, leases, progress, retries, roles, wakes
from agents.context import open_context
from agents.definition import DEFAULT_TIMEOUT
from agents.errors import BadTemplate, Fenced, UnknownRole, UnknownVersion, Unresolved
from agents.leases import Lease
from agents.models import Step
from agents.outcomes import Park
from ledger import doorbell
from ledger.errors import DomainError, Stale, Stopped

log = logging.getLogger(__name__)

BATCH = 20
#: Well below the queue's time-out, so that a visit ends by itself; what is left rings again.
LONGEST_VISIT = 45.0
#: What this version does not know it does not guess, whatever the template says about failures.
UNKNOWN = (BadTemplate, UnknownRole, UnknownVersion, Unresolved)
STOPPED_PAUSE = timedelta(seconds=5)


def answer() -> int:
    """One visit: every due step, and at once the steps that this makes ready. Returns how many steps moved."""
    leases.end_those_of_the_dead()
    moved = wakes.follow_feed() + wakes.pass_time() + deadlines.pass_time()
    until = time.monotonic() + LONGEST_VISIT
    passed_over: set[int] = set()
    while steps := leases.due(limit=BATCH, besides=passed_over):
        for step in steps:
            if time.monotonic() > until:
                doorbell.ring("engine: more is due")
                return moved
            if _advanced(step):
                moved += 1
            else:
                passed_over.add(step.pk)
    return moved


def due() -> bool:
    """Whether a visit would find anything to do; only reads."""
    return wakes.due() or deadlines.due() or bool(leases.due(limit=1)) or leases.of_the_dead().exists()


def _advanced(step: Step) -> bool:
    """A step that cannot even be stored is passed over: it keeps nobody else from theirs."""
    try:
        return advance(step)
    except Exception:
        log.exception("step %s could not be stored", step.pk)
        return False


def advance(step: Step) -> bool:
    """Takes one due step as far as its act goes. False: another worker has it."""
    lease = leases.claim(step, timeout=int(step.spec.get("timeout", DEFAULT_TIMEOUT)))
    if lease is None:
        return _give_up_spent(step)
    crashpoints.reach("claimed")
    try:
        _run(step, lease)
    except Fenced:
        log.warning("step %s was taken over; attempt %s is dropped", step.pk, lease.attempt)
    return True


def _run(step: Step, lease: Lease) -> None:
    try:
        context = open_context(lease)
        crashpoints.reach("acting")
        outcome = roles.load(step.role).act(context)
        crashpoints.reach("acted")
        progress.store(lease, outcome, seen=context.seen, started=context.started)
    except Fenced:
        raise
    except UNKNOWN as error:
        progress.store(lease, Park(error.message), seen={}, started=0)
    except Stopped as error:
        progress.store_stop(lease, error=error.message, again_in=STOPPED_PAUSE)
    except DomainError as error:
        lasting = error.permanent and not isinstance(error, Stale)
        failed(step, lease, error=error.message, reason=error.code, lasting=lasting)
    except Exception as error:
        log.exception("step %s failed", step.pk)
        name = type(error).__name__
        failed(step, lease, error=f"{name}: {error}", reason=name, lasting=False)


def failed(step: Step, lease: Lease, *, error: str, reason: str, lasting: bool) -> None:
    left = step.max_attempts - lease.attempt
    if left > 0 and not lasting:
        failures = int(step.spec["attempts"]) - left
        progress.store_failure(lease, error=error, again_in=_again_in(step, failures))
        return
    progress.store_give_up(lease, error=error, reason=f"attempt {lease.attempt}: {reason}")


def _again_in(step: Step, failures: int) -> timedelta:
    told = {"first_delay": 2, "longest_delay": 600} | step.spec
    first, longest = (timedelta(seconds=int(told[name])) for name in ("first_delay", "longest_delay"))
    return retries.delay(failures, jitter=random.random(), first=first, longest=longest)


def _give_up_spent(step: Step) -> bool:
    """Its workers died on every start it had, so that nobody was left to say so."""
    lease = leases.take_spent(step)
    if lease is None:
        return False
    reason = f"started {lease.attempt} times and did not come back"
    try:
        progress.store_give_up(lease, error=f"The step {reason}.", reason=reason)
    except Fenced:
        return False
    return True
