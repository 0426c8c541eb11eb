"""Recomputes the whole chain and its tree, and names the first entry or checkpoint that is wrong, and why.

Reads in chunks, writes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from django.db.models import Max, QuerySet

from ledger import jcs
from ledger.audit import Audit
from ledger.chain import leaf_hash
from ledger.gauges import SILENT, Gauge
from ledger.models import Entry, EntryObject, LedgerHead

START, UNTOLD = "0" * 64, "untold"
CHUNK = 1000
UNLINKED = "it does not continue the entry before it"
ADDED = "it was added: the entry of this number follows it"
NOT_THE_HEAD = "its hash is not the one that the head keeps"
HASHED_ANEW = "it was changed and hashed anew: the entry after it continues another"


@dataclass(frozen=True, slots=True)
class Finding:
    """`first_bad` is a sequence number; `log` says in which log when it is not the only one.

    What was signed and no longer holds is told by `between`: the sizes of the two checkpoints between which it begins.
    `checkpoints` were all checked; the last `uncovered` entries come after the newest that an anchor outside has.
    """

    valid: bool
    entries: int
    first_bad: int | None = None
    reason: str = ""
    log: str = ""
    checkpoints: int = 0
    uncovered: int = 0
    between: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    seq: int
    time: str
    kind: str
    actor: tuple[str, str]
    content: bytes
    prev: str
    hash: str


_Read = tuple[_Row, set[tuple[str, str]]]


def verify(log: str | None = None, *, key: str = "", gauge: Gauge = SILENT) -> Finding:
    """All logs, or one. Entries appended meanwhile are left for the next time.

    What was signed is held against `key`, an auditor's own verifier key; without it, against the key on this host.
    """
    heads = LedgerHead.objects.filter(log=log) if log else LedgerHead.objects.all()
    entries = checkpoints = uncovered = 0
    for head in heads.order_by("log"):
        finding = _verify_log(head, key, gauge)
        entries += finding.entries
        checkpoints += finding.checkpoints
        uncovered += finding.uncovered
        if not finding.valid:
            return replace(finding, entries=entries, log=head.log, checkpoints=checkpoints, uncovered=uncovered)
    known = LedgerHead.objects.values("log")
    if stray := Entry.objects.exclude(log_id__in=known).order_by("seq").first():
        return Finding(False, entries, stray.seq, "it belongs to a log that has no head", stray.log_id)
    return Finding(True, entries, checkpoints=checkpoints, uncovered=uncovered)


def _verify_log(head: LedgerHead, key: str, gauge: Gauge) -> Finding:
    earlier, before, latest, seq, audit = "", START, "", 0, Audit(head, key)
    # Read after what was signed is known: a portal at work signs nothing beyond it.
    head = LedgerHead.objects.get(pk=head.pk)
    gauge.of(head.seq, f"Entries of {head.log}")
    for (row, objects), following in _with_next(_rows(head)):
        seq += 1
        gauge.step()
        try:
            reason = _fault(row, objects, seq=seq, prev=before, origin=head.origin, not_before=latest)
        except (AttributeError, TypeError):
            reason = "its record does not have the shape of one"
        if reason == UNLINKED and _named_after(row, following, head) == row.hash and _follows_another(row, before):
            return Finding(False, seq - 2, seq - 1, HASHED_ANEW)
        if reason == UNLINKED and audit.good != seq - 1 and _is_pushed_on(row, earlier):
            return Finding(False, seq - 2, seq - 1, ADDED)
        if reason:
            return Finding(False, seq - 1, seq, reason)
        earlier, before, latest = before, row.hash, row.time
        if reason := audit.add(row.hash):
            if _named_after(row, following, head) not in (row.hash, UNTOLD):
                anew = HASHED_ANEW if following else NOT_THE_HEAD
                return Finding(False, seq - 1, seq, anew, between=audit.between)
            return _unlike_signed(audit, seq, reason)
    if seq < head.seq:
        return Finding(False, seq, seq + 1, f"it is missing: the head says that there are {head.seq} entries")
    if before != head.hash:
        return Finding(False, seq, max(seq, 1), NOT_THE_HEAD)
    last = Entry.objects.filter(log=head).aggregate(last=Max("seq"))["last"] or 0
    # Appends move the head in the same transaction, so the head read after the rows is never behind them.
    if last > LedgerHead.objects.get(pk=head.pk).seq:
        return Finding(False, seq, head.seq + 1, "it lies beyond the head")
    if reason := audit.end():
        return _unlike_signed(audit, seq, reason)
    return Finding(True, seq, checkpoints=audit.checkpoints, uncovered=max(seq - audit.anchored, 0))


def _with_next(rows: Iterator[_Read]) -> Iterator[tuple[_Read, _Read | None]]:
    here = next(rows, None)
    while here is not None:
        following = next(rows, None)
        yield here, following
        here = following


def _named_after(row: _Row, following: _Read | None, head: LedgerHead) -> Any:
    """The hash that the entry after this one, or the head after the last, names as that of the one before."""
    if following is not None:
        return (_parse(following[0].content) or {}).get("prev")
    return head.hash if row.seq == head.seq else UNTOLD


def _follows_another(row: _Row, before: str) -> bool:
    """Than the one that stands before it: so, if what comes after names this one, that one was changed."""
    record = _parse(row.content) or {}
    return record.get("seq") == row.seq > 1 and record.get("prev") == row.prev != before


def _is_pushed_on(row: _Row, earlier: str) -> bool:
    """By its record it is the entry whose place the one before it has taken."""
    record = _parse(row.content) or {}
    return record.get("seq") == row.seq - 1 and record.get("prev") == row.prev == earlier


def _unlike_signed(audit: Audit, seq: int, reason: str) -> Finding:
    uncovered = max(seq - audit.anchored, 0)
    return Finding(False, seq, reason=reason, checkpoints=audit.checkpoints, uncovered=uncovered, between=audit.between)


def _rows(head: LedgerHead) -> Iterator[_Read]:
    """Rows up to the head, each with what the object index says of it, a chunk at a time."""
    after = -1
    while True:
        chunk = _chunk(Entry.objects.filter(log=head, seq__gt=after, seq__lte=head.seq).order_by("seq")[:CHUNK])
        if not chunk:
            return
        index = EntryObject.objects.filter(
            entry__log=head, entry__seq__gte=chunk[0].seq, entry__seq__lte=chunk[-1].seq
        ).order_by("entry_id")
        objects = {
            pk: {(kind, key) for _, kind, key in group}
            for pk, group in groupby(index.values_list("entry_id", "kind", "key"), key=lambda each: each[0])
        }
        for entry in chunk:
            yield _row(entry), objects.get(entry.pk, set())
        after = chunk[-1].seq


def _chunk(rows: QuerySet[Entry]) -> list[Entry]:
    try:
        return list(rows)
    except ValueError:  # SQLite keeps any text in a column of times
        return [_without_time(pk) for pk in rows.values_list("pk", flat=True)]


def _without_time(pk: int) -> Entry:
    try:
        return Entry.objects.get(pk=pk)
    except ValueError:
        entry = Entry.objects.defer("time").get(pk=pk)
        entry.time = None  # type: ignore[assignment]
        return entry


def _row(entry: Entry) -> _Row:
    return _Row(
        pk=entry.pk,
        seq=entry.seq,
        time=entry.time.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if entry.time else "",
        kind=entry.kind,
        actor=(entry.actor_kind, entry.actor_id),
        content=bytes(entry.bytes),
        prev=entry.prev,
        hash=entry.hash,
    )


def _fault(row: _Row, objects: set[tuple[str, str]], *, seq: int, prev: str, origin: str, not_before: str) -> str:
    """Why this cannot be entry number `seq`, or nothing."""
    if row.seq != seq:
        return f"it is missing: the next row is number {row.seq}"
    if leaf_hash(row.content) != row.hash:
        return "its bytes do not have its hash"
    record = _parse(row.content)
    if record is None:
        return "its bytes are not canonical JSON (RFC 8785)"
    if record.get("prev") != prev or row.prev != prev:
        return UNLINKED
    if (record.get("seq"), record.get("origin"), record.get("v")) != (seq, origin, 1):
        return "its record carries another number, origin or version"
    actor = record.get("actor") or {}
    if (record.get("kind"), (actor.get("kind"), actor.get("id")), record.get("time")) != (
        row.kind,
        row.actor,
        row.time,
    ):
        return "its columns differ from its record"
    if row.time < not_before:
        return "its time lies before that of the entry before it"
    if objects != {(each.get("kind"), each.get("key")) for each in record.get("objects", [])}:
        return "the index of objects differs from its record"
    return ""


def _parse(content: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(content)
        return record if isinstance(record, dict) and jcs.dumps(record) == content else None
    except (ValueError, RecursionError):
        return None
