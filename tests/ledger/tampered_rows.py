"""The owner of the database at work in the product's own tables, with every trigger gone: on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from ledger import databases, notes, owner, signing, triggers
from ledger.chain import LONGEST
from ledger.models import Anchoring, Checkpoint, Entry, EntryObject, LedgerHead
from ledger.notes import CheckpointText
from tests.ledger import paper
from tests.ledger.paper import leaf
from tests.ledger.tampering import Found, Store

LOG = "main"
#: Columns that repeat what the record says, or hold its hash. An export hands out the record alone.
COLUMNS = ("hash", "prev", "kind", "actor_kind", "actor_id")
WIDTHS = {"kind": LONGEST["kind"], "actor_kind": 10, "actor_id": LONGEST["actor_id"], "prev": 64}


@dataclass(frozen=True, slots=True)
class Row:
    pk: int
    seq: int
    time: datetime
    kind: str
    actor_kind: str
    actor_id: str
    bytes: bytes
    prev: str
    hash: str


def lift() -> None:
    """All triggers are gone, until the test's transaction is rolled back."""
    with owner.acting(connection), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        databases.of(connection).remove(cursor, triggers.declared(connection))


class Tables:
    """One log as it was before any attack, and what attacks do to its rows."""

    def __init__(self) -> None:
        found = Entry.objects.filter(log=LOG).order_by("seq")
        self.rows = {
            each.seq: Row(
                each.pk, each.seq, each.time, each.kind, each.actor_kind, each.actor_id, bytes(each.bytes), each.prev,
                each.hash,
            )
            for each in found
        }  # fmt: skip
        head = LedgerHead.objects.get(pk=LOG)
        contents = tuple((seq, row.bytes) for seq, row in self.rows.items())
        kept = dict(Checkpoint.objects.filter(log=LOG).values_list("size", "note"))
        self.store = Store(contents, (head.seq, head.hash), kept, head.origin)

    def sign(self, size: int, root: bytes) -> str:
        """As the product's own signer would, over whatever it sees."""
        text = CheckpointText(self.store.origin, size, root).text()
        return notes.sign(text, signing.key(self.store.origin))

    def flip_column(self, random: Random) -> int:
        """One bit in a column beside a record; returns the number of the entry."""
        row, column = self.rows[random.choice(list(self.rows))], random.choice(COLUMNS)
        text = bytearray(getattr(row, column).encode())
        at = random.randrange(len(text))
        # What is no text, neither database's driver would store: NUL, and bytes beyond ASCII.
        text[at] ^= 1 << random.choice([bit for bit in range(7) if text[at] ^ 1 << bit])
        with owner.acting(connection), connection.cursor() as cursor:
            cursor.execute(f"UPDATE ledger_entry SET {column} = %s WHERE id = %s", [text.decode(), row.pk])
        return row.seq

    def put(self, store: Store, *, stale: bool = False) -> None:
        """These entries, this head and these notes stand there. `stale`: a changed record keeps the hash it had."""
        wanted = dict(store.rows)
        moved = [
            seq
            for seq in self.rows.keys() | wanted.keys()
            if seq not in wanted or seq not in self.rows or self.rows[seq].bytes != wanted[seq]
        ]
        gone = [self.rows[seq].pk for seq in moved if seq in self.rows]
        hashes = {row.hash for row in self.rows.values() if row.pk not in gone}
        with owner.acting(connection), connection.cursor() as cursor:
            for model, column in ((EntryObject, "entry_id"), (Entry, "id")):
                _delete(cursor, model._meta.db_table, column, gone)
            self._insert(cursor, [(seq, wanted[seq]) for seq in sorted(moved) if seq in wanted], hashes, stale)
            cursor.execute("UPDATE ledger_ledgerhead SET seq = %s, hash = %s WHERE log = %s", [*store.head, LOG])
            self._put_notes(cursor, store)

    def _insert(self, cursor: CursorWrapper, contents: list[tuple[int, bytes]], hashes: set[str], stale: bool) -> None:
        rows, objects = [], []
        for seq, content in contents:
            before = self.rows.get(seq)
            digest = leaf(before.bytes if stale and before else content).hex()
            while digest in hashes:  # no two rows may have one hash
                digest = leaf(digest.encode()).hex()
            hashes.add(digest)
            pk = before.pk if before else max(row.pk for row in self.rows.values()) + seq
            told = _told(content, before or self.rows[min(self.rows)])
            rows.append((pk, LOG, seq, *(told[name] for name in ("time", *WIDTHS)), content, digest))
            objects += [(pk, *each) for each in told["objects"]]
        names = ", ".join(("id", "log_id", "seq", "time", *WIDTHS, "bytes", "hash"))
        _insert(cursor, "ledger_entry", names, rows)
        _insert(cursor, "ledger_entryobject", "entry_id, kind, key", objects)

    def _put_notes(self, cursor: CursorWrapper, store: Store) -> None:
        stored = Checkpoint.objects.filter(log=LOG)
        removed = [each.pk for each in stored if each.note != store.notes.get(each.size)]
        for model, column in ((Anchoring, "checkpoint_id"), (Checkpoint, "id")):
            _delete(cursor, model._meta.db_table, column, removed)
        kept = set(stored.values_list("size", flat=True))
        for size, note in store.notes.items():
            if size not in kept:
                leaves = [leaf(each) for each in store.entries[:size]]
                ranged = json.dumps([each.hex() for each in paper.peaks(leaves)])
                values = (LOG, size, paper.root(leaves).hex(), note, leaves[-1].hex(), ranged, self.rows[1].time)
                _insert(cursor, "ledger_checkpoint", "log_id, size, root, note, head_hash, range, signed_at", [values])


def _told(content: bytes, before: Row) -> dict[str, Any]:
    """The columns that fit a record; where it says nothing that a column can hold, what stood there before."""
    told: dict[str, Any] = {"time": before.time, "objects": set(), **{name: getattr(before, name) for name in WIDTHS}}
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        record = json.loads(content)
        said = {
            "prev": record["prev"], "kind": record["kind"], "actor_kind": record["actor"]["kind"],
            "actor_id": record["actor"]["id"],
        }  # fmt: skip
        told |= {name: text for name, text in said.items() if _fits(text, WIDTHS[name])}
        objects = {(each["kind"], each["key"]) for each in record["objects"]}
        told["objects"] = {each for each in objects if _fits(each[0], 40) and _fits(each[1], 80)}
        told["time"] = datetime.fromisoformat(record["time"])
    if told["time"].tzinfo is None:
        told["time"] = before.time
    return told


def _fits(text: Any, width: int) -> bool:
    return isinstance(text, str) and len(text) <= width and text.isprintable()


def _delete(cursor: CursorWrapper, table: str, column: str, keys: list[int]) -> None:
    if keys:
        marks = ", ".join("%s" for _ in keys)
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({marks})", keys)


def _insert(cursor: CursorWrapper, table: str, names: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("(" + ", ".join("%s" for _ in row) + ")" for row in rows)
        values = [_adapted(value) for row in rows for value in row]
        cursor.execute(f"INSERT INTO {table} ({names}) VALUES {marks}", values)


def _adapted(value: Any) -> Any:
    if isinstance(value, datetime) and connection.vendor == "sqlite":
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return value


def expected(base: Store, attacked: Store, anchored: set[int], last: int) -> Found:
    """What the product must say of another history: it knows the stored checkpoints, the anchor's files and the last
    note that was signed on its host."""
    pairs = zip(base.entries, attacked.entries, strict=False)
    start = next((seq for seq, (old, new) in enumerate(pairs, 1) if old != new), min(base.size, attacked.size) + 1)
    anew = {size for size, note in attacked.notes.items() if note != base.notes.get(size)}
    good = 0
    for size in sorted({*attacked.notes, *anchored, last}):
        fits = size not in anchored if size in anew else size < start
        if size > attacked.head[0] or not fits or (size in anchored and size not in attacked.notes):
            return Found(between=(good, size))
        good = size
    return Found(covered=max(anchored, default=0))
