"""The chain itself: bytes, hash and the append statement. Record format version 1.

Bytes are RFC 8785 JSON of the body plus `origin`, `prev`, `seq`, `time` and `v`. hash = SHA-256(0x00 || bytes);
`prev` is inside the bytes, so one hash is chain link and RFC 6962 leaf. RFC 8785 sorts keys, and no key of a body
sorts after `prev`: so Python sends what stands before and after `origin`, and the database, which alone knows the
rest while it holds the head, puts origin, prev, seq, time and v in their places.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils.functional import SimpleLazyObject

from ledger import databases, jcs, statements, together
from ledger.errors import InvalidInput, LedgerUnavailable
from ledger.models import Entry, LedgerHead

COLUMNS = ("id", "log_id", "seq", "time", "kind", "actor_kind", "actor_id", "bytes", "prev", "hash")
REQUIRED_KEYS = {"actor", "data", "entity", "kind", "objects"}
BODY_KEYS = REQUIRED_KEYS | {"causes", "commitments", "effect_key", "model", "on_behalf_of", "plan", "policy"}
LONGEST = {"kind": 60, "actor_id": 80, "object_kind": 40, "object_key": 80}


def leaf_hash(content: bytes) -> str:
    return hashlib.sha256(b"\x00" + content).hexdigest()


def begin(log: str, *, origin: str) -> LedgerHead:
    """The log of this name, made if there is none. `origin` names it to the world, for ever; an old one keeps it."""
    try:
        LedgerHead(log=log, origin=origin).full_clean(validate_unique=False)
    except ValidationError as error:
        raise InvalidInput(" ".join(error.messages)) from None
    with connection.cursor() as cursor:
        databases.of(connection).begin(cursor, log=log, origin=origin)
    return LedgerHead.objects.get(log=log)


def fresh_origin(name: str) -> str:
    """An origin that no other log has: two databases of one name must never be taken for one log."""
    return f"{name}/{secrets.token_hex(4)}"


def append(log: str, body: dict[str, Any]) -> Entry:
    """Adds the body to the log as its next entry. On `LedgerUnavailable` the transaction is lost for good.

    Among statements that are sent together the entries are sent as one, at the end of the block or when a field of one
    of them is read.
    """
    halved = halves(body)
    if not together.is_open():
        [row] = _read(_sent(log, [halved]), log, 1)
        return _made(row)
    waiting = _Waiting(log, halved)
    together.gather(_send_all, waiting)
    entry: Any = SimpleLazyObject(waiting.entry)
    return entry


@dataclass(eq=False)
class _Waiting:
    """An entry among statements that are sent together."""

    log: str
    halved: tuple[str, str]
    sent: bool = False
    #: Of all that were sent with it.
    rows: Callable[[], Sequence[Any]] = list
    place: int = 0

    def entry(self) -> Entry:
        if not self.sent:
            together.flush()
        return _made(self.rows()[self.place])


def _send_all(waiting: list[_Waiting]) -> None:
    """One statement for each log: mostly one."""
    by_log: dict[str, list[_Waiting]] = {}
    for each in waiting:
        by_log.setdefault(each.log, []).append(each)
    for log, batch in by_log.items():
        cursor = _sent(log, [each.halved for each in batch])
        rows = cache(partial(_read, cursor, log, len(batch)))
        for place, each in enumerate(batch):
            each.sent, each.rows, each.place = True, rows, place
        together.at_the_end(rows)


def _sent(log: str, halved: Sequence[tuple[str, str]]) -> Any:
    cursor = statements.cursor()
    try:
        databases.of(connection).send(cursor, log=log, halves=halved)
    except DatabaseError as error:
        transaction.set_rollback(True)
        raise LedgerUnavailable() from error
    return cursor


def _read(cursor: Any, log: str, count: int) -> Sequence[Any]:
    try:
        with cursor:
            rows = databases.of(connection).appended(cursor)
    except DatabaseError as error:
        transaction.set_rollback(True)
        raise LedgerUnavailable() from error
    if len(rows) != count:
        transaction.set_rollback(True)
        raise LedgerUnavailable(f"There is no ledger log “{log}”, so nothing was changed.")
    return rows


def _made(row: Sequence[Any]) -> Entry:
    return Entry.from_db(connection.alias, COLUMNS, row)


def halves(body: dict[str, Any]) -> tuple[str, str]:
    """The canonical bytes of a body, cut where `origin` belongs."""
    _check(body)
    front = {key: value for key, value in body.items() if key < "origin"}
    back = {key: value for key, value in body.items() if key > "origin"}
    tail = jcs.text(back)[1:-1]
    return jcs.text(front)[:-1], f",{tail}" if tail else ""


def _check(body: dict[str, Any]) -> None:
    if unknown := set(body) - BODY_KEYS:
        raise InvalidInput(f"A ledger record has no field {', '.join(sorted(unknown))}.")
    check_plain(body)
    widths = [("kind", body["kind"]), ("actor_id", body["actor"]["id"])]
    for each in body.get("objects", ()):
        widths += [("object_kind", each["kind"]), ("object_key", each["key"])]
    for name, value in widths:
        if not value or len(value) > LONGEST[name]:
            raise InvalidInput(f"{name} in a ledger record has 1 to {LONGEST[name]} characters, not {len(value)}.")


def check_plain(value: Any) -> None:
    """Only what RFC 8785 writes the same way everywhere: no float, no number beyond 2^53, no broken text."""
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, str):
        # NUL is legal JSON that PostgreSQL cannot read back; a lone surrogate is no text at all.
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidInput("Text with NUL or broken characters cannot be recorded in the ledger.")
    elif isinstance(value, int):
        if abs(value) >= 2**53:
            raise InvalidInput("A number in the ledger must stay below 2^53; write it as a string.")
    elif isinstance(value, dict):
        for key, each in value.items():
            if not isinstance(key, str):
                raise InvalidInput("A name in a ledger record must be text.")
            check_plain(key)
            check_plain(each)
    elif isinstance(value, list):
        for each in value:
            check_plain(each)
    else:
        raise InvalidInput(f"A {type(value).__name__} cannot be recorded in the ledger; write it as a string.")


def read(entry: Entry) -> dict[str, Any]:
    """The record as it was hashed."""
    return json.loads(bytes(entry.bytes))
