"""From the enqueuing to the start of a task, by a real cluster, ours and django-q2's own queue in turn; and a visit.

Both clusters run from the start, each with a queue name of its own, so that a busy machine slows both.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

from django.db import connection, transaction
from django_q.brokers.orm import ORM
from django_q.tasks import async_task

from ledger import bell, doorbell
from ledger.models import Heartbeat
from ledger.queue import BellQueue
from tests.bench.rows import Row

RUNS, PATIENCE = 100, 30.0
#: The peer as it comes, under another name: its own broker and the poll of 0.2 s that it has by default.
PEER = "import django; from django.conf import settings; {}; django.setup(); {}"
AS_IT_COMES = "settings.Q_CLUSTER.pop('broker_class'); settings.Q_CLUSTER.update(cluster_name='peer', poll=0.2)"
CLUSTER = "from django.core.management import call_command; call_command('qcluster')"
#: A worker's own clock, read when the task begins, in the row that the bench waits for.
STAMP = "tests.bench.bench_bell.stamp"


def stamp(name: str) -> None:
    Heartbeat.objects.update_or_create(
        name=name[:20], defaults={"beat_at": "2000-01-01T00:00:00Z", "detail": repr(time.time())}
    )


def rows() -> Iterator[Row]:
    with cluster("pass"), cluster(AS_IT_COMES):
        ours, peer = BellQueue("procure"), ORM("peer")
        for broker in (ours, peer):
            started(broker, "warm")
        waits: tuple[list[float], list[float]] = ([], [])
        for number in range(RUNS):
            for broker, kept in zip((ours, peer), waits, strict=True):
                kept.append(started(broker, f"{broker.list_key}-{number}"))
                # Not in step with the poll.
                time.sleep(0.01 + (number * 37 % 200) / 1000)
        for what, figure in (("median", statistics.median), ("p95", p95)):
            mine, theirs = figure(waits[0]), figure(waits[1])
            yield Row(f"enqueue to start, {what} (django-q2's own ORM broker)", ms(mine), ms(theirs), mine / theirs)
        yield idle(ours)
    yield awake()


def started(broker: ORM, name: str) -> float:
    begun = time.time()
    async_task(STAMP, name, broker=broker, save=False)
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = Heartbeat.objects.filter(name=name[:20]).values_list("detail", flat=True).first()
        if found:
            return float(found) - begun
        time.sleep(0.01)
    raise SystemExit(f"{name} did not start")


@contextlib.contextmanager
def cluster(setting: str) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", PEER.format(setting, CLUSTER)],
        env=os.environ | {"LOG_LEVEL": "ERROR"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def idle(broker: BellQueue) -> Row:
    """Queries of one waiting pusher in five seconds without work."""
    with counted() as queries:
        until = time.monotonic() + 5
        while time.monotonic() < until:
            broker.dequeue()
    return Row("queries a second of an idle queue (limit)", f"{len(queries) / 5:.1f}", "5.0", len(queries) / 25)


def awake() -> Row:
    """From a commit that rings to the moment at which who listens goes on, without any queue."""
    listener = bell.listen(bell.VISIT)
    listener.wait(1)
    waits = [struck(listener) for _ in range(RUNS)]
    wait, limit = statistics.median(waits), 0.00275 if connection.vendor == "postgresql" else 2 * bell.GLANCE
    return Row("commit to a listener that is awake, median (limit)", ms(wait), ms(limit), wait / limit)


def struck(listener: bell.Listener) -> float:
    def ring() -> None:
        time.sleep(0.02)
        with transaction.atomic():
            transaction.on_commit(lambda: at.append(time.perf_counter()))
            doorbell.ring("bench")
        connection.close()

    at: list[float] = []
    thread = threading.Thread(target=ring)
    thread.start()
    listener.wait(5)
    heard = time.perf_counter()
    thread.join()
    return max(0.0, heard - at[0])


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    queries: list[str] = []

    def count(execute: Callable, sql: str, params: object, many: bool, context: dict) -> object:
        queries.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield queries


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[18]


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
