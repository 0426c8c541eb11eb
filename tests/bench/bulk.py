"""A long log made at once: entries are chained here, and the database's owner copies the rows in past the triggers.

Whether they are what the product would have written, the product's own verification says afterwards: hash, link,
columns, object index and head of each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max

from ledger import clock, owner, triggers
from ledger.chain import leaf_hash
from ledger.models import Entry, EntryObject, LedgerHead

COLUMNS = ("id", "log_id", "seq", "time", "kind", "actor_kind", "actor_id", "bytes", "prev", "hash")
BATCH = 10_000


def append(log: str, halves: Iterable[tuple[str, str]]) -> None:
    """Adds an entry for each body, cut as `ledger.chain.halves` cuts it. Nobody else writes to the log meanwhile."""
    if connection.in_atomic_block:  # a test's, in which the runtime role may take the owner's place
        connection.check_constraints()
        signed_in: AbstractContextManager[None] = nullcontext()
    else:
        signed_in = owner.signed_in(connection)
    with signed_in, triggers.lifted(connection), transaction.atomic():
        head = LedgerHead.objects.get(pk=log)
        made = _entries(head, halves)
        while batch := list(islice(made, BATCH)):
            _copy(Entry, COLUMNS, batch)
            _copy(EntryObject, ("entry_id", "kind", "key"), (each for row in batch for each in _objects(row)))
        LedgerHead.objects.filter(pk=log).update(seq=head.seq, hash=head.hash)
        _set_sequences()


def _entries(head: LedgerHead, halves: Iterable[tuple[str, str]]) -> Iterator[tuple[Any, ...]]:
    """Rows of ledger_entry; the head moves along."""
    last = Entry.objects.filter(log=head, seq=head.seq).values_list("time", flat=True).first()
    at = max(clock.now(), last) if last else clock.now()
    time, column = f"{at:%Y-%m-%dT%H:%M:%S.%fZ}", _in_column(at)
    pk = Entry.objects.aggregate(last=Max("pk"))["last"] or 0
    for before, after in halves:
        place = f',"prev":"{head.hash}","seq":{head.seq + 1},"time":"{time}","v":1}}'
        content = f'{before},"origin":"{head.origin}"{after}{place}'.encode()
        record, prev, pk = json.loads(content), head.hash, pk + 1
        head.seq, head.hash = head.seq + 1, leaf_hash(content)
        actor = record["actor"]
        yield pk, head.log, head.seq, column, record["kind"], actor["kind"], actor["id"], content, prev, head.hash


def _in_column(at: datetime) -> str:
    """As the append statement of each database writes it."""
    return f"{at:%Y-%m-%d %H:%M:%S.%f}" + ("+00" if connection.vendor == "postgresql" else "")


def _objects(row: tuple[Any, ...]) -> set[tuple[int, str, str]]:
    return {(row[0], each["kind"], each["key"]) for each in json.loads(row[7])["objects"]}


def _copy(model: type[models.Model], columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    table, names = model._meta.db_table, ", ".join(columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join("%s" for _ in columns)
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(rows))


def _set_sequences() -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Entry, EntryObject]):
            cursor.execute(statement)
