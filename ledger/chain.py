"""The chain itself: bytes, hash and the append statement. Record format version 1.

Bytes are RFC 8785 JSON of the body plus `origin`, `prev`, `seq`, `time` and `v`. hash = SHA-256(0x00 || bytes);
`prev` is inside the bytes, so one hash is chain link and RFC 6962 leaf.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import rfc8785

from ledger import clock
from ledger.command import ObjectRef
from ledger.models import Entry, EntryObject, LedgerHead


def leaf_hash(content: bytes) -> str:
    return hashlib.sha256(b"\x00" + content).hexdigest()


def append(log: str, body: dict[str, Any], objects: Sequence[ObjectRef]) -> Entry:
    head = LedgerHead.objects.select_for_update().get(log=log)
    time = clock.now()
    content = rfc8785.dumps(
        body
        | {
            "origin": head.origin,
            "prev": head.hash,
            "seq": head.seq + 1,
            "time": time.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "v": 1,
        }
    )
    entry = Entry.objects.create(
        log=head,
        seq=head.seq + 1,
        time=time,
        kind=body["kind"],
        actor_kind=body["actor"]["kind"],
        actor_id=body["actor"]["id"],
        bytes=content,
        prev=head.hash,
        hash=leaf_hash(content),
    )
    LedgerHead.objects.filter(log=log).update(seq=entry.seq, hash=entry.hash)
    EntryObject.objects.bulk_create(EntryObject(entry=entry, kind=each.kind, key=each.key) for each in objects)
    return entry


def read(entry: Entry) -> dict[str, Any]:
    """The record as it was hashed."""
    return json.loads(bytes(entry.bytes))
