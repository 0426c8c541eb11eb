"""Runs plans: wakes what waits, claims what is due, acts outside any transaction, stores the end under the fence.

All state is in the plan and step tables, so a visit that is lost, doubled or killed changes nothing.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from agents import crashpoints, deadlines, leases, looking, progress, retries, roles, wakes, waves
from agents.context import open_context
from agents.errors import BadTemplate, Fenced, UnknownRole, UnknownVersion, Unresolved
from agents.leases import Due, Lease
from agents.models import Step
from agents.outcomes import Finish, Park
from agents.waves import Board, Ended
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
    while found := leases.due(limit=BATCH, besides=passed_over):
        for steps in _by_plan(found):
            if time.monotonic() > until:
                doorbell.ring("engine: more is due")
                return moved
            visited = _visited(steps)
            moved += visited
            if not visited:
                passed_over.update(each.id for each in steps)
    return moved


def due() -> bool:
    """Whether a visit would find anything to do; only reads."""
    return wakes.due() or deadlines.due() or bool(leases.due(limit=1)) or leases.of_the_dead().exists()


def _by_plan(found: Sequence[Due]) -> list[list[Due]]:
    plans: dict[int, list[Due]] = {}
    for each in found:
        plans.setdefault(each.plan, []).append(each)
    return list(plans.values())


def _visited(steps: Sequence[Due]) -> int:
    """A plan whose steps cannot even be stored is passed over: it keeps nobody else from theirs."""
    try:
        return visit(steps)
    except Exception:
        log.exception("plan %s: a step could not be stored", steps[0].plan)
        return 0


def visit(steps: Sequence[Due]) -> int:
    """Takes what is due of one plan, and goes on with it while a wave makes the next one ready. Returns how many steps
    moved; 0 when another worker has them."""
    moved = sum(_give_up_spent(Step.objects.get(pk=each.id)) for each in steps if each.spent)
    taken = waves.begin([each for each in steps if not each.spent])
    if not taken:
        return moved
    crashpoints.reach("claimed")
    board = waves.read(steps[0].plan)
    claimed = board.leases(taken)
    while claimed:
        moved += len(claimed)
        ended = [each for each in (_acted(lease, board) for lease in claimed) if each is not None]
        claimed = _stored(board, ended) if ended else []
        if claimed:
            crashpoints.reach("claimed")
    return moved


def _acted(lease: Lease, board: Board) -> Ended | None:
    """The act's result, to be stored with its wave; None: it ended in another way, which is stored already."""
    with _failures_stored(lease):
        context = open_context(lease, known=board.known, started=board.head)
        crashpoints.reach("acting")
        outcome = roles.load(lease.step.role).act(context)
        crashpoints.reach("acted")
        # What comes of looking again moves other steps than its own, of which a wave knows nothing.
        if isinstance(outcome, Finish) and not looking.is_look(lease.step):
            return Ended(lease, outcome)
        progress.store(lease, outcome, seen=context.seen, started=context.started)
    return None


def _stored(board: Board, ended: Sequence[Ended]) -> list[Lease]:
    """Returns the next wave; none when this one had to be stored one by one, because the plan is not as it was or one
    of the results cannot be stored."""
    try:
        return waves.store(board, ended)
    except Exception as error:
        log.info("plan %s: a wave is stored one by one: %r", board.plan.reference, error)
    for each in ended:
        with _failures_stored(each.lease):
            progress.store(each.lease, each.outcome, seen={}, started=board.head)
    return []


@contextmanager
def _failures_stored(lease: Lease) -> Iterator[None]:
    """What goes wrong inside is stored as the end of this attempt; after a take-over nothing is."""
    step = lease.step
    try:
        yield
    except Fenced:
        log.warning("step %s was taken over; attempt %s is dropped", step.pk, lease.attempt)
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
