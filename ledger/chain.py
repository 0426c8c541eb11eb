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
from functools import partial
from typing import Any

import rfc8785
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils.functional import SimpleLazyObject

from ledger import databases, statements, together
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

    Among statements that are sent together the entry is read when its first field is, and looked for at their end.
    """
    before, after = halves(body)
    cursor = statements.cursor()
    try:
        databases.of(connection).send(cursor, log=log, before=before, after=after)
    except DatabaseError as error:
        transaction.set_rollback(True)
        raise LedgerUnavailable() from error
    if not together.is_open():
        return _appended(log, cursor)
    entry: Any = SimpleLazyObject(partial(_appended, log, cursor))
    together.at_the_end(lambda: _require(cursor.rowcount == 1, log))
    return entry


def _appended(log: str, cursor: Any) -> Entry:
    try:
        with cursor:
            row = databases.of(connection).appended(cursor)
    except DatabaseError as error:
        transaction.set_rollback(True)
        raise LedgerUnavailable() from error
    _require(row is not None, log)
    return Entry.from_db(connection.alias, COLUMNS, row)


def _require(appended: bool, log: str) -> None:
    if not appended:
        transaction.set_rollback(True)
        raise LedgerUnavailable(f"There is no ledger log “{log}”, so nothing was changed.")


def halves(body: dict[str, Any]) -> tuple[str, str]:
    """The canonical bytes of a body, cut where `origin` belongs."""
    _check(body)
    front = {key: value for key, value in body.items() if key < "origin"}
    back = {key: value for key, value in body.items() if key > "origin"}
    tail = canonical_text(back)[1:-1]
    return canonical_text(front)[:-1], f",{tail}" if tail else ""


def canonical_text(value: Any) -> str:
    """RFC 8785, of what `check_plain` lets pass. Python's own JSON writes the same characters, ten times as fast, as
    long as names sort alike by code point and by UTF-16, which they do below the surrogates."""
    if _sorts_alike(value):
        return _JSON.encode(value)
    return rfc8785.dumps(value).decode()


_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def _sorts_alike(value: Any) -> bool:
    if isinstance(value, dict):
        return all(key.isascii() and _sorts_alike(each) for key, each in value.items())
    return all(map(_sorts_alike, value)) if isinstance(value, list) else True


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
