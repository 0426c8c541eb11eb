"""Rebuilding all states from 200,000 entries and comparing them with the rows, against only reading the entries.

The entries and rows are those of `tests.bench.busy_company`, whose chain the product verifies first; the goal is 0
differences in 5 minutes on one core.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from ledger import replay, verification
from ledger.models import Entry, LedgerHead
from tests.bench import busy_company
from tests.bench.rows import Row

STORIES = 12_500


def rows() -> Iterator[Row]:
    busy_company.live_through(STORIES)
    entries = LedgerHead.objects.get(pk=busy_company.LOG).seq

    started = time.perf_counter()
    for content in (
        Entry.objects.filter(log=busy_company.LOG).order_by("seq").values_list("bytes", flat=True).iterator()
    ):
        json.loads(bytes(content))
    read = time.perf_counter() - started

    started = time.perf_counter()
    finding = verification.verify(busy_company.LOG)
    verified = time.perf_counter() - started
    if not finding.valid or finding.entries != entries:
        raise SystemExit(f"The past was made wrongly: entry {finding.first_bad}: {finding.reason}")
    name = f"verify {entries:,} entries, columns and index (peer: read)"
    yield Row(name, f"{entries / verified:,.0f}/s", f"{entries / read:,.0f}/s", verified / read)

    started = time.perf_counter()
    states = len(replay.states(busy_company.LOG))
    rebuilt = time.perf_counter() - started

    started = time.perf_counter()
    differences = sum(1 for _each in replay.differences(busy_company.LOG))
    compared = time.perf_counter() - started

    name = f"rebuild {states:,} states from {entries:,} entries (peer: read)"
    yield Row(name, f"{entries / rebuilt:,.0f}/s", f"{entries / read:,.0f}/s", rebuilt / read)
    name = f"and compare with the rows, {differences} differences (goal)"
    yield Row(name, f"{compared:.1f} s", "300 s", compared / 300)
