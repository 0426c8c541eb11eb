"""Runs plans: wakes what waits, claims what is due, acts outside any transaction, stores the end under the fence.

All state is in the plan and step tables, so a visit that is lost, doubled or killed changes nothing.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from agents import crashpoints, deadlines, glance, leases, looking, progress, retries, roles, wakes, waves
from agents.context import Context, open_context
from agents.errors import BadTemplate, Fenced, UnknownRole, UnknownVersion, Unresolved
from agents.glance import Glance
from agents.leases import Due, Lease
from agents.models import Step
from agents.outcomes import Finish, Outcome, Park
from agents.progress import Ended
from agents.waves import Board
from ledger import clock, doorbell, together
from ledger.errors import DomainError, Stale, Stopped

log = logging.getLogger(__name__)

BATCH = 20
#: For so long the results of pure steps wait for each other.
LONGEST_UNSTORED = 0.05
#: Well below the queue's time-out, so that a visit ends by itself; what is left rings again.
LONGEST_VISIT = 45.0
#: What this version does not know it does not guess, whatever the template says about failures.
UNKNOWN = (BadTemplate, UnknownRole, UnknownVersion, Unresolved)
STOPPED_PAUSE = timedelta(seconds=5)


def answer() -> int:
    """One visit: every due step, and at once the steps that this makes ready. Returns how many steps moved."""
    with together.sent():
        glanced, asked = glance.ask(), leases.ask_due(limit=BATCH)
    seen, found, moved = glanced(), asked(), 0
    if not seen.is_quiet:
        moved += _wake(seen)
        found = leases.due(limit=BATCH)
    until = time.monotonic() + LONGEST_VISIT
    passed_over: set[int] = set()
    while found:
        over = len(found) < BATCH
        for steps in _by_plan(found):
            if time.monotonic() > until:
                doorbell.ring("engine: more is due")
                return moved
            visited = _visited(steps)
            moved += visited.moved
            over &= visited.over
            if not visited.moved:
                passed_over.update(each.id for each in steps)
        found = [] if over else leases.due(limit=BATCH, besides=passed_over)
    return moved


def _wake(seen: Glance) -> int:
    if seen.others:
        leases.end_those_of_the_dead()
    moved = wakes.follow_feed(seen.log) if seen.news else 0
    if seen.late:
        moved += wakes.pass_time()
    if seen.asked:
        moved += deadlines.pass_time()
    return moved


def due() -> bool:
    """Whether a visit would find anything to do; only reads."""
    return wakes.due() or deadlines.due() or bool(leases.due(limit=1)) or leases.of_the_dead().exists()


def _by_plan(found: Sequence[Due]) -> list[list[Due]]:
    plans: dict[int, list[Due]] = {}
    for each in found:
        plans.setdefault(each.plan, []).append(each)
    return list(plans.values())


@dataclass(frozen=True, slots=True)
class Visited:
    """How many steps moved: 0 when another worker has them. `over`: the plan has ended, and nothing of it is due."""

    moved: int
    over: bool = False


def _visited(steps: Sequence[Due]) -> Visited:
    """A plan whose steps cannot even be stored is passed over: it keeps nobody else from theirs."""
    try:
        return visit(steps)
    except Exception:
        log.exception("plan %s: a step could not be stored", steps[0].plan)
        return Visited(0)


def visit(steps: Sequence[Due]) -> Visited:
    """Takes what is due of one plan, and goes on with it while a wave makes the next one ready."""
    moved = sum(_give_up_spent(Step.objects.get(pk=each.id)) for each in steps if each.spent)
    crashpoints.reach("claiming")
    opened = waves.open_board([each for each in steps if not each.spent])
    if opened is None:
        return Visited(moved)
    crashpoints.reach("claimed")
    board, claimed = opened
    while claimed:
        moved += len(claimed)
        ended = [each for each in (_acted(lease, board) for lease in claimed) if each is not None]
        if len(ended) == len(claimed):
            ended += (ahead := _acted_ahead(board, ended))
            moved += len(ahead)
        claimed = _stored(board, ended) if ended else []
        if claimed:
            crashpoints.reach("claimed")
    return Visited(moved, over=not board.plan.is_live)


def _acted(lease: Lease, board: Board) -> Ended | None:
    """The act's result, to be stored with its wave; None: it ended in another way, which is stored already."""
    with _failures_stored(lease):
        began = clock.about()
        context, outcome = _act(lease, board)
        # What comes of looking again moves other steps than its own, of which a wave knows nothing.
        if isinstance(outcome, Finish) and not looking.is_look(lease.step):
            return Ended(lease, outcome, began, clock.about())
        progress.store(lease, outcome, seen=context.seen, started=context.started)
    return None


def _act(lease: Lease, board: Board) -> tuple[Context, Outcome]:
    context = open_context(lease, known=board.known, started=board.head)
    crashpoints.reach("acting")
    outcome = roles.load(lease.step.role).act(context)
    crashpoints.reach("acted")
    return context, outcome


def _acted_ahead(board: Board, ended: Sequence[Ended]) -> list[Ended]:
    """Goes on from these results with the pure steps that they make ready, for a moment. One that comes to no result
    is acted again when it is claimed, and says then what is wrong."""
    done: list[Ended] = []
    until, last = time.monotonic() + LONGEST_UNSTORED, list(ended)
    while time.monotonic() < until and (wave := waves.run_ahead(board, last)):
        last = []
        for lease in wave:
            began = clock.about()
            board.promised.discard(lease.step.pk)
            outcome = _tried_ahead(lease, board)
            if not isinstance(outcome, Finish):
                board.in_vain.append((lease, began))
                return [*done, *last]
            last.append(Ended(lease, outcome, began, clock.about()))
        done += last
    return done


def _tried_ahead(lease: Lease, board: Board) -> Outcome | None:
    try:
        return _act(lease, board)[1]
    except Exception as error:
        log.info("step %s is acted again once it is claimed: %r", lease.step.pk, error)
        return None


def _stored(board: Board, ended: Sequence[Ended]) -> list[Lease]:
    """Returns the next wave; none when this one had to be stored one by one, because the plan is not as it was or one
    of the results cannot be stored."""
    try:
        return waves.store(board, ended)
    except Exception as error:
        log.info("plan %s: a wave is stored one by one: %r", board.plan.reference, error)
    for each in ended:
        if each.lease.promised:
            break
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
