"""SQLite: functions of ours on each connection, triggers that call them, and the append as one INSERT … SELECT.

A connection that is not ours lacks the functions, so its writes to these tables fail as well.
"""
# ruff: noqa: S608  every statement here is made of constants and table names of this project

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from ledger.databases.trigger import APPEND_ONLY, CHECKPOINT_TABLES, GOVERNED, Trigger

ZEROS = "0" * 64


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Runs on each new connection. `connection.procure_authority` is what ledger.guard sets."""
    connection.procure_authority = ""  # type: ignore[attr-defined]
    raw = connection.connection
    raw.create_function("procure_leaf_hash", 1, _leaf_hash, deterministic=True)
    raw.create_function("procure_authority", 0, lambda: getattr(connection, "procure_authority", ""))
    # Some builds switch functions of ours off inside triggers.
    raw.execute("PRAGMA trusted_schema = ON")


def _leaf_hash(content: object) -> str | None:
    return hashlib.sha256(b"\x00" + content).hexdigest() if isinstance(content, bytes) else None


def _refuse(message: str, condition: str = "1") -> str:
    return f"SELECT RAISE(ABORT, '{message}') WHERE {condition};"


def _trigger(name: str, table: str, when: str, *body: str) -> Trigger:
    return Trigger(name, table, f'CREATE TRIGGER "{name}" {when} ON "{table}" BEGIN\n' + "\n".join(body) + "\nEND")


def _frozen(table: str, *, update: bool = True) -> tuple[Trigger, ...]:
    """No UPDATE, no DELETE, and no INSERT that takes the place of a row (REPLACE deletes without a DELETE trigger)."""
    said = f"{table} {APPEND_ONLY}"
    kept = [
        _trigger(f"{table}_no_delete", table, "BEFORE DELETE", _refuse(said)),
        # An id that SQLite will choose itself reads as -1 before the insert, so no row may really have one below 1.
        _trigger(
            f"{table}_no_replace",
            table,
            "BEFORE INSERT",
            _refuse(said, f'EXISTS (SELECT 1 FROM "{table}" WHERE rowid = NEW.rowid)'),
        ),
        _trigger(f"{table}_no_low_id", table, "AFTER INSERT", _refuse(said, "NEW.rowid < 1")),
    ]
    return (*kept, _trigger(f"{table}_no_update", table, "BEFORE UPDATE", _refuse(said))) if update else tuple(kept)


_RECORD = "CAST(NEW.bytes AS TEXT)"
_LINK = _trigger(
    "ledger_entry_link",
    "ledger_entry",
    "BEFORE INSERT",
    _refuse(
        "ledger_entry: this does not continue the chain",
        "NOT EXISTS (SELECT 1 FROM ledger_ledgerhead"
        " WHERE log = NEW.log_id AND seq + 1 = NEW.seq AND hash = NEW.prev"
        f" AND origin = json_extract({_RECORD}, '$.origin'))",
    ),
    _refuse("ledger_entry: the hash is not that of the bytes", "NEW.hash IS NOT procure_leaf_hash(NEW.bytes)"),
    _refuse(
        "ledger_entry: the columns differ from the bytes",
        f"(json_extract({_RECORD}, '$.seq'), json_extract({_RECORD}, '$.prev'), json_extract({_RECORD}, '$.kind'),"
        f" json_extract({_RECORD}, '$.actor.kind'), json_extract({_RECORD}, '$.actor.id'),"
        f" rtrim(replace(json_extract({_RECORD}, '$.time'), 'T', ' '), 'Z'))"
        " IS NOT (NEW.seq, NEW.prev, NEW.kind, NEW.actor_kind, NEW.actor_id, NEW.time)",
    ),
    _refuse("ledger_entry: this hash is there already", "EXISTS (SELECT 1 FROM ledger_entry WHERE hash = NEW.hash)"),
)
_MOVE = _trigger(
    "ledger_entry_move",
    "ledger_entry",
    "AFTER INSERT",
    "UPDATE ledger_ledgerhead SET seq = NEW.seq, hash = NEW.hash WHERE log = NEW.log_id;",
    "INSERT INTO ledger_entryobject (entry_id, kind, key)"
    " SELECT DISTINCT NEW.id, json_extract(value, '$.kind'), json_extract(value, '$.key')"
    f" FROM json_each({_RECORD}, '$.objects');",
)
_HEAD_START = _trigger(
    "ledger_head_start",
    "ledger_ledgerhead",
    "BEFORE INSERT",
    _refuse(
        "ledger_ledgerhead: a log begins once, at 0, with a plain origin",
        f"NEW.seq <> 0 OR NEW.hash <> '{ZEROS}' OR NEW.origin = '' OR NEW.origin GLOB '*[^A-Za-z0-9._/:+-]*'"
        " OR EXISTS (SELECT 1 FROM ledger_ledgerhead WHERE log = NEW.log)",
    ),
)
_HEAD_MOVE = _trigger(
    "ledger_head_move",
    "ledger_ledgerhead",
    "BEFORE UPDATE",
    _refuse(
        "ledger_ledgerhead: the head moves only to the next entry",
        "NEW.log <> OLD.log OR NEW.origin <> OLD.origin OR NEW.rowid <> OLD.rowid OR NEW.seq <> OLD.seq + 1"
        " OR NOT EXISTS (SELECT 1 FROM ledger_entry WHERE log_id = OLD.log AND seq = NEW.seq"
        " AND hash = NEW.hash AND prev = OLD.hash)",
    ),
)
_OBJECT = _trigger(
    "ledger_entryobject_derived",
    "ledger_entryobject",
    "BEFORE INSERT",
    _refuse(
        "ledger_entryobject: the entry does not name this object",
        "NOT EXISTS (SELECT 1 FROM ledger_entry, json_each(CAST(bytes AS TEXT), '$.objects')"
        " WHERE ledger_entry.id = NEW.entry_id"
        " AND json_extract(value, '$.kind') = NEW.kind AND json_extract(value, '$.key') = NEW.key)"
        " OR EXISTS (SELECT 1 FROM ledger_entryobject"
        " WHERE entry_id = NEW.entry_id AND kind = NEW.kind AND key = NEW.key)",
    ),
)
_SPEND = _trigger(
    "ledger_grantedauthority_spend",
    "ledger_grantedauthority",
    "BEFORE UPDATE",
    _refuse(
        "ledger_grantedauthority: an authority is spent once and never changed",
        "(NEW.id, NEW.purpose, NEW.fingerprint, NEW.reference, NEW.issued_at)"
        " IS NOT (OLD.id, OLD.purpose, OLD.fingerprint, OLD.reference, OLD.issued_at)"
        " OR OLD.spent_at IS NOT NULL"
        " OR (NEW.expires_at IS NULL AND OLD.expires_at IS NOT NULL) OR NEW.expires_at > OLD.expires_at",
    ),
)


def chain() -> tuple[Trigger, ...]:
    """The triggers that keep the chain and the granted authorities as they were written."""
    return (
        _LINK,
        _MOVE,
        *_frozen("ledger_entry"),
        _HEAD_START,
        _HEAD_MOVE,
        *_frozen("ledger_ledgerhead", update=False),
        _OBJECT,
        *_frozen("ledger_entryobject"),
        _SPEND,
        *_frozen("ledger_grantedauthority", update=False),
    )


def _once(table: str, columns: Sequence[str]) -> Trigger:
    """No INSERT that repeats a key: REPLACE would take the row away that has it."""
    same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
    said = f"{table} {APPEND_ONLY}, and this is there already"
    return _trigger(
        f"{table}_once", table, "BEFORE INSERT", _refuse(said, f'EXISTS (SELECT 1 FROM "{table}" WHERE {same})')
    )


def checkpoints() -> tuple[Trigger, ...]:
    """The triggers that keep the tree, its checkpoints and their anchorings as they were written."""
    return tuple(
        trigger for table, key in CHECKPOINT_TABLES.items() for trigger in (*_frozen(table), _once(table, key))
    )


def stays(table: str) -> tuple[Trigger, ...]:
    """The triggers by which rows of `table` are added and never taken away; changes are another's matter."""
    return _frozen(table, update=False)


def governed(table: str) -> tuple[Trigger, ...]:
    """The triggers that refuse each write to `table` while no authority is in force on the connection."""
    body = _refuse(f"{table} {GOVERNED}", "procure_authority() = ''")
    return tuple(
        _trigger(f"{table}_governed_{event.lower()}", table, f"BEFORE {event}", body)
        for event in ("INSERT", "UPDATE", "DELETE")
    )


def install(cursor: Any, triggers: Iterable[Trigger]) -> None:
    remove(cursor, triggers := tuple(triggers))
    for each in triggers:
        cursor.execute(each.create)


def remove(cursor: Any, triggers: Iterable[Trigger]) -> None:
    for each in triggers:
        cursor.execute(f'DROP TRIGGER IF EXISTS "{each.name}"')


def wanting(cursor: Any, triggers: Iterable[Trigger]) -> list[str]:
    """Names of triggers that are missing or read differently."""
    cursor.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'")
    found = {name: (table, sql) for name, table, sql in cursor.fetchall()}
    return [each.name for each in triggers if found.get(each.name) != (each.table, each.create)]


def install_functions(cursor: Any) -> None:
    """They come with each connection: see `prepare`."""


def remove_functions(cursor: Any) -> None:
    """They go with each connection."""


def wanting_functions(cursor: Any) -> list[str]:
    return []


# 'now' stands still within one statement, so bytes and column hold the same instant.
APPEND = """
INSERT INTO ledger_entry (log_id, seq, time, kind, actor_kind, actor_id, bytes, prev, hash)
SELECT log, seq, replace(rtrim(time, 'Z'), 'T', ' '), json_extract(record, '$.kind'),
       json_extract(record, '$.actor.kind'), json_extract(record, '$.actor.id'),
       CAST(record AS BLOB), prev, procure_leaf_hash(CAST(record AS BLOB))
FROM (
    SELECT log, seq, prev, time,
           %s || ',"origin":"' || origin || '"' || %s || ',"prev":"' || prev || '","seq":' || seq
           || ',"time":"' || time || '","v":1}' AS record
    FROM (
        SELECT log, origin, seq + 1 AS seq, hash AS prev,
               max(strftime('%%Y-%%m-%%dT%%H:%%M:%%f', 'now') || '000Z', coalesce((
                   SELECT replace(time, ' ', 'T') || 'Z' FROM ledger_entry
                   WHERE log_id = log AND ledger_entry.seq = ledger_ledgerhead.seq
               ), '')) AS time
        FROM ledger_ledgerhead WHERE log = %s
    )
)
RETURNING id, log_id, seq, time || '', kind, actor_kind, actor_id, bytes, prev, hash
"""


def send(cursor: Any, *, log: str, halves: Sequence[tuple[str, str]]) -> None:
    """Appends to the log what stands before and after `origin` in a body; `appended` has what came of it."""
    [(front, back)] = halves
    cursor.execute(APPEND, [front, back, log])


def appended(cursor: Any) -> Sequence[Sequence[Any]]:
    """The new row of ledger_entry in the model's order; none when there is no such log."""
    found = cursor.fetchall()
    return [(*row[:3], datetime.fromisoformat(row[3]).replace(tzinfo=UTC), *row[4:]) for row in found]


def begin(cursor: Any, *, log: str, origin: str) -> None:
    """Makes the log unless it is there."""
    cursor.execute(
        f"INSERT INTO ledger_ledgerhead (log, origin, seq, hash) SELECT %s, %s, 0, '{ZEROS}'"
        " WHERE NOT EXISTS (SELECT 1 FROM ledger_ledgerhead WHERE log = %s)",
        [log, origin, log],
    )


def next_number(cursor: Any, prefix: str) -> int:
    """From the row of the prefix: SQLite has one writer at a time anyway."""
    cursor.execute(
        "INSERT INTO ledger_numberrange (prefix, last) VALUES (%s, 1)"
        " ON CONFLICT (prefix) DO UPDATE SET last = last + 1 RETURNING last",
        [prefix],
    )
    return cursor.fetchone()[0]


def unsound_settings(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Settings under which a committed entry could be lost or two writers could collide: (what, remedy)."""
    with connection.cursor() as cursor:
        journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = cursor.execute("PRAGMA synchronous").fetchone()[0]
    found = []
    if journal != "wal":
        found.append((f"SQLite's journal mode is {journal}, not WAL", "PRAGMA journal_mode=WAL"))
    if synchronous < 2:
        found.append(("SQLite does not wait for the disk (synchronous is below FULL)", "PRAGMA synchronous=FULL"))
    if getattr(connection, "transaction_mode", None) != "IMMEDIATE":
        found.append(("SQLite transactions do not begin IMMEDIATE", '"transaction_mode": "IMMEDIATE"'))
    return found
