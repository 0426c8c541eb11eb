"""One visit of one plan: its ready steps are claimed together, acted one after the other outside any transaction, and
stored together; the transaction that stores them claims what they made ready. So a wave costs one commit.

What the visit knows of the plan it keeps in memory. It writes on the strength of that, and compares it with the rows
under the plan's lock and before the commit: where they differ somebody else has been here, and nothing of it stands.
"""
# ruff: noqa: S608  the statements are made of constants and placeholders

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery

from agents import crashpoints, leases, progress, results, roles
from agents.definition import DEFAULT_TIMEOUT
from agents.leases import Due, Lease, Taken
from agents.models import Plan, Step, StepOverride
from agents.outcomes import Finish
from agents.results import Known
from ledger import clock, doorbell, together

Status = Step.Status
#: How plan and steps stand: the plan first, as it is once it is locked.
_PLAN = "SELECT status, reason, ended_at, paused_at, compensating_at FROM agents_plan WHERE id = %s"
_STEPS = """
SELECT id, status, fence, attempts, max_attempts, {clock}, (
    SELECT max(o.id) FROM agents_stepoverride o JOIN agents_step s ON s.id = o.step_id WHERE s.plan_id = %s
) FROM agents_step WHERE plan_id = %s ORDER BY id
"""


class Outdated(Exception):
    """Somebody else has been at this plan: what the visit believed of it is not so any more."""


@dataclass(slots=True)
class Board:
    """A plan and its steps as this visit knows them."""

    plan: Plan
    steps: dict[int, Step]
    #: The latest in the plan.
    override: int | None
    #: Of every done step, as they count now.
    results: dict[str, Mapping[str, Any]]
    #: Every fact of the journal up to here is in what is known.
    head: int
    #: What the database's clock said, and what this process's own said then.
    told_at: datetime
    heard_at: float

    def now(self) -> datetime:
        """The database's instant, so far as it can be told without asking it: never later than it really is, because
        what is due then is due now."""
        gone = int((time.monotonic() - self.heard_at) * 1000)
        return self.told_at + timedelta(milliseconds=gone)

    @property
    def known(self) -> Known:
        return Known(self.results, {each.key: each.after for each in self.steps.values()})

    def leases(self, taken: Iterable[Taken]) -> list[Lease]:
        """A step that somebody else has taken over since is left out."""
        return [
            Lease(self.steps[each.id], each.fence, each.attempt)
            for each in taken
            if self.steps[each.id].fence == each.fence
        ]


@dataclass(frozen=True, slots=True)
class Ended:
    """An act that has come to a result."""

    lease: Lease
    outcome: Finish


def begin(due: Sequence[Due]) -> list[Taken]:
    """Takes the first wave of a plan, committed at once: all quick steps that are due, or one of the others."""
    quick, at = [each for each in due if _is_quick(each)], clock.now()
    for wave in [quick, *([each] for each in due if each not in quick)]:
        if taken := leases.take(wave, timeout=_timeout(wave), at=at)():
            if len(due) > len(wave):
                doorbell.ring("engine: more is ready than one worker takes")
            return taken
    return []


def read(plan_id: int) -> Board:
    """Read after the claim, so that it is at least as new."""
    plan = Plan.objects.select_related("template", "entity", "requested_by").get(pk=plan_id)
    # The head before the steps, so that no fact falls between.
    with connection.cursor() as cursor:
        asked = f"SELECT seq, {clock.EXPRESSION[connection.vendor]} FROM ledger_ledgerhead WHERE log = %s"
        cursor.execute(asked, [plan.entity.log_id])
        head, told_at = cursor.fetchone()
    heard_at = time.monotonic()
    latest = StepOverride.objects.filter(step__plan=OuterRef("plan")).order_by("-id").values("pk")[:1]
    steps: dict[int, Step] = {}
    override = None
    for each in Step.objects.filter(plan=plan).annotate(latest=Subquery(latest)).order_by("id"):
        each.plan, override, steps[each.pk] = plan, each.latest, each
    own = {each.key: each.result or {} for each in steps.values() if each.status == Status.DONE}
    counting = own if override is None else dict(results.effective(plan))
    return Board(plan, steps, override, counting, head, clock.as_told(told_at), heard_at)


def store(board: Board, ended: Sequence[Ended]) -> list[Lease]:
    """Stores the results of a wave and claims the next one, in one transaction and in as few trips to the server as
    possible: written as the visit believes the plan to stand, and taken back when it turns out not to stand so.

    Raises `Outdated` or `Fenced` when that is so, and has stored nothing.
    """
    believed = _believed(board)
    with transaction.atomic(durable=True):
        with together.sent():
            at = board.now()
            together.at_the_end(_hold(board, believed))
            told = [progress.finish(board.plan, each.lease, each.outcome, at=at) for each in ended]
            only_readied = progress.settle(board.plan, at=at, rows=list(board.steps.values()))
            # What was added, gathered or given up is in the rows alone: another look finds what it made ready.
            claimed = _claim(board, at=at) if only_readied else list
        taken = claimed()
        crashpoints.reach("storing")
    crashpoints.reach("stored")
    board.head = max(each.seq for each in told)
    board.results |= {str(each.lease.step.key): each.lease.step.result or {} for each in ended}
    for mine in taken:
        step = board.steps[mine.id]
        step.status, step.fence, step.attempts = Status.RUNNING, mine.fence, mine.attempt
    return board.leases(taken)


def _believed(board: Board) -> tuple[tuple[Any, ...], list[tuple[Any, ...]], int | None]:
    plan, steps = board.plan, board.steps.values()
    return (
        (plan.status, plan.reason, plan.ended_at, plan.paused_at, plan.compensating_at),
        [(each.pk, each.status, each.fence, each.attempts, each.max_attempts) for each in steps],
        board.override,
    )


def _hold(board: Board, believed: object) -> Callable[[], None]:
    """Locks the plan, so that its steps are stored one after the other. Call what is returned to see that all is as it
    was believed to be."""
    locked = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    plan, steps = connection.cursor(), connection.cursor()
    plan.execute(_PLAN + locked, [board.plan.pk])
    steps.execute(_STEPS.format(clock=clock.EXPRESSION[connection.vendor]), [board.plan.pk] * 2)

    def look() -> None:
        state, rows = plan.fetchone(), steps.fetchall()
        if (state, [row[:5] for row in rows], rows[0][6]) != believed:
            raise Outdated
        board.told_at, board.heard_at = clock.as_told(rows[0][5]), time.monotonic()

    return look


def _claim(board: Board, *, at: datetime) -> Callable[[], list[Taken]]:
    """What this worker does next, if it is quick or hot; for the rest the queue of all plans says whose turn it is."""
    if board.plan.paused_at or not board.plan.is_live:
        return list
    ready = [each for each in board.steps.values() if each.status == Status.READY]
    mine = [Due.of(each) for each in ready if not each.pool and each.due_at <= at]
    wave = [each for each in mine if _is_quick(each) and not each.spent]
    wave = wave or [each for each in mine[:1] if board.steps[each.id].priority == Step.Priority.HOT and not each.spent]
    if len(mine) - len(wave) > bool(not wave):
        doorbell.ring("engine: more is ready than one worker takes")
    return leases.take(wave, timeout=_timeout(wave), at=at, held=board.plan)


def _is_quick(due: Due) -> bool:
    return str(due.spec.get("task", "")) in roles.quick(due.role)


def _timeout(wave: Sequence[Due]) -> int:
    return max((int(each.spec.get("timeout", DEFAULT_TIMEOUT)) for each in wave), default=0)
