"""A checkpoint after 1,000 new entries in a ledger of 100,000 against hashing them; a proof against reading a tile."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import repeat
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from ledger import anchors, chain, checkpoints, tree
from ledger.actors import Actor
from ledger.chain import halves
from ledger.checkpoints import WORKER
from ledger.command import ObjectRef
from ledger.databases import of
from ledger.merkle import CompactRange, leaf
from ledger.models import Entry, LedgerHead, LegalEntity
from tests.bench import bulk
from tests.bench.rows import Row, medians

LOG, SIZE, NEW, RUNS = "bench", 100_000, 1_000, 10
DATA = {"reference": "PR-00001", "text": "x" * 200}


def rows() -> Iterator[Row]:
    head = chain.begin(LOG, origin="procure.example/bench-checkpoints")
    entity, _ = LegalEntity.objects.get_or_create(
        code="BENCH-CP", defaults={"name": "Bench", "base_currency": "USD", "log": head}
    )
    kept, before = dict(anchors._anchors), settings.KEYS_DIR
    anchors._anchors.clear()
    with tempfile.TemporaryDirectory() as keys:
        settings.KEYS_DIR = keys
        try:
            yield from _rows(entity)
        finally:
            settings.KEYS_DIR = before
            anchors._anchors.update(kept)


def _rows(entity: LegalEntity) -> Iterator[Row]:
    bulk.append(LOG, repeat(halves(_body(entity)), SIZE - LedgerHead.objects.get(log=LOG).seq))
    checkpoints.make(LOG, actor=WORKER)

    def ours() -> None:
        checkpoints.make(LOG, actor=WORKER)

    times = ([], [])
    for _ in range(RUNS):
        _append(entity, NEW)
        contents = [bytes(each) for each in _newest()]
        one, other = medians(ours, lambda contents=contents: _hash(contents), runs=1)
        times[0].append(one)
        times[1].append(other)
    yield _row(f"checkpoint after {NEW} entries in {SIZE}, {connection.vendor} (limit: hashing)", *map(sorted, times))
    size = LedgerHead.objects.get(log=LOG).seq
    proof, tile = medians(lambda: tree.inclusion(LOG, SIZE // 3, size), _read_tile, runs=50)
    yield _row(f"inclusion proof in {SIZE}, {connection.vendor} (limit: reading one tile)", [proof], [tile])


def _row(what: str, ours: list[float], peer: list[float]) -> Row:
    one, other = ours[len(ours) // 2], peer[len(peer) // 2]
    return Row(what, f"{one * 1000:.1f} ms", f"{other * 1000:.1f} ms", one / other)


def _body(entity: LegalEntity) -> dict[str, Any]:
    return {
        "actor": Actor.system("bench").as_json(), "data": DATA, "entity": entity.code, "kind": "bench.done",
        "objects": [ObjectRef("requisition", "PR-00001").as_json()],
    }  # fmt: skip


def _append(entity: LegalEntity, count: int) -> None:
    before, after = halves(_body(entity))
    with transaction.atomic(), connection.cursor() as cursor:
        for _ in range(count):
            database = of(connection)
            database.send(cursor, log=LOG, halves=[(before, after)])
            database.appended(cursor)


def _newest() -> list[bytes]:
    return list(Entry.objects.filter(log_id=LOG).order_by("-seq").values_list("bytes", flat=True)[:NEW])


def _hash(contents: list[bytes]) -> None:
    CompactRange().extend(leaf(each) for each in contents).root()


def _read_tile() -> None:
    list(Entry.objects.filter(log_id=LOG, seq__lte=256).order_by("seq").values_list("hash", flat=True))
