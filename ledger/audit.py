"""Holds what was signed of a log against its entries while these are read: the stored checkpoints and their tree, the
last note signed on this host, and the notes in the anchor folder. Reads in order of size and keeps a few hashes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import chain

from ledger import file_anchor, notes, signing, tree
from ledger.errors import DomainError
from ledger.merkle import CompactRange
from ledger.models import Checkpoint, LedgerHead, TreeNode
from ledger.notes import CheckpointText

FLUSH = 1000


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody keeps as signed of the log at one size. `wrong` when it cannot have been."""

    size: int
    root: bytes
    note: str
    kept: str
    stored: Checkpoint | None = None
    outside: bool = False
    wrong: str = ""


class Audit:
    """`add` each entry's hash in order, then `end`. Each returns why what was signed does not fit, or nothing."""

    def __init__(self, head: LedgerHead, key: str = "") -> None:
        """`key` is a verifier key that an auditor holds; without one it is that of the signing key on this host."""
        self.head = head
        self.checkpoints, self.anchored = 0, _anchored(head)
        #: The size of the last checkpoint that the entries give, and of the one at which they no longer do.
        self.good, self.bad = 0, 0
        self._grown, self._tiles = CompactRange(), dict[tuple[int, int], bytes]()
        self._waiting: list[bytes] = []
        self._claims = _claims(head, key)
        self._next = next(self._claims, None)
        self._stored_until = 0

    @property
    def size(self) -> int:
        return self._grown.size + len(self._waiting)

    def add(self, entry_hash: str) -> str:
        self._waiting.append(bytes.fromhex(entry_hash))
        if len(self._waiting) >= FLUSH:
            self._flush()
        return self._check(entry_hash) if self._next and self._next.size <= self.size else ""

    def end(self) -> str:
        self._flush()
        if self._next is not None:
            self.bad = self._next.size
            if self._next.wrong:
                return self._next.wrong
            return (
                f"the tail was cut: {self._next.kept} is of {self._next.size} entries, but there are only {self.size}"
            )
        return self._check_tiles()

    @property
    def between(self) -> tuple[int, int] | None:
        """The sizes of the two checkpoints between which the entries begin to differ from what was signed."""
        return (self.good, self.bad) if self.bad else None

    def _flush(self) -> None:
        self._grown = self._grown.extend(self._waiting, self._tiles)
        self._waiting.clear()

    def _check(self, entry_hash: str) -> str:
        self._flush()
        while self._next and self._next.size <= self.size:
            if reason := self._fault(self._next, entry_hash):
                self.bad = self._next.size
                return reason
            self._take(self._next)
            self._next = next(self._claims, None)
        self.good = self.size
        return ""

    def _take(self, claim: Claim) -> None:
        if claim.stored:
            self.checkpoints += 1
            self._stored_until = claim.size
        if claim.outside:
            self.anchored = max(self.anchored, claim.size)

    def _fault(self, claim: Claim, entry_hash: str) -> str:
        if claim.wrong:
            return claim.wrong
        if claim.root != self._grown.root():
            return (
                f"{claim.kept} of {claim.size} entries has another root than these entries: what was signed begins to"
                f" differ between {_name(self.good)} and the checkpoint of {claim.size}"
            )
        if claim.stored and claim.stored.head_hash != entry_hash:
            return f"{claim.kept} of {claim.size} entries names another hash for the last of them"
        if claim.stored and claim.stored.range != [each.hex() for each in self._grown.hashes]:
            return f"{claim.kept} of {claim.size} entries has another range than these entries"
        if claim.outside and self._stored_until != claim.size:
            return f"{claim.kept} is of {claim.size} entries, and no checkpoint of that size is stored"
        return ""

    def _check_tiles(self) -> str:
        nodes = TreeNode.objects.filter(log=self.head).values_list("level", "index", "hash")
        stored = {(level, index): root for level, index, root in nodes.iterator(chunk_size=FLUSH)}
        for (level, index), root in self._tiles.items():
            kept = stored.pop((level, index), None)
            covered = (index + 1 << level) <= self._stored_until and level <= tree.TOP
            if kept != root.hex() and (covered or kept):
                return (
                    f"the stored tree differs at level {level}, place {index}: {'missing' if not kept else 'changed'}"
                )
        if stored:
            level, index = min(stored)
            return f"the stored tree has a node at level {level}, place {index} that no entries give"
        return ""


def _name(size: int) -> str:
    return f"the checkpoint of {size}" if size else "the beginning"


def _anchored(head: LedgerHead) -> int:
    newest = Checkpoint.objects.filter(log=head, anchorings__isnull=False).order_by("-size").first()
    return newest.size if newest else 0


def _claims(head: LedgerHead, key: str) -> Iterator[Claim]:
    """Everything that was signed, the smallest size first; of one size, what is stored comes first."""
    outside = sorted(chain(_last_note(head, key), _files(head, key)), key=lambda each: each.size)
    return merge(_stored(head, key), outside, key=lambda each: each.size)


def _stored(head: LedgerHead, key: str) -> Iterator[Claim]:
    for each in Checkpoint.objects.filter(log=head).order_by("size").iterator(chunk_size=FLUSH):
        yield _claim(head, key, each.note, "the stored checkpoint", stored=each)


def _last_note(head: LedgerHead, key: str) -> Iterator[Claim]:
    note = signing.last_note(head.origin)
    if note is not None:
        stored = Checkpoint.objects.filter(log=head, note=note).exists()
        claim = _claim(head, key, note, f"the last note signed on this host ({signing.note_path(head.origin)})")
        rival = not stored and Checkpoint.objects.filter(log=head, size=claim.size).exists()
        wrong = f"{claim.kept} differs from the stored checkpoint of {claim.size} entries" if rival else claim.wrong
        yield Claim(claim.size, claim.root, note, claim.kept, wrong=wrong)


def _files(head: LedgerHead, key: str) -> Iterator[Claim]:
    for path in file_anchor.kept(head.origin):
        try:
            note = path.read_text(encoding="utf-8")
            ours = notes.text_of(note).startswith(f"{head.origin}\n")
        except (DomainError, UnicodeDecodeError):
            note, ours = "", True
        if ours:  # another log's name may begin like this one's
            claim = _claim(head, key, note, f"the anchored note {path.name}", outside=True)
            if claim.wrong or not signing.is_given_up(head.origin, claim.size):
                yield claim


def _claim(
    head: LedgerHead, key: str, note: str, kept: str, *, stored: Checkpoint | None = None, outside: bool = False
) -> Claim:
    size = stored.size if stored else 0
    try:
        said = CheckpointText.parse(notes.open_note(note, key or signing.key(head.origin).verifier_key))
    except DomainError as error:
        return Claim(size, b"", note, kept, stored, outside, wrong=f"{kept} cannot be trusted: {error.message}")
    wrong = "" if said.origin == head.origin else f"{kept} is about the log {said.origin}"
    if stored and (said.size, said.root.hex()) != (stored.size, stored.root):
        wrong = f"{kept} of {stored.size} entries differs from its own note"
    return Claim(size or said.size, said.root, note, kept, stored, outside, wrong)
