"""The Merkle tree of a log in the database: tiles of 256 hashes, and proofs that read a few of them.

Entries are the leaves (`Entry.hash` is the RFC 6962 leaf hash). Roots of full tiles are kept at levels 8, 16 and 24
when a checkpoint is made (the tiles of c2sp.org/tlog-tiles); what no checkpoint covers yet is hashed when asked for.
"""

from __future__ import annotations

from ledger import merkle
from ledger.errors import InvalidInput
from ledger.merkle import TILE_LEVELS, CompactRange, root_of
from ledger.models import Entry, TreeNode

WIDTH = 1 << TILE_LEVELS
TOP = 24


def inclusion(log: str, seq: int, size: int) -> tuple[bytes, ...]:
    """The proof that entry `seq` (from 1) is among the first `size`."""
    if not 1 <= seq <= size:
        raise InvalidInput(f"Entry {seq} is not among the first {size}.")
    return merkle.inclusion_proof(seq - 1, size, Tiles(log, size).subtree)


def consistency(log: str, old: int, new: int) -> tuple[bytes, ...]:
    """The proof that the first `old` entries are the same in the trees of both sizes."""
    if not 0 <= old <= new:
        raise InvalidInput(f"A log of {new} entries does not continue one of {old}.")
    return merkle.consistency_proof(old, new, Tiles(log, new).subtree)


def root_at(log: str, size: int) -> bytes:
    return range_at(log, size).root()


def range_at(log: str, size: int) -> CompactRange:
    """What the tree of this size grows from."""
    tiles = Tiles(log, size)
    return CompactRange(size, tuple(tiles.perfect(level, index) for level, index in merkle.perfect_subtrees(0, size)))


def keep(log: str, tiles: dict[tuple[int, int], bytes]) -> None:
    """Stores the roots of tiles that a checkpoint completed. They stand for ever, as the entries below them do."""
    rows = [TreeNode(log_id=log, level=level, index=index, hash=root.hex()) for (level, index), root in tiles.items()]
    TreeNode.objects.bulk_create(row for row in rows if row.level <= TOP)


class Tiles:
    """The hashes below one size of a log, read a tile at a time and each tile once."""

    def __init__(self, log: str, size: int) -> None:
        self.log, self.size = log, size
        self._read: dict[tuple[int, int], list[bytes]] = {}

    def subtree(self, start: int, end: int) -> bytes:
        """MTH(D[start:end]) where `start` is a multiple of the next power of two, as all of a proof's are."""
        pieces = [self.perfect(level, index) for level, index in merkle.perfect_subtrees(start, end)]
        return CompactRange(end - start, tuple(pieces)).root()

    def perfect(self, level: int, index: int) -> bytes:
        """The root of a perfect subtree: some of the hashes of one tile."""
        base = min(level // TILE_LEVELS * TILE_LEVELS, TOP)
        first, count = index << level - base, 1 << level - base
        found: list[bytes] = []
        while len(found) < count:  # above the top level, a subtree takes more than one tile
            tile, place = divmod(first + len(found), WIDTH)
            found += self._tile(base, tile)[place : place + count - len(found)]
        return root_of(found)

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._read:
            self._read[level, index] = self._hashes(level, index * WIDTH, min((index + 1) * WIDTH, self.size >> level))
        return self._read[level, index]

    def _hashes(self, level: int, start: int, end: int) -> list[bytes]:
        if level == 0:
            return self._leaves(start, end)
        nodes = TreeNode.objects.filter(log_id=self.log, level=level, index__gte=start, index__lt=end)
        kept = dict(nodes.values_list("index", "hash"))
        return [
            bytes.fromhex(kept[place]) if place in kept else root_of(self._tile(level - TILE_LEVELS, place))
            for place in range(start, end)
        ]

    def _leaves(self, start: int, end: int) -> list[bytes]:
        entries = Entry.objects.filter(log_id=self.log, seq__gt=start, seq__lte=end).order_by("seq")
        found = list(entries.values_list("hash", flat=True))
        if len(found) != end - start:
            raise InvalidInput(f"The log “{self.log}” does not have {self.size} entries.")
        return [bytes.fromhex(each) for each in found]
