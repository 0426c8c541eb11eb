"""Hands out a log, or proofs of it, for a check elsewhere. `ledger/verifier.py` describes the formats and checks them.

Rows are handed out as they stand, also where they contradict each other: to say so is the verifier's part.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, BinaryIO

from django.db import transaction
from django.utils.module_loading import import_string

from ledger import entries, rights, tree
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotFound
from ledger.models import Checkpoint, Entry, LedgerHead, LegalEntity

START = "0" * 64
CHUNK = 1000
#: (log, first, last) -> what opens the commitments of these entries: seq, path, salt, value.
DISCLOSURES = "ledger.personal.disclosures"


@dataclass(frozen=True, slots=True)
class Export:
    """What was written: entries `first` to `last` of a log that then ended at `head`."""

    first: int
    last: int
    head: int


def write(
    log: str, stream: BinaryIO, *, first: int = 1, last: int | None = None, actor: Actor, personal: bool = False
) -> Export:
    """Writes entries `first` to `last` (the end by default), the checkpoints and the proofs that lead to them.

    With `personal`, also the personal values that are not erased; that alone is itself recorded. Memory does not grow
    with the log; what is appended meanwhile is left out.
    """
    rights.require(actor, "ledger.export")
    # The newest checkpoint before the head: so none that is handed out is beyond it, unless the log was cut.
    newest = Checkpoint.objects.filter(log_id=log).order_by("-pk").first()
    head = _head(log)
    last = head.seq if last is None else last
    if first < 1 or not first - 1 <= last <= head.seq:
        raise InvalidInput(f"There are no entries {first} to {last}: the log “{log}” has 1 to {head.seq}.")
    header = _header(head, first, last)
    if personal:
        with transaction.atomic():
            entity = LegalEntity.objects.filter(log=head).earliest("pk")
            entries.exported(log=log, first=first, last=last, actor=actor, entity=entity)
    stream.write(_line(header))
    for line in _entries(log, first, last, personal=personal):
        stream.write(line)
    for line in _checkpoints(head, newest, first, last):
        stream.write(line)
    return Export(first, last, head.seq)


def proof_of(log: str, seq: int, *, actor: Actor) -> str:
    """One entry with the proof that the newest checkpoint signed it (c2sp.org/tlog-proof)."""
    rights.require(actor, "ledger.export")
    return proof_for_party(log, seq)


def proof_for_party(log: str, seq: int) -> str:
    """The same for whom the entry concerns: the caller has seen that it concerns nobody else."""
    entry = Entry.objects.filter(log_id=log, seq=seq).first()
    if entry is None:
        raise NotFound(f"There is no entry {seq} in the log “{log}”.")
    checkpoint = Checkpoint.objects.filter(log_id=log, size__gte=seq).order_by("-size").first()
    if checkpoint is None:
        raise NotFound(f"No checkpoint covers entry {seq} yet. Make one, then ask again.")
    lines = ["c2sp.org/tlog-proof@v1", f"extra {_base64(bytes(entry.bytes))}", f"index {seq - 1}"]
    lines += map(_base64, tree.inclusion(log, seq, checkpoint.size))
    return "\n".join([*lines, "", checkpoint.note])


def consistency_of(log: str, old: int, new: int, *, actor: Actor) -> str:
    """The proof that the log of checkpoint `new` continues that of checkpoint `old`, with both, as one JSON object."""
    rights.require(actor, "ledger.export")
    kept = dict(Checkpoint.objects.filter(log_id=log, size__in=(old, new)).values_list("size", "note"))
    if missing := [str(size) for size in (old, new) if size not in kept]:
        raise NotFound(f"There is no checkpoint of {' nor of '.join(missing)} entries in the log “{log}”.")
    proof = _consistency(log, old, new)
    return json.dumps({**proof, "checkpoints": [kept[old], kept[new]]}) + "\n"


def _head(log: str) -> LedgerHead:
    head = LedgerHead.objects.filter(log=log).first()
    if head is None:
        raise NotFound(f"There is no ledger log “{log}”.")
    return head


def _header(head: LedgerHead, first: int, last: int) -> dict[str, Any]:
    before = Entry.objects.filter(log=head, seq=first - 1).values_list("hash", flat=True).first()
    return {
        "export": 1,
        "origin": head.origin,
        "from": first,
        "to": last,
        "before": {
            "size": first - 1,
            "range": [each.hex() for each in tree.range_at(head.log, first - 1).hashes],
            "hash": before or START,
        },
        "head": {"seq": head.seq, "hash": head.hash},
    }


def _entries(log: str, first: int, last: int, *, personal: bool) -> Iterator[bytes]:
    """The exact bytes of each entry, and below them the values told of it."""
    for start in range(first, last + 1, CHUNK):
        end = min(start + CHUNK - 1, last)
        told = _told(import_string(DISCLOSURES)(log, start, end)) if personal else {}
        rows = Entry.objects.filter(log_id=log, seq__gte=start, seq__lte=end).order_by("seq")
        for seq, content in rows.values_list("seq", "bytes"):
            yield bytes(content) + b"\n"
            yield from told.get(seq, ())


def _told(disclosures: Iterable[Any]) -> dict[int, list[bytes]]:
    found = sorted(disclosures, key=lambda each: (each.seq, each.path))
    return {
        seq: [
            _line({"disclosure": {"seq": seq, "field": each.path, "salt": each.salt, "value": each.value}})
            for each in group
        ]
        for seq, group in groupby(found, key=lambda each: each.seq)
    }


def _checkpoints(head: LedgerHead, newest: Checkpoint | None, first: int, last: int) -> Iterator[bytes]:
    """Each stored checkpoint from `first` on and the newest; and how the export continues to those beyond its end."""
    if newest is None:
        return
    if newest.size < first:
        yield _line({"checkpoint": newest.note})
    stored = Checkpoint.objects.filter(log=head, pk__lte=newest.pk, size__gte=first).order_by("size")
    for size, note in stored.values_list("size", "note").iterator(chunk_size=CHUNK):
        yield _line({"checkpoint": note})
        if last < size <= head.seq:
            yield _line(_consistency(head.log, last, size))


def _consistency(log: str, old: int, new: int) -> dict[str, Any]:
    return {
        "consistency": {"old": old, "new": new, "proof": [_base64(each) for each in tree.consistency(log, old, new)]}
    }


def _line(told: dict[str, Any]) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
