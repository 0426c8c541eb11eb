"""The owner of the database at work: may change every row and every trigger, but has neither the signing key nor the
notes that were sent to anchors. Each attack says what must be found."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import rfc8785

from tests.ledger import paper
from tests.ledger.paper import ZEROS, Log, leaf


@dataclass(frozen=True)
class Found:
    """`first_bad`, or the checkpoints `between` which it begins, or nothing: then this much is `covered`."""

    first_bad: int | None = None
    between: tuple[int, int] | None = None
    covered: int | None = None


@dataclass(frozen=True)
class Store:
    """The rows of one log in the order of their `seq` column, the head row and the stored notes by size."""

    rows: tuple[tuple[int, bytes], ...]
    head: tuple[int, str]
    notes: dict[int, str] = field(default_factory=dict)
    origin: str = paper.ORIGIN

    @classmethod
    def of(cls, log: Log) -> Store:
        rows = tuple(enumerate(log.entries, 1))
        return cls(rows, (len(rows), leaf(log.entries[-1]).hex()), dict(log.notes))

    @property
    def entries(self) -> list[bytes]:
        return [content for _, content in self.rows]

    @property
    def size(self) -> int:
        return len(self.rows)

    def hash(self, seq: int) -> str:
        return leaf(self.entries[seq - 1]).hex() if seq else ZEROS

    def lines(self) -> list[bytes]:
        """What the product exports: the head's word, and the rows up to it."""
        header = {
            "export": 1,
            "origin": self.origin,
            "from": 1,
            "to": self.head[0],
            "before": {"size": 0, "range": [], "hash": ZEROS},
            "head": {"seq": self.head[0], "hash": self.head[1]},
        }
        rows = [content for seq, content in self.rows if 1 <= seq <= self.head[0]]
        return [*paper.jsons(header), *rows, *paper.jsons(*({"checkpoint": each} for each in self.notes.values()))]


def changed(content: bytes, **more: object) -> bytes:
    return rfc8785.dumps(json.loads(content) | more)


def _renumbered(entries: list[bytes]) -> tuple[tuple[int, bytes], ...]:
    return tuple(enumerate(entries, 1))


def flip(store: Store, random: Random) -> tuple[Store, Found]:
    """One bit of one record."""
    at = random.randint(1, store.size)
    entries = store.entries
    entries[at - 1] = paper.flip(entries[at - 1], random)
    return replace(store, rows=_renumbered(entries)), Found(at)


def swap(store: Store, random: Random) -> tuple[Store, Found]:
    """Two records in each other's place."""
    one, other = sorted(random.sample(range(1, store.size + 1), 2))
    if random.random() < 0.5:
        one, other = min(one, store.size - 1), min(one, store.size - 1) + 1
    entries = store.entries
    entries[one - 1], entries[other - 1] = entries[other - 1], entries[one - 1]
    return replace(store, rows=_renumbered(entries)), Found(one)


def delete(store: Store, random: Random) -> tuple[Store, Found]:
    """One record gone; the rows after it keep their numbers, or close the gap and take the head with them."""
    at = random.randint(1, store.size - 1)
    rows = tuple(row for row in store.rows if row[0] != at)
    if random.random() < 0.5:
        return replace(store, rows=rows), Found(at)
    closed = _renumbered([content for _, content in rows])
    return replace(store, rows=closed, head=(store.size - 1, store.head[1])), Found(at)


def insert(store: Store, random: Random) -> tuple[Store, Found]:
    """One record more: linked to the one before, linked to nothing, or a copy of another."""
    at = random.randint(1, store.size)
    entries = store.entries
    way = random.randrange(3)
    if way == 2 and store.size > 3:
        added = entries[random.choice([seq for seq in range(1, store.size + 1) if seq not in (at, at - 1)]) - 1]
    else:
        prev = store.hash(at - 1) if way == 0 else random.randbytes(32).hex()
        added = changed(entries[at - 1], prev=prev, data={"status": "added"})
    entries.insert(at - 1, added)
    head = store.head if random.random() < 0.5 else (store.size + 1, store.head[1])
    return replace(store, rows=_renumbered(entries), head=head), Found(at)


def rewrite(store: Store, random: Random, anchored: set[int]) -> tuple[Store, Found]:
    """All from one record on with fresh hashes, the head moved too; stored notes kept or removed."""
    start = random.randint(1, store.size)
    length = random.choice((0, 0, 0, random.randint(-5, 5)))
    end = max(start, store.size + length)
    entries = store.entries[: start - 1]
    for seq in range(start, end + 1):
        old = store.entries[min(seq, store.size) - 1]
        prev = leaf(entries[-1]).hex() if entries else ZEROS
        entries.append(changed(old, data={"status": "forged"}, seq=seq, prev=prev))
    notes = _notes_left(store, random, anchored)
    moved = replace(store, rows=_renumbered(entries), head=(end, leaf(entries[-1]).hex()), notes=notes)
    return moved, _differs_from(start, end, anchored, set(notes))


def cut(store: Store, random: Random, anchored: set[int]) -> tuple[Store, Found]:
    """The tail gone, the head moved back."""
    end = random.randint(1, store.size - 1)
    notes = _notes_left(store, random, anchored)
    moved = replace(store, rows=store.rows[:end], head=(end, store.hash(end)), notes=notes)
    return moved, _differs_from(end + 1, end, anchored, set(notes))


def back_up(
    store: Store, random: Random, anchored: set[int], sign: Callable[[int, bytes], str] = paper.SIGNER.note
) -> tuple[Store, Found]:
    """An old state put back; the log goes on from there, and its signer signs what it sees."""
    old = random.randint(1, store.size - 1)
    end = old + random.randint(0, store.size - old + 3)
    entries = store.entries[:old]
    for seq in range(old + 1, end + 1):
        template = store.entries[min(seq, store.size) - 1]
        entries.append(changed(template, data={"status": "later"}, seq=seq, prev=leaf(entries[-1]).hex()))
    notes = {size: note for size, note in store.notes.items() if size <= old}
    if end > old and random.random() < 0.7:
        size = random.randint(old + 1, end)
        notes[size] = sign(size, paper.root([leaf(each) for each in entries[:size]]))
    moved = replace(store, rows=_renumbered(entries), head=(end, leaf(entries[-1]).hex()), notes=notes)
    return moved, _differs_from(old + 1, end, anchored, {size for size in notes if size <= old}, set(notes))


def _notes_left(store: Store, random: Random, anchored: set[int]) -> dict[int, str]:
    way = random.randrange(3)
    if way == 0:
        return dict(store.notes)
    return {size: note for size, note in store.notes.items() if way == 2 and size in anchored and size % 2}


def _differs_from(
    start: int, end: int, anchored: set[int], stored: set[int], signed_anew: set[int] | None = None
) -> Found:
    """A history that differs from the signed one from `start` on and ends at `end`."""
    failing = sorted(size for size in anchored | stored if size >= start)
    if not failing:
        return Found(covered=max(anchored | stored | (signed_anew or set()), default=None))
    first = failing[0]
    fitting = anchored if first in anchored else anchored | stored
    between = (max((size for size in fitting if size < start), default=0), first)
    return Found(end + 1 if first > end else None, between)


#: Kinds whose answer is the first bad number; and those that only checkpoints can tell.
EDITS = {"flip": flip, "swap": swap, "delete": delete, "insert": insert}
HISTORIES = {"rewrite": rewrite, "cut": cut, "back up": back_up}


def attack(kind: str, store: Store, random: Random, anchored: set[int]) -> tuple[Store, Found]:
    return EDITS[kind](store, random) if kind in EDITS else HISTORIES[kind](store, random, anchored)


# The same on a database file of the product, with the bare driver


def load(path: Path) -> Store:
    with closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT seq, bytes FROM ledger_entry WHERE log_id = 'main' ORDER BY seq").fetchall()
        notes = raw.execute("SELECT size, note FROM ledger_checkpoint WHERE log_id = 'main' ORDER BY size").fetchall()
        head = raw.execute("SELECT seq, hash, origin FROM ledger_ledgerhead WHERE log = 'main'").fetchone()
    return Store(tuple(rows), head[:2], dict(notes), head[2])


def save(path: Path, store: Store, *, stale: bool = False) -> None:
    """Puts these rows in the place of those there, columns and object index made to fit, all triggers gone. `stale`:
    a changed record keeps the hash column that it had."""
    before = dict(load(path).rows)
    with closing(sqlite3.connect(path, isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("PRAGMA synchronous = OFF")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f'DROP TRIGGER "{name}"')
        raw.execute("BEGIN")
        raw.execute("DELETE FROM ledger_entryobject")
        raw.execute("DELETE FROM ledger_entry")
        for seq, content in store.rows:
            _save_row(raw, seq, content, before.get(seq, content) if stale else content)
        raw.execute("UPDATE ledger_ledgerhead SET seq = ?, hash = ? WHERE log = 'main'", store.head)
        for (size,) in raw.execute("SELECT size FROM ledger_checkpoint").fetchall():
            if size not in store.notes:
                raw.execute("DELETE FROM ledger_checkpoint WHERE size = ?", [size])
        raw.execute("COMMIT")


def _save_row(raw: sqlite3.Connection, seq: int, content: bytes, hashed: bytes) -> None:
    try:
        record = json.loads(content)
        prev, time = record["prev"], record["time"].rstrip("Z").replace("T", " ")
        values = [time, record["kind"], record["actor"]["kind"], record["actor"]["id"], content, prev]
        objects = {(each["kind"], each["key"]) for each in record["objects"]}
    except (ValueError, KeyError, TypeError, AttributeError):
        values, objects = ["2026-01-01 00:00:00", "unreadable", "system", "x", content, ZEROS], set()
    digest = leaf(hashed).hex()
    while raw.execute("SELECT 1 FROM ledger_entry WHERE hash = ?", [digest]).fetchone():
        digest = leaf(digest.encode()).hex()  # no two rows may have one hash
    raw.execute(
        "INSERT INTO ledger_entry (id, log_id, seq, time, kind, actor_kind, actor_id, bytes, prev, hash)"
        " VALUES (?, 'main', ?, ?, ?, ?, ?, ?, ?, ?)",
        [seq, seq, *values, digest],
    )
    for kind, key in objects:
        raw.execute("INSERT INTO ledger_entryobject (entry_id, kind, key) VALUES (?, ?, ?)", [seq, kind, key])
