"""One visit of one plan: its ready steps are claimed together, acted one after the other outside any transaction, and
stored together; the transaction that stores them claims what they made ready. So a wave costs one commit.

What the visit knows of the plan it keeps in memory. It writes on the strength of that, and compares it with the rows
under the plan's lock and before the commit: where they differ somebody else has been here, and nothing of it stands.
"""
# ruff: noqa: S608  the statements are made of constants and placeholders

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from django.db import connection, transaction

from agents import crashpoints, leases, progress, results, roles
from agents.definition import DEFAULT_TIMEOUT
from agents.leases import Due, Lease, Taken
from agents.models import Plan, PlanTemplate, Step, StepAttempt
from agents.progress import Ended
from agents.results import Known
from ledger import clock, doorbell, statements, together
from ledger.errors import DomainError
from ledger.models import LegalEntity
from ledger.statements import Columns

Status = Step.Status
PLAN, ENTITY, TEMPLATE, STEP = Columns(Plan), Columns(LegalEntity), Columns(PlanTemplate), Columns(Step)
_WHOLE = f"""
SELECT h.seq, {{clock}}, {PLAN.of("p")}, {ENTITY.of("n")}, {TEMPLATE.of("t")}
FROM agents_plan p JOIN ledger_legalentity n ON n.id = p.entity_id JOIN agents_plantemplate t ON t.id = p.template_id
JOIN ledger_ledgerhead h ON h.log = n.log_id WHERE p.id = %s
"""
_ALL_STEPS = f"""
SELECT (SELECT max(o.id) FROM agents_stepoverride o JOIN agents_step i ON i.id = o.step_id WHERE i.plan_id = s.plan_id),
    {STEP.of("s")} FROM agents_step s WHERE s.plan_id = %s ORDER BY s.id
"""
#: How plan and steps stand: the plan first, as it is once it is locked.
_PLAN = "SELECT status, reason, ended_at, paused_at, compensating_at FROM agents_plan WHERE id = %s"
_STEPS = """
SELECT id, status, fence, attempts, max_attempts, {clock}, (
    SELECT max(o.id) FROM agents_stepoverride o JOIN agents_step s ON s.id = o.step_id WHERE s.plan_id = %s
) FROM agents_step WHERE plan_id = %s ORDER BY id
"""
IN_VAIN = "It came to no result before it was claimed, and begins again."


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
    #: Pending steps whose first start is counted already, so that they may be acted before anything is stored.
    promised: set[int] = field(default_factory=set)
    #: Those that were acted so and came to no result, and when.
    in_vain: list[tuple[Lease, datetime]] = field(default_factory=list)
    #: How all this stands in the tables.
    believed: Any = None

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        """What is known is what the tables say."""
        plan, steps = self.plan, self.steps.values()
        self.believed = (
            (plan.status, plan.reason, plan.ended_at, plan.paused_at, plan.compensating_at),
            [(each.pk, each.status, each.fence, each.attempts, each.max_attempts) for each in steps],
            self.override,
        )

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


def open_board(due: Sequence[Due]) -> tuple[Board, list[Lease]] | None:
    """Takes the first wave of a plan, committed at once: all quick steps that are due, or one of the others. None: it
    is in other hands."""
    quick, at = [each for each in due if _is_quick(each)], clock.about()
    for wave in [quick, *([each] for each in due if each not in quick)]:
        if not wave:
            continue
        with together.sent():
            claimed = leases.take(wave, timeout=_timeout(wave), at=at)
            promised = leases.promise(wave)
            read = _ask(wave[0].plan)
        if taken := claimed():
            if len(due) > len(wave):
                doorbell.ring("engine: more is ready than one worker takes")
            board = read()
            board.promised = promised()
            return board, board.leases(taken)
    return None


def _ask(plan_id: int) -> Callable[[], Board]:
    """Asked after the claim, so that it is at least as new. Call what is returned for the answer."""
    # The head before the steps, so that no fact falls between.
    whole = statements.run(_WHOLE.format(clock=clock.EXPRESSION[connection.vendor]), [plan_id])
    steps = statements.run(_ALL_STEPS, [plan_id])
    return partial(_answered, whole, steps)


def _answered(whole: Any, rows: Any) -> Board:
    head, told_at, *columns = whole.fetchone()
    clock.as_told(told_at)
    ends = len(PLAN.fields), len(PLAN.fields) + len(ENTITY.fields)
    plan = PLAN.made(columns[: ends[0]])
    plan.entity = ENTITY.made(columns[ends[0] : ends[1]])
    plan.template = _template(connection.vendor, tuple(columns[ends[1] :]))
    steps: dict[int, Step] = {}
    override = None
    for latest, *values in rows.fetchall():
        override = latest
        step = STEP.made(values)
        step.plan, steps[step.pk] = plan, step
    own = {each.key: each.result or {} for each in steps.values() if each.status == Status.DONE}
    counting = own if override is None else dict(results.effective(plan))
    return Board(plan, steps, override, counting, head)


@lru_cache(maxsize=256)
def _template(vendor: str, row: tuple[Any, ...]) -> PlanTemplate:
    """Made once from the same columns: a version in force never changes."""
    return TEMPLATE.made(row)


def run_ahead(board: Board, acted: Sequence[Ended]) -> list[Lease]:
    """The steps that these results make ready, if they were promised and nothing else happens to any: to be acted
    before anything is stored. The results count from here on; none comes back when they cannot be stored so."""
    if not board.promised:
        return []
    try:
        made = [results.require(each.lease.step, each.outcome.result) for each in acted]
    except DomainError:
        return []
    for each, result in zip(acted, made, strict=True):
        each.lease.step.status = Status.DONE
        board.results[each.lease.step.key] = result
    rows = {each.key: each for each in board.steps.values()}
    moves = progress.decide(board.plan, rows, results=lambda: board.results)
    freed = [each for each in board.steps.values() if each.key in moves.ready]
    if not progress.is_steady(moves) or not {each.pk for each in freed} <= board.promised:
        return []
    return [Lease(each, each.fence, each.attempts, promised=True) for each in freed]


def store(board: Board, ended: Sequence[Ended]) -> list[Lease]:
    """Stores results and claims the next wave, in one transaction and in as few trips to the server as possible:
    written as the visit believes the plan to stand, and taken back when it turns out not to stand so.

    Raises `Outdated` or `Fenced` when that is so, and has stored nothing.
    """
    with transaction.atomic(durable=True):
        with together.sent():
            at = clock.about()
            together.at_the_end(_hold(board))
            told = progress.finish(board.plan, ended)
            _give_back(board)
            claim = _Claim(board, at)
            progress.settle(board.plan, at=at, rows=list(board.steps.values()), begin=claim)
        taken = claim.taken()
        # A stop button was pressed meanwhile: they are ready, and nobody's.
        progress.write_ready(sorted(claim.freed - {each.id for each in taken}), at=at)
        crashpoints.reach("storing")
    crashpoints.reach("stored")
    board.head = max(each.seq for each in told)
    board.results |= {str(each.lease.step.key): each.lease.step.result or {} for each in ended}
    for mine in taken:
        step = board.steps[mine.id]
        step.status, step.fence, step.attempts = Status.RUNNING, mine.fence, mine.attempt
    board.look()
    return board.leases(taken)


def _give_back(board: Board) -> None:
    """Of what was promised, what was not begun. What was begun in vain is written down."""
    leases.give_back(sorted(board.promised))
    for each in board.promised:
        board.steps[each].attempts -= 1
    board.promised.clear()
    for lease, began in board.in_vain:
        StepAttempt.objects.create(
            step=lease.step,
            number=lease.attempt,
            fence=lease.fence,
            started_at=began,
            ended_at=clock.about(),
            outcome=StepAttempt.Outcome.STOPPED,
            detail=IN_VAIN,
        )
    board.in_vain.clear()


def _hold(board: Board) -> Callable[[], None]:
    """Locks the plan, so that its steps are stored one after the other. Call what is returned to see that all is as it
    was believed to be."""
    locked = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    plan = statements.run(_PLAN + locked, [board.plan.pk])
    steps = statements.run(_STEPS.format(clock=clock.EXPRESSION[connection.vendor]), [board.plan.pk] * 2)

    def look() -> None:
        state, rows = plan.fetchone(), steps.fetchall()
        if (state, [row[:5] for row in rows], rows[0][6]) != board.believed:
            raise Outdated
        clock.as_told(rows[0][5])

    return look


class _Claim:
    """What this worker does next, if it is quick or hot; for the rest the queue of all plans says whose turn it is.

    When more happens than that steps become ready, nothing is taken: what was added, gathered or given up is in the
    rows alone, and another look finds what it made ready."""

    def __init__(self, board: Board, at: datetime) -> None:
        self.board, self.at = board, at
        self.taken: Callable[[], list[Taken]] = list
        #: Those of them that have only just become ready.
        self.freed: set[int] = set()

    def __call__(self, freed: Sequence[Step]) -> Collection[int]:
        """Steps that have just become ready are taken from where they stand."""
        if self.board.plan.paused_at:
            return ()
        old = [each for each in self.board.steps.values() if each.status == Status.READY and each.due_at <= self.at]
        mine = [Due.of(each) for each in (*old, *freed) if not each.pool and each.attempts < each.max_attempts]
        wave = [each for each in mine if _is_quick(each)]
        wave = wave or [each for each in mine[:1] if self.board.steps[each.id].priority == Step.Priority.HOT]
        if len(mine) - len(wave) > bool(not wave):
            doorbell.ring("engine: more is ready than one worker takes")
        self.taken = leases.take(wave, timeout=_timeout(wave), at=self.at, held=self.board.plan)
        self.freed = {each.pk for each in freed} & {each.id for each in wave}
        return self.freed


def _is_quick(due: Due) -> bool:
    return str(due.spec.get("task", "")) in roles.quick(due.role)


def _timeout(wave: Sequence[Due]) -> int:
    return max((int(each.spec.get("timeout", DEFAULT_TIMEOUT)) for each in wave), default=0)
