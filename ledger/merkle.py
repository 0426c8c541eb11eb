"""The Merkle tree over a log: RFC 6962 hashes, RFC 9162 proofs (sections 2.1.3 and 2.1.4). Pure.

MTH(D[start:end]) is what these RFCs call the hash of a list of leaves. Every leaf of ours is an entry's `hash`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
#: A tile has 256 hashes, so its root lies 8 levels above them (C2SP tlog-tiles).
TILE_LEVELS = 8
EMPTY_ROOT = hashlib.sha256().digest()

Subtree = Callable[[int, int], bytes]


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class CompactRange:
    """All that is needed of `size` leaves to add more: the roots of their perfect subtrees, the largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count() or not _are_hashes(self.hashes):
            raise ValueError(f"{self.size} leaves do not have these {len(self.hashes)} subtrees")

    def append(self, leaf_hash: bytes) -> CompactRange:
        return self.extend((leaf_hash,))

    def extend(self, leaf_hashes: Iterable[bytes], tiles: dict[tuple[int, int], bytes] | None = None) -> CompactRange:
        """The range with these leaves added. `tiles` takes the root of each tile that becomes complete, by place."""
        size, stack = self.size, list(self.hashes)
        for each in leaf_hashes:
            stack.append(each)
            rest, level = size, 0
            while rest & 1:
                right = stack.pop()
                stack[-1] = node(stack[-1], right)
                rest >>= 1
                level += 1
                if tiles is not None and level % TILE_LEVELS == 0:
                    tiles[level, size >> level] = stack[-1]
            size += 1
        return CompactRange(size, tuple(stack))

    def root(self) -> bytes:
        if not self.hashes:
            return EMPTY_ROOT
        *lefts, root = self.hashes
        for left in reversed(lefts):
            root = node(left, root)
        return root


def root_of(hashes: Sequence[bytes]) -> bytes:
    """MTH of a list of hashes, taken as leaves."""
    return CompactRange().extend(hashes).root()


def perfect_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """[start, end) cut into aligned powers of two, left to right: (level, index) of each."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append((level, start >> level))
        start += 1 << level
    return found


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """PATH(index, D[size]): the siblings from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} among {size}")
    start, end, proof = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(start, middle))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, new: int, subtree: Subtree) -> tuple[bytes, ...]:
    """PROOF(old, D[new]): that the first `old` leaves of both trees are the same. Nothing needs proof from 0."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not continue one of {old}")
    if old in (0, new):
        return ()
    start, end, proof = 0, new, []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            proof.append(subtree(middle, end))
            end = middle
        else:
            proof.append(subtree(start, middle))
            start = middle
    if start:  # the verifier has the root of the old tree, but not of this part of it
        proof.append(subtree(start, end))
    return tuple(reversed(proof))


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the leaf is number `index` (from 0) of the tree of that size and root. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size or not _are_hashes((leaf_hash, root, *proof)):
        return False
    place, last, found = index, size - 1, leaf_hash
    for each in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node(each, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, each)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves begins with that of `old`. RFC 9162, 2.1.4.2."""
    if not 0 <= old <= new or not _are_hashes((old_root, new_root, *proof)):
        return False
    if old == new or old == 0:
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node(each, before), node(each, after)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            after = node(after, each)
        place, last = place >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _are_hashes(values: Iterable[bytes]) -> bool:
    # Lengths are fixed: else bytes could move from one child of a node to the other.
    return all(len(each) == HASH_BYTES for each in values)
