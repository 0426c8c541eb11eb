"""One visit of one plan: its ready steps are claimed together, acted one after the other outside any transaction, and
stored together; the transaction that stores them claims what they made ready. So a wave costs one commit.

What the visit knows of the plan it keeps in memory, and compares with the rows under the plan's lock before it uses it:
where they differ, somebody else has been here, and it reads again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from agents import crashpoints, leases, progress, roles
from agents.context import head_of
from agents.definition import DEFAULT_TIMEOUT
from agents.leases import Due, Lease, Taken
from agents.models import Plan, Step, StepOverride
from agents.outcomes import Finish
from ledger import clock, doorbell

Status = Step.Status
#: How the steps stand, as of one statement: each row also tells the instant and the latest override in the plan.
_STAND = """
SELECT id, status, fence, attempts, max_attempts, {clock}, (
    SELECT max(o.id) FROM agents_stepoverride o JOIN agents_step s ON s.id = o.step_id WHERE s.plan_id = %s
) FROM agents_step WHERE plan_id = %s ORDER BY id
"""


@dataclass(slots=True)
class Board:
    """A plan and its steps as this visit knows them."""

    plan: Plan
    steps: dict[int, Step]
    override: int | None
    #: Of every done step.
    results: dict[str, Mapping[str, Any]]
    #: Every fact of the journal up to here is in what is known.
    head: int

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


def begin(due: Sequence[Due], *, at: datetime) -> list[Taken]:
    """Takes the first wave of a plan, committed at once."""
    wave = _wave(due)
    taken = leases.take(wave, timeout=_timeout(wave), at=at)
    if taken and len(due) > len(wave):
        doorbell.ring("engine: more is ready than one worker takes")
    return taken


def read(plan_id: int) -> Board:
    """Read after the claim, so that it is at least as new."""
    plan = Plan.objects.select_related("template", "entity", "requested_by").get(pk=plan_id)
    # Before everything else, so that no fact falls between.
    board = Board(plan, {}, None, {}, head_of(plan.entity))
    _read_steps(board)
    return board


def store(board: Board, ended: Sequence[Ended]) -> list[Lease]:
    """Stores the results of a wave and claims the next one, in one transaction. Raises `Fenced`, and has stored none of
    them, when one of its steps was taken over."""
    with transaction.atomic(durable=True):
        at = _hold(board)
        for each in ended:
            board.head = progress.finish(board.plan, each.lease, each.outcome, at=at)
        for step in progress.settle(board.plan, at=at, rows=list(board.steps.values())):
            step.status = Status.READY
        taken = _claim(board, at=at)
        crashpoints.reach("storing")
    crashpoints.reach("stored")
    board.results |= {each.lease.step.key: each.lease.step.result or {} for each in ended}
    for mine in taken:
        step = board.steps[mine.id]
        step.status, step.fence, step.attempts = Status.RUNNING, mine.fence, mine.attempt
    return board.leases(taken)


def _read_steps(board: Board) -> None:
    overrides = StepOverride.objects.filter(step__plan=board.plan).order_by("-id")
    board.override = overrides.values_list("pk", flat=True).first()
    board.steps = {each.pk: each for each in Step.objects.filter(plan=board.plan).order_by("id")}
    for each in board.steps.values():
        each.plan = board.plan
    board.results = {each.key: each.result or {} for each in board.steps.values() if each.status == Status.DONE}


def _hold(board: Board) -> datetime:
    """Locks the plan and makes sure that the steps are known as they are. Returns the instant."""
    progress.lock(board.plan)
    with connection.cursor() as cursor:
        cursor.execute(_STAND.format(clock=clock.EXPRESSION[connection.vendor]), [board.plan.pk] * 2)
        rows = cursor.fetchall()
    known = [(each.pk, each.status, each.fence, each.attempts, each.max_attempts) for each in board.steps.values()]
    if [row[:5] for row in rows] != known or rows[0][6] != board.override:
        _read_steps(board)
    return clock.read(rows[0][5])


def _claim(board: Board, *, at: datetime) -> list[Taken]:
    """What this worker does next, if it is quick or hot; for the rest the queue of all plans says whose turn it is."""
    if board.plan.paused_at or not board.plan.is_live:
        return []
    ready = [each for each in board.steps.values() if each.status == Status.READY]
    mine = [Due.of(each) for each in ready if not each.pool and each.due_at <= at and not Due.of(each).spent]
    wave = [each for each in _wave(mine) if _is_quick(each) or board.steps[each.id].priority == Step.Priority.HOT]
    if len(mine) - len(wave) > bool(not wave):
        doorbell.ring("engine: more is ready than one worker takes")
    return leases.take(wave, timeout=_timeout(wave), at=at)


def _wave(due: Sequence[Due]) -> list[Due]:
    """All that are quick; if none is, one: other workers may do the others meanwhile."""
    return [each for each in due if _is_quick(each)] or list(due[:1])


def _is_quick(due: Due) -> bool:
    return str(due.spec.get("task", "")) in roles.quick(due.role)


def _timeout(wave: Sequence[Due]) -> int:
    return max((int(each.spec.get("timeout", DEFAULT_TIMEOUT)) for each in wave), default=0)
