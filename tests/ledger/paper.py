"""Logs on paper: records, trees, notes and exports made in memory, by other means than the product and the verifier.

The tree is RFC 6962 as its recursive definition reads; bytes are those of `rfc8785`, signatures of `cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import verifier

ORIGIN = "procure.example/paper"
ZEROS = "0" * 64


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + content).digest()


def split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + root(leaves[:k]) + root(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), root(leaves[k:])]
    return [*path(index - k, leaves[k:]), root(leaves[:k])]


def consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """PROOF(m, D[n]) of RFC 6962, section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return [*consistency(old, leaves[:k], whole=whole), root(leaves[k:])]
    return [*consistency(old - k, leaves[k:], whole=False), root(leaves[:k])]


def peaks(leaves: list[bytes]) -> list[bytes]:
    found, rest = [], leaves
    while rest:
        k = 1 << len(rest).bit_length() - 1
        found.append(root(rest[:k]))
        rest = rest[k:]
    return found


@dataclass
class Signer:
    name: str = ORIGIN
    key: Ed25519PrivateKey = field(default_factory=lambda: Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))

    @property
    def _public(self) -> bytes:
        return b"\x01" + self.key.public_key().public_bytes_raw()

    @property
    def _id(self) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + self._public).digest()[:4]

    @property
    def token(self) -> str:
        return f"{self.name}+{self._id.hex()}+{b64(self._public)}"

    def line(self, text: str) -> str:
        return f"— {self.name} {b64(self._id + self.key.sign(text.encode()))}\n"

    def note(self, size: int, root: bytes, *, origin: str | None = None) -> str:
        text = f"{origin or self.name}\n{size}\n{b64(root)}\n"
        return f"{text}\n{self.line(text)}"


SIGNER = Signer()
KEY = verifier.Key.parse(SIGNER.token)


def record(seq: int, prev: str, **more: Any) -> dict[str, Any]:
    return {
        "actor": {"id": str(seq % 7), "kind": "human"},
        "data": {"status": "issued" if seq % 2 else "sent", "total": f"{seq}.50", "text": "é😀"[: seq % 3]},
        "entity": "HQ",
        "kind": "order.issued" if seq % 2 else "order.sent",
        "objects": [{"key": f"PO-{seq % 5}", "kind": "order"}],
        "origin": ORIGIN,
        "prev": prev,
        "seq": seq,
        "time": f"2026-01-01T00:{seq // 60 % 60:02}:{seq % 60:02}.000000Z",
        "v": 1,
    } | more


def chain_on(start: list[bytes], count: int, **more: Any) -> list[bytes]:
    """The records, and `count` more with fresh hashes."""
    entries = list(start)
    for _ in range(count):
        prev = leaf(entries[-1]).hex() if entries else ZEROS
        entries.append(rfc8785.dumps(record(len(entries) + 1, prev, **more)))
    return entries


def jsons(*objects: Any) -> list[bytes]:
    return [json.dumps(each).encode() for each in objects]


@dataclass
class Log:
    """`entries` are the records as they stand now; `notes` were signed over those that stood there at the time."""

    entries: list[bytes]
    notes: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, count: int, *sizes: int) -> Log:
        log = cls(chain_on([], count))
        for size in sizes:
            log.sign(size)
        return log

    @property
    def leaves(self) -> list[bytes]:
        return [leaf(each) for each in self.entries]

    def sign(self, size: int) -> str:
        self.notes[size] = SIGNER.note(size, root(self.leaves[:size]))
        return self.notes[size]

    def header(self, first: int = 1, last: int | None = None, **more: Any) -> dict[str, Any]:
        leaves, end = self.leaves, len(self.entries)
        return {
            "export": 1,
            "origin": ORIGIN,
            "from": first,
            "to": end if last is None else last,
            "before": {
                "size": first - 1,
                "range": [each.hex() for each in peaks(leaves[: first - 1])],
                "hash": leaves[first - 2].hex() if first > 1 else ZEROS,
            },
            "head": {"seq": end, "hash": leaves[-1].hex() if leaves else ZEROS},
        } | more

    def lines(self, first: int = 1, last: int | None = None, header: dict[str, Any] | None = None) -> list[bytes]:
        last = len(self.entries) if last is None else last
        found = [*jsons(header or self.header(first, last)), *self.entries[first - 1 : last]]
        for size, note in sorted(self.notes.items()):
            if size >= first:
                found += jsons({"checkpoint": note})
            if last < size <= len(self.entries):
                proof = [b64(each) for each in consistency(last, self.leaves[:size])] if last else []
                found += jsons({"consistency": {"old": last, "new": size, "proof": proof}})
        return found

    def proof(self, seq: int, size: int) -> str:
        hashes = "".join(f"{b64(each)}\n" for each in path(seq - 1, self.leaves[:size]))
        return (
            f"c2sp.org/tlog-proof@v1\nextra {b64(self.entries[seq - 1])}\nindex {seq - 1}\n{hashes}\n{self.notes[size]}"
        )

    def consistency(self, old: int, new: int) -> dict[str, Any]:
        proof = [b64(each) for each in consistency(old, self.leaves[:new])]
        return {
            "consistency": {"old": old, "new": new, "proof": proof},
            "checkpoints": [self.notes[old], self.notes[new]],
        }


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def check(content: bytes | str | list[bytes], *notes: str, subject: tuple[str, str] | None = None) -> verifier.Answer:
    """What the verifier says of this file, and these notes from outside."""
    if isinstance(content, list):
        content = joined(content)
    if isinstance(content, str):
        content = content.encode()
    anchored = [verifier.open_checkpoint(each, KEY) for each in notes]
    return verifier.check(io.BytesIO(content), KEY, anchored, subject)


def flip(content: bytes, random: random.Random) -> bytes:
    """One bit the other way round."""
    changed = bytearray(content)
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)
