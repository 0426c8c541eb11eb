"""Sixteen processes that append at once, each entry in a business transaction of its own, against one that is alone."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from multiprocessing import get_context
from typing import Any

from django.db import DatabaseError, connection, connections, transaction

from ledger import chain, journal, numbering, verification
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import Entry, EntryObject, LedgerHead, LegalEntity, NumberRange
from tests.bench.rows import Row

WRITERS, EACH = 16, 40
FORKED = get_context("fork")


def rows() -> Iterator[Row]:
    head = chain.begin("main", origin="procure.example/bench")
    entity, _ = LegalEntity.objects.get_or_create(
        code="WRITERS", defaults={"name": "Writers", "base_currency": "USD", "log": head}
    )
    NumberRange.objects.get_or_create(prefix="BW")
    first = LedgerHead.objects.get(pk=head.pk).seq
    alone, alone_seconds, _ = crowd(1, EACH * 4, entity.pk)
    waits, seconds, refused = crowd(WRITERS, EACH, entity.pk)
    made = len(alone) + len(waits)
    numbers = set(EntryObject.objects.filter(kind="bench").values_list("key", flat=True))
    seqs = list(Entry.objects.filter(log=head, seq__gt=first).order_by("seq").values_list("seq", flat=True))
    gaps = len(set(range(first + 1, first + made + 1)) ^ set(seqs))
    finding = verification.verify(head.pk)
    if gaps or refused or len(numbers) != made or not finding.valid:
        raise SystemExit(f"{gaps} gaps, {refused} refused, {len(numbers)} numbers for {made}, {finding.reason}")
    rate, peer_rate = len(waits) / seconds, len(alone) / alone_seconds
    yield Row(
        f"appends a second, {WRITERS} writers (limit: one alone)",
        f"{rate:.0f}/s",
        f"{peer_rate:.0f}/s",
        rate / peer_rate,
    )
    for name, share in (("median", 0.5), ("p99", 0.99)):
        ours, peer = percentile(waits, share), percentile(alone, share)
        yield Row(
            f"{name} of a business transaction, {WRITERS} writers (one alone)", shown(ours), shown(peer), ours / peer
        )
    yield Row(f"of {made} appends: gaps, deadlocks and refusals (verified)", str(gaps + refused), "0", 1.0)


def crowd(writers: int, each: int, entity: int) -> tuple[list[float], float, int]:
    """Seconds of each transaction, seconds from the start together to the last end, and how many were refused."""
    connections.close_all()
    together, told = FORKED.Barrier(writers + 1), FORKED.SimpleQueue()
    started = [FORKED.Process(target=writer, args=(number, each, entity, together, told)) for number in range(writers)]
    for process in started:
        process.start()
    together.wait(120)
    began = time.perf_counter()
    ended = [told.get() for _ in started]
    seconds = time.perf_counter() - began
    for process in started:
        process.join()
    return [each for waits, _ in ended for each in waits], seconds, sum(refused for _, refused in ended)


def writer(number: int, each: int, entity_pk: int, together: Any, told: Any) -> None:
    entity, actor = LegalEntity.objects.get(pk=entity_pk), Actor.system(f"writer-{number}")
    waits, refused = [], 0
    together.wait(120)
    for _ in range(each):
        started = time.perf_counter()
        try:
            with transaction.atomic():
                key = numbering.take("BW")
                journal.record(
                    "bench.done",
                    actor=actor,
                    entity=entity,
                    objects=[ObjectRef("bench", key)],
                    data={"text": "x" * 600},
                )
        except DatabaseError:
            refused += 1
        else:
            waits.append(time.perf_counter() - started)
    told.put((waits, refused))
    connection.close()


def percentile(values: list[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def shown(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
