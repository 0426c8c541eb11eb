"""The six-step plan on our engine and on DBOS Transact, on the same server in one run; going on after a person's answer
against LangGraph; and the cost of a claim as the tables grow.

Each of our steps is sealed in the ledger, DBOS's are not. The peers need PostgreSQL and `.venv-peers` (`make peers`);
without them our own figures are given.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.db import connection, connections, transaction

from agents import engine, leases
from agents.models import Plan, Step
from ledger import crashpoints, owner
from ledger.journal import record
from ledger.models import LegalEntity
from tests.bench import six_steps
from tests.bench.rows import Row

HERE = Path(__file__).parent
PEERS = HERE.parents[1] / ".venv-peers/bin/python"
PLANS = int(os.environ.get("BENCH_PLANS", "100"))
ROUNDS = 3
WARM_UP = 20
AT_ONCE, WORKERS = 8, 2
ANSWERS = 200
SIZES = (100, int(os.environ.get("BENCH_TABLES", "100000")))
FORKED = get_context("fork")


def rows() -> Iterator[Row]:
    entity = six_steps.company()
    warm_up(entity)
    yield from speed(entity)
    yield from answers(entity)
    yield from growth(entity)


def warm_up(entity: LegalEntity) -> None:
    """Statistics as autovacuum makes them within a minute, for ours as for the peers."""
    in_a_row(entity, WARM_UP)
    with owner.signed_in(connection), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    connection.close()


def speed(entity: LegalEntity) -> Iterator[Row]:
    """Ours and theirs in turn, so that a busy machine slows both; the middle one of the rounds' ratios."""
    for name, ours, how in (
        ("one plan after the other", in_a_row, "one"),
        (f"{AT_ONCE} plans at once", at_once, f"threads:{AT_ONCE}"),
    ):
        found = [(ours(entity), theirs("dbos_plan.py", how, str(PLANS))) for _ in range(ROUNDS)]
        rates = [6 * PLANS / seconds for (seconds, _), _ in found]
        peers = [6 * PLANS / peer["seconds"] if peer else 0.0 for _, peer in found]
        ratios = [ours / peer for ours, peer in zip(rates, peers, strict=True) if peer]
        yield Row(
            f"steps a second, {name} (DBOS)",
            f"{statistics.median(rates):.0f}/s",
            f"{statistics.median(peers):.0f}/s" if ratios else "absent",
            statistics.median(ratios) if ratios else 0.0,
        )
        mine = [each for (_, steps), _ in found for each in steps]
        other = [each for _, peer in found if peer for each in peer["steps"]]
        for share in (50, 95):
            yield from shown(
                f"p{share} from claim to commit, {name} (DBOS: of a step)", at(mine, share), at(other, share)
            )
    print(f"  load {os.getloadavg()[0]:.1f}", flush=True)


def in_a_row(entity: LegalEntity, plans: int = PLANS) -> tuple[float, list[float]]:
    template = six_steps.template(entity)
    steps: list[float] = []
    crashpoints.hook = _watch(steps)
    began = time.perf_counter()
    for _ in range(plans):
        six_steps.start(entity, template)
        engine.answer()
    seconds = time.perf_counter() - began
    crashpoints.hook = None
    require_done(template.pk)
    return seconds, steps


def _watch(steps: list[float]) -> Any:
    """Seconds from each claim to the commit of what came of it."""
    claimed = [0.0]

    def hook(point: str) -> None:
        if point == "claimed":
            claimed[0] = time.perf_counter()
        elif point == "stored":
            steps.append(time.perf_counter() - claimed[0])

    return hook


def at_once(entity: LegalEntity) -> tuple[float, list[float]]:
    """As many plans live at any time, started and worked on by the processes that the portal has. SQLite: one."""
    if connection.vendor != "postgresql":
        return in_a_row(entity)
    template = six_steps.template(entity)
    connections.close_all()
    together, told = FORKED.Barrier(WORKERS + 1), FORKED.SimpleQueue()
    started = [FORKED.Process(target=_worker, args=(entity.pk, template.pk, together, told)) for _ in range(WORKERS)]
    for process in started:
        process.start()
    together.wait(120)
    began = time.perf_counter()
    steps = [each for _ in started for each in told.get()]
    seconds = time.perf_counter() - began
    for process in started:
        process.join()
    require_done(template.pk)
    return seconds, steps


def _worker(entity_pk: int, template_pk: int, together: Any, told: Any) -> None:
    entity = LegalEntity.objects.get(pk=entity_pk)
    template = six_steps.PlanTemplate.objects.get(pk=template_pk)
    steps: list[float] = []
    crashpoints.hook = _watch(steps)
    together.wait(120)
    for _ in range(PLANS // AT_ONCE):
        for _ in range(AT_ONCE // WORKERS):
            six_steps.start(entity, template)
        engine.answer()
    while Plan.objects.filter(template=template, status__in=Plan.LIVE).exists():
        engine.answer()
    told.put(steps)
    connection.close()


def require_done(template: int) -> None:
    if live := Plan.objects.filter(template=template).exclude(status=Plan.Status.DONE).count():
        raise SystemExit(f"{live} plans are not done")


def answers(entity: LegalEntity) -> Iterator[Row]:
    """From the commit of what a person decided to the commit of the step after it, in a worker that is awake."""
    template, waits = six_steps.template(entity, "asking", six_steps.ASKING), []
    for _ in range(ANSWERS):
        plan = six_steps.start(entity, template)
        engine.answer()
        with transaction.atomic():
            record("question.answered", actor=six_steps.ACTOR, entity=entity, objects=[six_steps.question(plan)])
        began, ended = time.perf_counter(), []
        crashpoints.hook = lambda point, ended=ended: point == "stored" and ended.append(time.perf_counter())
        engine.answer()
        crashpoints.hook = None
        waits.append(ended[0] - began)
    require_done(template.pk)
    peer = theirs("langgraph_gate.py", str(ANSWERS))
    name = f"from an answer to the next step's commit, {ANSWERS} times (LangGraph)"
    yield from shown(f"median {name}", statistics.median(waits), statistics.median(peer["waits"]) if peer else None)


def growth(entity: LegalEntity) -> Iterator[Row]:
    """Looking for what is due and claiming it, with few and with many plans in the tables."""
    template, found = six_steps.template(entity), []
    for size in SIZES:
        fill(template.pk, size)
        times = []
        for _ in range(50):
            plan = six_steps.start(entity, template)
            began = time.perf_counter()
            [due] = leases.due(limit=engine.BATCH)
            [_] = leases.take([due], timeout=45, at=plan.started_at)()
            times.append(time.perf_counter() - began)
            engine.progress.store_give_up(
                leases.Lease(Step.objects.get(pk=due.id), due.fence + 1, 1), error="", reason="bench"
            )
        found.append(statistics.median(times))
    explain()
    yield Row(
        f"a claim with {SIZES[1]:,} plans in the tables (with {SIZES[0]:,})",
        f"{found[1] * 1000:.2f} ms",
        f"{found[0] * 1000:.2f} ms",
        found[1] / found[0],
    )


def fill(template: int, size: int) -> None:
    """Copies of a plan that is done, until there are so many."""
    done = Plan.objects.filter(template=template, status=Plan.Status.DONE).first()
    assert done is not None
    there = Plan.objects.count()
    if there >= size:
        return
    plan = [each.column for each in Plan._meta.concrete_fields if each.name not in ("id", "reference", "start_key")]
    step = [each.column for each in Step._meta.concrete_fields if each.name not in ("id", "plan")]
    numbers = f"WITH RECURSIVE n (i) AS (SELECT {there + 1} UNION ALL SELECT i + 1 FROM n WHERE i < {size})"
    bare = "NOT EXISTS (SELECT 1 FROM agents_step o WHERE o.plan_id = agents_plan.id)"
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"{numbers} INSERT INTO agents_plan (reference, {', '.join(plan)})"
            f" SELECT 'COPY-' || i, {', '.join(plan)} FROM n, agents_plan WHERE id = %s",
            [done.pk],
        )
        cursor.execute(
            f"INSERT INTO agents_step (plan_id, {', '.join(step)})"
            f" SELECT agents_plan.id, {', '.join(f's.{each}' for each in step)} FROM agents_step s, agents_plan"
            f" WHERE s.plan_id = %s AND agents_plan.reference LIKE 'COPY-%%' AND {bare}",
            [done.pk],
        )
    with owner.signed_in(connection), connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def explain() -> None:
    """How the database finds what is due among all those steps."""
    statement = leases._DUE.format(besides="", now=leases.clock.expression())
    how = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {statement}", [engine.BATCH, engine.BATCH])
        for row in cursor.fetchall():
            print(f"  {row[-1]}")


def theirs(script: str, *arguments: str) -> dict[str, Any] | None:
    """What the peer's own process measured, on a database of its own on this server; None when it cannot be asked."""
    if connection.vendor != "postgresql" or not PEERS.exists():
        if connection.vendor == "postgresql":
            print(f"  {PEERS.parents[1].name} is not there: make peers", file=sys.stderr)
        return None
    name = f"peer_{script.partition('_')[0]}"
    with owner.signed_in(connection):
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            cursor.execute(f'CREATE DATABASE "{name}"')
        told = dict(connection.settings_dict)
    password = f":{told['PASSWORD']}" if told["PASSWORD"] else ""
    url = f"postgresql://{told['USER']}{password}@{told['HOST']}:{told['PORT'] or 5432}/{name}"
    command = [str(PEERS), str(HERE / "peers" / script), url, *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def at(values: list[float], share: int) -> float | None:
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1] if values else None


def shown(what: str, ours: float | None, peer: float | None) -> Iterator[Row]:
    assert ours is not None
    yield Row(
        what, f"{ours * 1000:.2f} ms", f"{peer * 1000:.2f} ms" if peer else "absent", ours / peer if peer else 0.0
    )
