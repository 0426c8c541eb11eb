"""Signed checkpoints: what the whole log was at one size, in a note that a verifier checks with one key.

A checkpoint costs its new entries only. Nothing is signed that does not continue what was signed before: not what the
table says, and not what the note outside the database says. The note is written down outside first, the row second;
after a crash between the two the next signer finds the note, sees that the entries still give it, and adds the row.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import IntegrityError, transaction

from ledger import anchors, clock, merkle, notes, rights, signing, tree
from ledger.actors import Actor
from ledger.errors import DomainError, NotFound, Stale
from ledger.merkle import CompactRange
from ledger.models import Checkpoint, Entry, LedgerHead
from ledger.notes import BadNote, CheckpointText

log = logging.getLogger(__name__)
WORKER = Actor.system("checkpoints")
EVERY, AT_LEAST_EVERY = 1_000, timedelta(minutes=5)
#: A log whose checkpoint was refused is left alone this long by one worker; soundness shows it meanwhile.
REST = 60.0
START = "0" * 64
_resting: dict[str, float] = {}


class CannotSign(DomainError):
    """The ledger does not continue what was signed of it before, so nothing was signed."""

    code = "cannot_sign"


class _Overtaken(Exception):
    """Another host stored a checkpoint of another size meanwhile."""


def make(log: str = "main", *, actor: Actor) -> Checkpoint | None:
    """Signs and stores where the log stands now; None when nothing is new. Refused inside a transaction, because what
    may yet be rolled back is not signed."""
    if actor != WORKER:
        rights.require(actor, "ledger.checkpoint")
    return _make_alone(log, lambda head: True)


def latest(log: str = "main") -> Checkpoint | None:
    return Checkpoint.objects.filter(log_id=log).order_by("-size").first()


def verifier_key(log: str = "main") -> str:
    """What auditors are given once, out of band: `<origin>+<id>+<key>`."""
    return _key(LedgerHead.objects.get(log=log)).verifier_key


def due() -> bool:
    return any(_is_due(head) for head in LedgerHead.objects.all())


def answer() -> int:
    """Makes what is due and returns how many checkpoints it made."""
    made = 0
    for head in LedgerHead.objects.order_by("log"):
        if _is_due(head):
            try:
                made += _make_alone(head.log, _is_due) is not None
            except (DomainError, OSError) as error:
                _resting[head.origin] = time.monotonic()
                if isinstance(error, OSError):
                    _complain(head, error)
    return made


def fault(head: LedgerHead, using: str = "default") -> str:
    """Why nothing may be signed of this log, as far as a few rows tell; empty when there is no reason."""
    last = Checkpoint.objects.using(using).filter(log=head).order_by("-size").first()
    try:
        note = signing.last_note(head.origin)
        if note is None and last is None:
            return ""
        key = signing.key(head.origin).verifier_key
        _check_last(head, last, key, using)
        _read_note(head, note, key, using)
    except DomainError as error:
        return error.message
    return ""


def _make_alone(log: str, wanted: Callable[[LedgerHead], bool]) -> Checkpoint | None:
    """As the only signer of this log on this host; `wanted` is asked again when the others are done."""
    with transaction.atomic(durable=True):
        head = LedgerHead.objects.filter(log=log).first()
    if head is None:
        raise NotFound(f"There is no ledger log “{log}”.")
    with signing.held(head.origin):
        for _ in range(3):
            try:
                return _make(log) if wanted(LedgerHead.objects.get(log=log)) else None
            except _Overtaken:
                continue
            except DomainError as error:
                _complain(head, error)
                raise
    raise Stale()


def _is_due(head: LedgerHead) -> bool:
    if time.monotonic() - _resting.get(head.origin, -REST) < REST:
        return False
    last = latest(head.log)
    size = last.size if last else 0
    if head.seq == size or (oldest := anchors.after(head.log, size).first()) is None:
        return False
    return head.seq - size >= EVERY or clock.now() - oldest.time >= AT_LEAST_EVERY


def _complain(head: LedgerHead, error: Exception) -> None:
    log.error("No checkpoint of %s: %s", head.origin, error)


def _key(head: LedgerHead) -> notes.SigningKey:
    """Made on first use alone: once something was signed, another key would not do."""
    fresh = not Checkpoint.objects.filter(log=head).exists() and signing.last_note(head.origin) is None
    return signing.key(head.origin, may_make=fresh)


def _make(log: str) -> Checkpoint | None:
    head = LedgerHead.objects.get(log=log)
    key, last, note = _key(head), latest(log), signing.last_note(head.origin)
    _check_last(head, last, key.verifier_key)
    signed = _read_note(head, note, key.verifier_key)
    adopted = None
    if note and signed and not Checkpoint.objects.filter(log=head, size=signed.size).exists():
        adopted = _adopt(head, last, signed, note)
        last = adopted if last is None or last.size < adopted.size else last
    # What only says that the last one is on its way needs none of its own.
    if not anchors.after(log, last.size if last else 0).exists():
        return adopted
    grown, tiles = _grow(head, last, upto=head.seq)
    note = notes.sign(CheckpointText(head.origin, grown.size, grown.root()).text(), key)
    signing.remember(head.origin, note)
    return _store(head, grown, tiles, note)


def _adopt(head: LedgerHead, last: Checkpoint | None, signed: CheckpointText, note: str) -> Checkpoint:
    """The row that a crash kept from being stored, when the entries still are what was signed."""
    tiles: dict[tuple[int, int], bytes] = {}
    if last is None or last.size < signed.size:
        grown, tiles = _grow(head, last, upto=signed.size)
    else:
        grown = tree.range_at(head.log, signed.size)
    if grown.root() != signed.root:
        raise CannotSign(f"The first {signed.size} entries do not give the root that was signed of them.")
    return _store(head, grown, tiles, note)


def _store(head: LedgerHead, grown: CompactRange, tiles: dict[tuple[int, int], bytes], note: str) -> Checkpoint:
    try:
        with transaction.atomic(durable=True):
            checkpoint = Checkpoint.objects.create(
                log=head,
                size=grown.size,
                root=grown.root().hex(),
                note=note,
                head_hash=_hash_at(head, grown.size),
                range=[each.hex() for each in grown.hashes],
                signed_at=clock.now(),
            )
            tree.keep(head.log, tiles)
            anchors.spread(checkpoint)
    except IntegrityError:
        other = Checkpoint.objects.filter(log=head, size=grown.size, note=note).first()
        if other is None:
            raise _Overtaken from None
        return other
    return checkpoint


def _grow(head: LedgerHead, last: Checkpoint | None, *, upto: int) -> tuple[CompactRange, dict[tuple[int, int], bytes]]:
    """The tree at `upto`, and the tiles that became full since the last checkpoint."""
    tiles: dict[tuple[int, int], bytes] = {}
    base = _range(last) if last else CompactRange()
    return base.extend(_linked(head, last, upto=upto), tiles), tiles


def _linked(head: LedgerHead, last: Checkpoint | None, *, upto: int) -> Iterator[bytes]:
    """The hashes of the entries after the last checkpoint, each seen to be that of its bytes and to follow the one
    before."""
    seq, before = (last.size, last.head_hash) if last else (0, START)
    rows = Entry.objects.filter(log=head, seq__gt=seq, seq__lte=upto).order_by("seq")
    for found, content, prev, digest in rows.values_list("seq", "bytes", "prev", "hash").iterator(chunk_size=1000):
        seq += 1
        content = bytes(content)
        if found != seq:
            raise CannotSign(f"Entry {seq} is missing.")
        # The record ends in prev, seq, time and v (ledger.chain), so these can be read without taking it apart.
        tail = f',"prev":"{before}","seq":{seq},"time":"'.encode()
        if prev != before or tail not in content[-len(tail) - 40 :]:
            raise CannotSign(f"Entry {seq} does not continue the entry before it.")
        leaf = merkle.leaf(content)
        if leaf.hex() != digest:
            raise CannotSign(f"The bytes of entry {seq} do not have its hash.")
        before = digest
        yield leaf
    if seq != upto:
        raise CannotSign(f"Entry {seq + 1} is missing: the head says that there are {head.seq}.")
    if seq == head.seq and before != head.hash:
        raise CannotSign(f"The hash of entry {seq} is not the one that the head keeps.")


def _check_last(head: LedgerHead, last: Checkpoint | None, key: str, using: str = "default") -> None:
    """The newest row: signed by our key, saying what its columns say, and true of the entries."""
    if last is None:
        return
    said = _opened(last.note, key, f"The stored checkpoint of {last.size} entries")
    if (said.origin, said.size, said.root.hex()) != (head.origin, last.size, last.root):
        raise CannotSign(f"The stored checkpoint of {last.size} entries differs from its own note.")
    if head.seq < last.size:
        raise CannotSign(_cut(head, last.size))
    if _hash_at(head, last.size, using) != last.head_hash:
        raise CannotSign(f"Entry {last.size} is not the one that was signed in the checkpoint of that size.")
    try:
        grown = _range(last)
    except ValueError:
        grown = None
    if grown is None or grown.root().hex() != last.root:
        raise CannotSign(f"The range kept with the checkpoint of {last.size} entries does not give its root.")


def _read_note(head: LedgerHead, note: str | None, key: str, using: str = "default") -> CheckpointText | None:
    """What was signed last on this host: the table has the same, or nothing yet."""
    if note is None:
        return None
    said = _opened(note, key, f"The note in {signing.note_path(head.origin)}")
    if said.origin != head.origin:
        raise CannotSign(f"The note in {signing.note_path(head.origin)} is about the log {said.origin}.")
    if said.size > head.seq:
        raise CannotSign(_cut(head, said.size))
    stored = Checkpoint.objects.using(using).filter(log=head, size=said.size).first()
    if stored and stored.note != note:
        raise CannotSign(f"The stored checkpoint of {said.size} entries is not the one that was signed here.")
    return said


def _cut(head: LedgerHead, signed: int) -> str:
    return (
        f"{signed} entries of {head.origin} were signed, but the log has only {head.seq}: its tail was cut, or an old"
        " backup was put back. A new ledger takes another origin."
    )


def _opened(note: str, key: str, what: str) -> CheckpointText:
    try:
        return CheckpointText.parse(notes.open_note(note, key))
    except BadNote as error:
        raise CannotSign(f"{what} cannot be trusted. {error.message}") from None


def _range(checkpoint: Checkpoint) -> CompactRange:
    return CompactRange(checkpoint.size, tuple(bytes.fromhex(each) for each in checkpoint.range))


def _hash_at(head: LedgerHead, seq: int, using: str = "default") -> str:
    return Entry.objects.using(using).filter(log=head, seq=seq).values_list("hash", flat=True).first() or ""
