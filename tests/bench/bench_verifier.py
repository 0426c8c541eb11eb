"""The offline check of a million entries, as a process of its own, against reading and hashing the same file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import verifier
from tests.bench.rows import Row

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "1000000"))
EVERY = 1000
ORIGIN = "procure.example/bench"
LIMIT_SECONDS, LIMIT_BYTES = 60, 300 * 10**6
RECORD = (
    '{"actor":{"id":"%d","kind":"human"},"causes":[%d],"data":{"currency":"USD","delivered_by":"2014-07-01","lines":'
    '[{"item":"ITM-%05d","quantity":"1200","unit_price":"12.50"},{"item":"ITM-00002","quantity":"30","unit_price":'
    '"7.25"}],"status":"issued","total":"15217.50"},"entity":"HQ","kind":"order.issued","objects":[{"key":"PO-%07d",'
    '"kind":"order","version":"1"},{"key":"VEN-0042","kind":"vendor"}],"origin":"procure.example/bench","policy":'
    '"5e0bd1a6f8a9ac5c66f8e3d5c8cc7c5b4f5d2a5e1f3c9b0a7d6e5f4c3b2a1908","prev":"%s","seq":%d,"time":'
    '"2026-01-%02dT%02d:%02d:%02d.%06dZ","v":1}'
)
#: What no checker can do without: read each line as JSON and hash it.
PEER = """
import hashlib, json, sys
with open(sys.argv[1], "rb") as file:
    for line in file:
        hashlib.sha256(line).digest()
        json.loads(line)
"""


def rows() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        token = write(path)
        limit, _ = _timed(["-c", PEER, str(path)])
        seconds, peak = _timed([verifier.__file__, str(path), "--key", token, "--quiet"])
        what = f"offline check of {ENTRIES:,} entries"
        yield Row(f"{what} (limit: sha256 + json.loads)", f"{seconds:.1f} s", f"{limit:.1f} s", seconds / limit)
        yield Row(f"{what} (limit: goal)", f"{seconds:.1f} s", f"{LIMIT_SECONDS} s", seconds / LIMIT_SECONDS)
        yield Row(f"{what}, peak memory", f"{peak / 1e6:.0f} MB", f"{LIMIT_BYTES / 1e6:.0f} MB", peak / LIMIT_BYTES)


def _timed(arguments: list[str]) -> tuple[float, int]:
    """Wall seconds and the largest resident set in bytes of one Python process."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-I", *arguments])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[0]} ended with {process.returncode}")
    return time.perf_counter() - started, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def write(path: Path) -> str:
    """An export of ENTRIES entries with a checkpoint at every EVERY; returns the key that signed them."""
    key = Ed25519PrivateKey.generate()
    public = b"\x01" + key.public_key().public_bytes_raw()
    id = hashlib.sha256(ORIGIN.encode() + b"\n" + public).digest()[:4]
    prev, peaks, notes = "0" * 64, [], []
    with path.open("wb") as file:
        before = {"size": 0, "range": [], "hash": prev}
        head = {"seq": ENTRIES, "hash": _last_hash()}
        header = {"export": 1, "origin": ORIGIN, "from": 1, "to": ENTRIES, "before": before, "head": head}
        file.write(json.dumps(header).encode() + b"\n")
        for seq, content in _records():
            file.write(content + b"\n")
            _push(peaks, verifier.leaf(content), seq)
            if seq % EVERY == 0 or seq == ENTRIES:
                text = f"{ORIGIN}\n{seq}\n{_b64(verifier.root_of(peaks))}\n"
                notes.append(f"{text}\n— {ORIGIN} {_b64(id + key.sign(text.encode()))}\n")
        for note in notes:
            file.write(json.dumps({"checkpoint": note}).encode() + b"\n")
    return f"{ORIGIN}+{id.hex()}+{_b64(public)}"


def _records() -> Iterator[tuple[int, bytes]]:
    prev = "0" * 64
    for seq in range(1, ENTRIES + 1):
        content = _record(seq, prev)
        yield seq, content
        prev = verifier.leaf(content).hex()


def _last_hash() -> str:
    ((_, content),) = deque(_records(), maxlen=1)
    return verifier.leaf(content).hex()


def _push(peaks: list[bytes], leaf: bytes, size: int) -> None:
    peaks.append(leaf)
    while not size & 1:
        right = peaks.pop()
        peaks[-1] = verifier.node(peaks[-1], right)
        size >>= 1


def _b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _record(seq: int, prev: str) -> bytes:
    second = seq // 40
    clock = (second // 86400 % 28 + 1, second // 3600 % 24, second // 60 % 60, second % 60, seq % 40 * 25000)
    return (RECORD % (seq % 50 + 1, max(seq - 1, 1), seq % 20000, seq, prev, seq, *clock)).encode()
