"""Who works on a step: due steps in their order, and the claim by one conditional UPDATE with lease and fence.

These statements run many times a second, so they are written out; what they name is checked by their tests.
"""
# ruff: noqa: S608  every statement here is made of constants and placeholders

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from agents import holders, roles
from agents.models import Plan, Step
from ledger import clock, statements
from ledger.statements import marks

#: Beyond the role's own time-out, for storing what it found.
GRACE = timedelta(seconds=5)
#: Of a step `s`: no stop button holds it, and its plan is not paused.
_FREE = """
    NOT EXISTS (SELECT 1 FROM ledger_switch w WHERE w.stopped AND w.scope IN ('all', 'role:' || {step}.role))
    AND EXISTS (
        SELECT 1 FROM agents_plan p WHERE p.id = {step}.plan_id AND p.paused_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM ledger_switch w WHERE w.stopped AND w.scope = 'plan:' || p.reference)
    )
"""
_COLUMNS = "s.id, s.plan_id, s.status, s.fence, s.role, s.spec, s.attempts >= s.max_attempts AS spent"
#: Ready ones by latency class and age, from the index of the ready ones; then those that their holder has lost.
_DUE = f"""\
SELECT * FROM (
    SELECT {_COLUMNS} FROM agents_step s
    WHERE s.status = 'ready' AND s.due_at <= {{now}} AND s.pool = '' {{besides}} AND {_FREE.format(step="s")}
    ORDER BY s.priority, s.due_at, s.id LIMIT %s
) AS ready
UNION ALL
SELECT * FROM (
    SELECT {_COLUMNS} FROM agents_step s
    WHERE s.status = 'running' AND s.lease_until < {{now}} AND s.pool = '' {{besides}} AND {_FREE.format(step="s")}
    ORDER BY s.lease_until, s.id LIMIT %s
) AS lost
"""
_TAKE = """
UPDATE agents_step SET status = 'running', fence = fence + 1, attempts = attempts + 1, lease_until = %s,
    started_at = COALESCE(started_at, %s), due_at = CASE status WHEN 'pending' THEN %s ELSE due_at END, holder = %s
WHERE id IN ({ids}) AND (id, fence, status) IN (VALUES {seen}) AND attempts < max_attempts
    AND {free}
RETURNING id, attempts, fence
"""
#: The same where the plan is held, and known not to be paused.
_NOT_STOPPED = """
    NOT EXISTS (SELECT 1 FROM ledger_switch w WHERE w.stopped AND w.scope IN ('all', 'role:' || agents_step.role, %s))
"""
_PROMISE = """
UPDATE agents_step SET fence = fence + 1, attempts = attempts + 1
WHERE plan_id = %s AND status = 'pending' AND attempts = 0 AND pool = '' AND role || '.' || ({task}) IN ({tasks})
    AND NOT EXISTS (SELECT 1 FROM ledger_switch w WHERE w.stopped AND w.scope = 'role:' || agents_step.role)
    AND EXISTS (
        SELECT 1 FROM agents_step f WHERE f.id = %s AND f.fence = %s AND f.status = 'running' AND f.holder = %s
    )
RETURNING id
"""
_GIVE_BACK = "UPDATE agents_step SET attempts = attempts - 1 WHERE id IN ({ids}) AND status = 'pending'"
_TRY = "INSERT INTO agents_stepattempt (step_id, number, fence, started_at, outcome, detail)"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a step, good until another fence is given out. One that was promised is not ready yet: its
    start is counted, and its result is stored with those that it comes after."""

    step: Step
    fence: int
    attempt: int
    promised: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """A step that a worker may take now, as it was seen: ready, lost by its holder, or pending until this moment."""

    id: int
    plan: int
    status: str
    fence: int
    role: str
    spec: dict[str, Any]
    #: It has no start left.
    spent: bool = False

    @property
    def is_first(self) -> bool:
        """Nobody has ever taken it."""
        return self.fence == 0

    @classmethod
    def of(cls, step: Step) -> Due:
        spent = step.attempts >= step.max_attempts
        return cls(step.pk, step.plan_id, step.status, step.fence, step.role, step.spec, spent)


@dataclass(frozen=True, slots=True)
class Taken:
    id: int
    attempt: int
    fence: int


def due(*, limit: int, besides: Collection[int] = ()) -> list[Due]:
    """Steps that a worker of ours may take now: ready ones, and those whose holder let its lease run out.

    Hot ones first, then the longest due. What a stop button holds, or a plan that is paused, is not among them.
    """
    return ask_due(limit=limit, besides=besides)()


def ask_due(*, limit: int, besides: Collection[int] = ()) -> Callable[[], list[Due]]:
    """Call what is returned for the answer."""
    excluded = f"AND s.id NOT IN ({marks(list(besides))})" if besides else ""
    asked = _DUE.format(besides=excluded, now=clock.expression())
    found = statements.run(asked, [*besides, limit, *besides, limit])
    return lambda: [
        Due(pk, plan, status, fence, role, json.loads(spec) if isinstance(spec, str) else spec, bool(spent))
        for pk, plan, status, fence, role, spec, spent in found.fetchall()
    ]


def of_the_dead() -> QuerySet[Step]:
    """Steps at work whose worker is provably dead."""
    found = statements.run("SELECT DISTINCT holder FROM agents_step WHERE status = 'running' AND holder <> ''")
    dead = holders.dead(holder for (holder,) in found.fetchall())
    running = Step.objects.filter(status=Step.Status.RUNNING, holder__in=dead)
    return running.filter(lease_until__gte=clock.now()) if dead else Step.objects.none()


def end_those_of_the_dead() -> int:
    """Their leases have run out from now on. Returns how many."""
    dead = of_the_dead()
    return 0 if dead.query.is_empty() else dead.update(lease_until=clock.now() - timedelta(milliseconds=1))


def take(steps: Sequence[Due], *, timeout: int, at: datetime, held: Plan | None = None) -> Callable[[], list[Taken]]:
    """Counts an attempt of each and takes it, unless it is not as it was seen any more, or stopped meanwhile.

    Outside a transaction it is committed at once; inside, with what else is in there. Call what is returned to learn
    which ones: where statements are sent together, at their end. `held`: their plan, locked and not paused.
    """
    if not steps:
        return list
    adapt = connection.ops.adapt_datetimefield_value
    began, until = adapt(at), adapt(at + timedelta(seconds=timeout) + GRACE)
    free = _NOT_STOPPED if held else _FREE.format(step="agents_step")
    statement = _TAKE.format(free=free, ids=marks(steps), seen=", ".join(["(%s, %s, %s)"] * len(steps)))
    values = [until, began, began, holders.me(), *(each.id for each in steps)]
    values += [value for each in steps for value in (each.id, each.fence, each.status)]
    values += [f"plan:{held.reference}"] if held else []
    if connection.vendor == "postgresql":
        cursor = statements.run(
            f"WITH taken AS ({statement}) {_TRY} SELECT id, attempts, fence, %s::timestamptz, '', '' FROM taken"
            " RETURNING step_id, number, fence",
            [*values, began],
        )
        return partial(_taken, cursor)
    with transaction.atomic():
        taken = _taken(statements.run(statement, values))
        for each in taken:
            statements.run(f"{_TRY} VALUES (%s, %s, %s, %s, '', '')", [each.id, each.attempt, each.fence, began])
    return lambda: taken


def promise(wave: Sequence[Due]) -> Callable[[], set[int]]:
    """Counts a start of each pure step that may come after this wave, which was just taken for the first time, so that
    what the wave makes ready can be acted before anything is stored. After a crash they go one by one. Call what is
    returned to learn which ones."""
    if not all(each.is_first and roles.is_pure(each.role, str(each.spec.get("task"))) for each in wave):
        return set
    tasks, first = roles.pure(), wave[0]
    task = "spec->>'task'" if connection.vendor == "postgresql" else "json_extract(spec, '$.task')"
    statement = _PROMISE.format(task=task, tasks=marks(tasks))
    found = statements.run(statement, [first.plan, *tasks, first.id, first.fence + 1, holders.me()])
    return lambda: {each for (each,) in found.fetchall()}


def give_back(promised: Collection[int]) -> None:
    """They were not begun after all."""
    if promised:
        statements.run(_GIVE_BACK.format(ids=marks(list(promised))), [*promised])


def _taken(cursor: Any) -> list[Taken]:
    return sorted((Taken(*row) for row in cursor.fetchall()), key=lambda each: each.id)


def claim(step: Step, *, timeout: int) -> Lease | None:
    """Counts the attempt and takes the step, committed before any work. None: another worker was faster."""
    for each in take([Due.of(step)], timeout=timeout, at=clock.now())():
        step.status, step.fence, step.attempts = Step.Status.RUNNING, each.fence, each.attempt
        return Lease(step, each.fence, each.attempt)
    return None


def take_spent(step: Step) -> Lease | None:
    """Takes a step that has no start left, without a start: only to give it up. None: it is not so."""
    taken = Step.objects.filter(
        pk=step.pk, status=step.status, fence=step.fence, attempts__gte=F("max_attempts")
    ).update(status=Step.Status.RUNNING, fence=F("fence") + 1, holder=holders.me(), lease_until=clock.now() + GRACE)
    return Lease(step, step.fence + 1, step.attempts) if taken else None


def held(lease: Lease) -> Q:
    """Every later write of the holder is filtered by this."""
    return Q(pk=lease.step.pk, fence=lease.fence, status=Step.Status.RUNNING)
