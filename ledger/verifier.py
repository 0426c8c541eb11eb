"""Checks a Procure ledger without Procure: an export, the proof of one entry, or a consistency proof.

    python verifier.py FILE --key VKEY [--checkpoint NOTE-FILE …] [--object KIND:KEY] [--json] [--quiet]

One file, Python 3.9 or newer, standard library only: copy it alone. FILE may be `-`; what it is shows from its content.
VKEY is the pinned key, one token `origin+hash+base64` (C2SP signed-note); its name is the origin that every record and
checkpoint must carry. Checkpoints given by --checkpoint come from outside (mail, file drop) and are authoritative.
Exit codes: 0 valid; 1 not valid, or no checkpoint of this key covers it; 2 wrong use, or a file that cannot be read.

RECORDS  RFC 8785 JSON without floats and without integers from 2^53 on, one object with at least `actor`, `data`,
  `entity`, `kind`, `objects`, `origin`, `prev`, `seq`, `time`, `v` (1). Hash: SHA-256(0x00 || bytes); `prev` is the
  hash of the entry before in hex (zeros for entry 1). The hash is also a leaf of the tree of RFC 6962, whose nodes are
  SHA-256(0x01 || left || right).
NOTES    C2SP signed-note with one Ed25519 signature (type 0x01) of VKEY; lines of other keys are ignored. The text is
  a C2SP tlog-checkpoint: origin, size, base64 root.
EXPORT   UTF-8 JSON lines, each ending in LF:
  {"export":1,"origin":…,"from":a,"to":b,"before":{"size":a-1,"range":[hex…],"hash":hex},"head":{"seq":n,"hash":hex}}
      `range`: roots of the perfect subtrees of the first a-1 entries, largest first; `hash`: that of entry a-1, or
      zeros; `head`: the end of the log when the export began. b = a-1 when there is nothing to tell.
  the record of each entry from a to b, byte for byte, and directly below its entry, for each value told,
  {"disclosure":{"seq":n,"field":path,"salt":hex,"value":…}}
      fits when commitments[path] of the entry is SHA-256("procure-commitment-v1" 0x00 || salt || RFC 8785 of value)
  {"checkpoint":"note"}    each one stored of size >= a, and the newest
  {"consistency":{"old":b,"new":m,"proof":[base64…]}}    for each of them of size m > b
PROOF OF ONE ENTRY   C2SP tlog-proof: `c2sp.org/tlog-proof@v1`, `extra` with the record in base64, `index` (seq - 1),
  the hashes of the inclusion proof, an empty line, the checkpoint.
CONSISTENCY PROOF    {"consistency":{"old":m,"new":n,"proof":[base64…]},"checkpoints":["note of m","note of n"]}

An entry that was changed, removed, added or moved is named by its number, the first where there are several.
Where whole stretches were replaced with fresh hashes, only signed checkpoints can tell: then the last checkpoint that
fits and the first that does not are named, 0 standing for the beginning. What follows the newest fitting checkpoint is
said to be not yet covered. The `before` and `head` of a header are believed only as far as a signed root confirms them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, BinaryIO

ZEROS = "0" * 64
LONGEST_LINE = 16 * 2**20
LISTED = 1000
HEX = re.compile(r"[0-9a-f]{64}\Z")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z", re.ASCII)
DECIMAL = re.compile(r"(0|[1-9][0-9]{0,17})\Z")
PROOF_MARK = "c2sp.org/tlog-proof@v1"
AFTER_ENTRIES = (b'{"checkpoint"', b'{"consistency"')
COMMITMENT_TAG = b"procure-commitment-v1\x00"


class NotValid(Exception):
    """It is not what was signed. `between`: the last checkpoint that fits and the first that does not."""

    def __init__(self, reason: str, first_bad: int | None = None, between: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.first_bad, self.between = reason, first_bad, between


class Unusable(Exception):
    """Wrong use: a key, file or argument that says nothing."""


# --- Ed25519: RFC 8032, section 5.1, verification only --------------------------------------------------------------
# Strict: S < L, canonical encodings of A and R, no key of small order; without cofactor (SB = R + kA), like OpenSSL.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_MINUS_1 = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # extended coordinates: x = X/Z, y = Y/Z, xy = T/Z
IDENTITY: Point = (0, 1, 1, 0)


def point_add(p: Point, q: Point) -> Point:
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_decode(encoded: bytes) -> Point | None:
    """The point, or None where the encoding is not the canonical one of a point of the curve."""
    number = int.from_bytes(encoded, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if len(encoded) != 32 or y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * SQRT_MINUS_1 % P
    if v * x * x % P != u or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def point_encode(p: Point) -> bytes:
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class Multiples:
    """j * 16^i * P for all digits: a multiple is then a sum of 64 of them."""

    def __init__(self, p: Point) -> None:
        self.rows: list[list[Point]] = []
        for _ in range(64):
            row = [IDENTITY]
            for _ in range(15):
                row.append(point_add(row[-1], p))
            self.rows.append(row)
            p = point_add(row[-1], p)

    def times(self, scalar: int) -> Point:
        total = IDENTITY
        for row in self.rows:
            digit = scalar & 15
            if digit:
                total = point_add(total, row[digit])
            scalar >>= 4
        return total


@lru_cache(maxsize=8)
def _base() -> Multiples:
    base = point_decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    assert base is not None  # noqa: S101
    return Multiples(base)


@lru_cache(maxsize=8)
def _minus_key(public: bytes) -> Multiples | None:
    a = point_decode(public)
    if a is None:
        return None
    eight = a
    for _ in range(3):
        eight = point_add(eight, eight)
    if eight[0] % P == 0 and (eight[1] - eight[2]) % P == 0:
        return None
    return Multiples((P - a[0], a[1], 1, P - a[3]))


def ed25519_verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    minus_a = _minus_key(public)
    if minus_a is None or len(signature) != 64:
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    # What we encode is canonical, so an R in another encoding never equals it.
    return point_encode(point_add(_base().times(s), minus_a.times(k))) == r


# --- C2SP: key, signed note, checkpoint -----------------------------------------------------------------------------


def b64(text: str, length: int | None = None) -> bytes:
    """Standard base64 in its one canonical form; ValueError for any other."""
    content = base64.b64decode(text, validate=True)
    if base64.b64encode(content).decode() != text or (length is not None and len(content) != length):
        raise ValueError("not canonical base64 of the right length")
    return content


@dataclass(frozen=True)
class Key:
    name: str
    id: bytes
    public: bytes

    @classmethod
    def parse(cls, token: str) -> Key:
        try:
            name, digest, encoded = token.strip().split("+", 2)
            content = b64(encoded, 33)
        except ValueError:
            raise Unusable("The key must look like origin+hash+base64.") from None
        id = hashlib.sha256(name.encode() + b"\n" + content).digest()[:4]
        if not name or re.search(r"\s", name) or content[0] != 1 or id.hex() != digest:
            raise Unusable("The key is not an Ed25519 key in the form origin+hash+base64, or was copied wrongly.")
        if _minus_key(content[1:]) is None:
            raise Unusable("The key is not a point that Ed25519 admits.")
        return cls(name, id, content[1:])


@dataclass(frozen=True)
class Checkpoint:
    size: int
    root: bytes


def open_note(note: str, key: Key) -> str:
    """The text of a note that the key signed, or NotValid."""
    if len(note) > 2**20 or any(each < " " and each != "\n" for each in note):
        raise NotValid("the note is too long or holds control characters")
    text, separator, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not separator or not text or len(lines) < 2 or lines[-1]:
        raise NotValid("this is not a signed note")
    text += "\n"
    signed = False
    for line in lines[:-1]:
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "\u2014" or not name or "+" in name or any(each.isspace() for each in name):
            raise NotValid("the note has a signature line of another form")
        try:
            content = b64(encoded)
        except ValueError:
            raise NotValid("the note has a signature that is not base64") from None
        if len(content) < 5:
            raise NotValid("the note has a signature that is too short")
        if (name, content[:4]) != (key.name, key.id):
            continue
        if not ed25519_verifies(key.public, text.encode(), content[4:]):
            raise NotValid("the signature of the checkpoint is wrong")
        signed = True
    if not signed:
        raise NotValid(f"the checkpoint is not signed by the key of {key.name}")
    return text


def open_checkpoint(note: Any, key: Key) -> Checkpoint:
    if not isinstance(note, str):
        raise NotValid("the checkpoint is not text")
    try:
        lines = open_note(note, key).split("\n")[:-1]
    except UnicodeEncodeError:
        raise NotValid("the note holds broken characters") from None
    if len(lines) < 3 or "" in lines or not DECIMAL.match(lines[1]):
        raise NotValid("the note is not a checkpoint")
    if lines[0] != key.name:
        raise NotValid(f"the checkpoint is of {lines[0]}, not of {key.name}")
    try:
        return Checkpoint(int(lines[1]), b64(lines[2], 32))
    except ValueError:
        raise NotValid("the root of the checkpoint is not one hash") from None


# --- The tree: RFC 6962, section 2; proofs as RFC 9162, sections 2.1.3.2 and 2.1.4.2, verify them -------------------

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf(content: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(peaks: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, largest first."""
    if not peaks:
        return EMPTY_ROOT
    total = peaks[-1]
    for each in reversed(peaks[:-1]):
        total = node(each, total)
    return total


def includes(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    if not 0 <= index < size:
        return False
    fn, sn, total = index, size - 1, leaf_hash
    for each in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            total = node(each, total)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            total = node(total, each)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and total == root


def extends(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    if not 0 <= old <= new:
        return False
    if old in (0, new):
        return not proof and old_root == (new_root if old else EMPTY_ROOT)
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for each in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node(each, first), node(each, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node(second, each)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root


# --- Records: the part of RFC 8785 that has no floats ---------------------------------------------------------------


def _integer(text: str) -> int:
    if len(text) > 17 or not -(2**53) < int(text) < 2**53:
        raise ValueError("it holds an integer beyond 2^53")
    return int(text)


def _no_float(text: str) -> Any:
    raise ValueError("it holds a number that is not an integer")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in it")
    return found


_NUMBERS: dict[str, Any] = {"parse_int": _integer, "parse_float": _no_float, "parse_constant": _no_float}
_decode = json.JSONDecoder(**_NUMBERS).raw_decode
_decode_once = json.JSONDecoder(object_pairs_hook=_once, **_NUMBERS).decode
# With sorted names this is RFC 8785, except that names sort by code point instead of UTF-16 unit.
_encode = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode
_BEYOND_16_BITS = re.compile(rb"[\xf0-\xf4]").search


def canonical(value: Any) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(_encode(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return _encode(value)


def parse_record(content: bytes) -> dict[str, Any]:
    """The record, or ValueError where the bytes are not its one canonical form. A name that occurs twice is lost on
    reading and so missed on writing again."""
    text = content.decode("utf-8")
    record, _ = _decode(text)
    again = canonical if not content.isascii() and _BEYOND_16_BITS(content) else _encode
    if type(record) is not dict or again(record) != text:
        raise ValueError("they differ from it")
    return record


def read_record(content: bytes, seq: int) -> dict[str, Any]:
    try:
        return parse_record(content)
    except RecursionError:
        pass
    except ValueError as error:
        if content.endswith(b"\r"):
            raise NotValid("its line ends in CR LF: the file was altered on its way", seq) from error
    raise NotValid("its bytes are not canonical JSON (RFC 8785)", seq)


def shape_fault(record: dict[str, Any], origin: str) -> str:
    """Why this is no record of this log, or nothing."""
    try:
        actor = record["actor"]
        texts = (record["kind"], record["entity"], record["prev"], record["time"], actor["kind"], actor["id"])
        for each in record["objects"]:
            if type(each["kind"]) is not str or type(each["key"]) is not str:
                return "it names an object that has no kind and key"
        if type(record["data"]) is not dict or type(record["objects"]) is not list:
            return "its data or objects have another form"
        if type(record.get("commitments", {})) is not dict:
            return "its commitments have another form"
        if not all(type(each) is str for each in texts):
            return "a field of it is not text"
        if record["origin"] != origin:
            return "it comes from another log (origin)"
        if type(record["v"]) is not int or record["v"] != 1:
            return "it has another version of the format"
        if not TIME.match(record["time"]):
            return "its time is not an instant in UTC with microseconds"
    except (KeyError, TypeError):
        return "it lacks a field that every record has"
    return ""


def commitment(salt: bytes, value: Any) -> str:
    return hashlib.sha256(COMMITMENT_TAG + salt + canonical(value).encode("utf-8")).hexdigest()


# --- What is answered -----------------------------------------------------------------------------------------------


@dataclass
class Answer:
    """`covered` is the size of the newest signed checkpoint that fits; `uncovered` counts the entries after it."""

    what: str
    origin: str
    valid: bool = True
    first: int | None = None
    last: int | None = None
    valid_up_to: int = 0
    covered: int | None = None
    uncovered: int = 0
    first_bad: int | None = None
    between: tuple[int, int] | None = None
    reason: str | None = None
    disclosed: int = 0
    redacted_count: int = 0
    redacted: list[tuple[int, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    history: list[dict[str, Any]] | None = None

    def fail(self, fault: NotValid) -> None:
        self.valid, self.reason = False, fault.reason
        self.first_bad, self.between = fault.first_bad, fault.between

    def as_json(self) -> dict[str, Any]:
        answer = {name: value for name, value in vars(self).items() if name not in ("first", "last", "history")}
        answer.update({"from": self.first, "to": self.last})
        answer["redacted"] = [{"seq": seq, "field": name} for seq, name in self.redacted]
        if self.history is not None:
            state = [each["status"] for each in self.history if each["status"] is not None]
            answer["object"] = {"history": self.history, "status": state[-1] if state else None}
        return answer

    def lines(self) -> Iterator[str]:
        yield self._verdict()
        yield from self.remarks
        if self.disclosed:
            yield f"{self.disclosed} personal values are told and fit their commitments."
        if self.redacted_count:
            yield f"{self.redacted_count} personal values are not told (redacted or erased):"
            yield from (f"  entry {seq}: {name}" for seq, name in self.redacted)
            if self.redacted_count > len(self.redacted):
                yield f"  … and {self.redacted_count - len(self.redacted)} more"
        if self.history is not None:
            yield f"{len(self.history)} entries name this object:"
            for each in self.history:
                status = "" if each["status"] is None else f" -> {each['status']}"
                yield f"  {each['seq']} {each['time']} {each['kind']} by {each['actor']}{status}"

    def _verdict(self) -> str:
        if self.valid:
            if self.what != "export":
                return f"VALID {self.what} of {self.origin}: {self.reason}"
            if self.covered is None:
                return f"VALID ({self.origin}): the log has no entries."
            after = f"; {self.uncovered} entries after it are not yet covered" if self.uncovered else ""
            return f"VALID up to {self.valid_up_to} ({self.origin}): signed checkpoint {self.covered} fits{after}."
        place = f", entry {self.first_bad}" if self.first_bad is not None else ""
        if self.between:
            place += f", between checkpoints {self.between[0]} and {self.between[1]}"
        return f"NOT VALID ({self.origin}){place}: {self.reason}."


# --- The export -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Header:
    first: int
    last: int
    peaks: tuple[bytes, ...]
    before: str
    head_seq: int
    head_hash: str

    @classmethod
    def parse(cls, header: dict[str, Any], origin: str) -> Header:
        try:
            before, head = header["before"], header["head"]
            numbers = (header["export"], header["from"], header["to"], before["size"], head["seq"])
            hashes = [before["hash"], head["hash"], *before["range"]]
            if header["origin"] != origin:
                raise NotValid(f"the export is of {header['origin']}, the key of {origin}")
            if any(type(each) is not int for each in numbers) or not all(HEX.match(each) for each in hashes):
                raise NotValid("the header of the export has a number or hash of another form")
            peaks = tuple(bytes.fromhex(each) for each in before["range"])
        except (KeyError, TypeError):
            raise NotValid("the header of the export lacks a field") from None
        version, first, last, size, end = numbers
        if version != 1:
            raise NotValid(f"this verifier reads exports of version 1, not {version}")
        if first < 1 or not first - 1 <= last <= end or size != first - 1 or len(peaks) != bin(size).count("1"):
            raise NotValid("the numbers in the header of the export do not fit together")
        if size == 0 and before["hash"] != ZEROS:
            raise NotValid("the header of the export says that something came before entry 1")
        return cls(first, last, peaks, before["hash"], end, head["hash"])


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Lines without their LF."""
    for line in iter(lambda: file.readline(LONGEST_LINE), b""):
        if line[-1:] == b"\n":
            yield line[:-1]
        elif len(line) == LONGEST_LINE:
            raise NotValid("a line is too long to be one of an export")
        else:
            yield line


def _extra(line: bytes, name: str) -> Any:
    """What a line that is no record tells under its only name."""
    try:
        found = _decode_once(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise NotValid(f"a {name} line of the export cannot be read") from None
    if list(found) != [name]:
        raise NotValid(f"a {name} line of the export holds more than that")
    return found[name]


class ExportCheck:
    """Two passes over the file: the first collects the checkpoints, which stand at its end; the second recomputes the
    chain and the tree, and keeps no more of it than one hash for each level."""

    def __init__(self, file: BinaryIO, key: Key, notes: Sequence[Checkpoint], subject: tuple[str, str] | None) -> None:
        self.file, self.key, self.subject = file, key, subject
        self.answer = Answer("export", key.name, history=[] if subject else None)
        self.anchored = {each.size for each in notes}
        self.roots: dict[int, set] = {}
        for each in notes:
            self.roots.setdefault(each.size, set()).add(each.root)
        self.proofs: dict[int, list[bytes]] = {}
        self.bad_note: NotValid | None = None
        #: Size of the last checkpoint that fits, and of the last such from outside. What is held against the entry
        #: read last, until the next is seen.
        self.matched = self.matched_outside = 0
        self.suspicion: NotValid | None = None

    def run(self, header: dict[str, Any]) -> Answer:
        answer = self.answer
        try:
            self.header = Header.parse(header, self.key.name)
            answer.first, answer.last = self.header.first, self.header.last
            answer.valid_up_to = self.header.first - 1
            self._collect()
            self._start()
            self._walk()
            self._beyond()
            if self.bad_note:
                raise self.bad_note
            if answer.covered is None and self.header.head_seq:
                if self.matched < self.header.last or not self.header.last:
                    raise NotValid("not covered: no signed checkpoint ties these entries to the log")
                answer.covered = self.matched
        except NotValid as fault:
            answer.fail(fault)
            if fault.first_bad is not None:
                answer.valid_up_to = min(answer.valid_up_to, fault.first_bad - 1)
            elif fault.between:
                answer.valid_up_to = min(answer.valid_up_to, fault.between[0])
        answer.uncovered = max(0, answer.valid_up_to - max(answer.covered or 0, self._first() - 1))
        return answer

    def _first(self) -> int:
        return self.answer.first or 1

    def _collect(self) -> None:
        self.file.seek(0)
        for line in _lines(self.file):
            if line.startswith(b'{"checkpoint"'):
                try:
                    found = open_checkpoint(_extra(line, "checkpoint"), self.key)
                except NotValid as fault:
                    self.bad_note = self.bad_note or fault
                else:
                    self.roots.setdefault(found.size, set()).add(found.root)
            elif line.startswith(b'{"consistency"'):
                self._collect_proof(_extra(line, "consistency"))

    def _collect_proof(self, told: Any) -> None:
        old, new, proof = consistency_parts(told)
        if old != self.header.last or new <= old or new in self.proofs:
            raise NotValid("a consistency line does not lead on from the end of the export")
        self.proofs[new] = proof

    def _start(self) -> None:
        """What checkpoints say of the entries before the export."""
        size = self.header.first - 1
        if size in self.roots:
            if self.roots[size] != {root_of(self.header.peaks)}:
                raise NotValid("what came before the export is not what was signed", None, (0, size))
            self._match(size)
        if size and self.header.peaks and size & 1 and self.header.peaks[-1].hex() != self.header.before:
            raise NotValid("the header of the export contradicts itself about what came before")
        if earlier := [each for each in sorted(self.anchored) if each < size]:
            listed = ", ".join(map(str, earlier))
            self.answer.remarks.append(f"Checkpoints of before the export were not compared: {listed}.")

    def _walk(self) -> None:
        header, roots, answer, origin, subject = self.header, self.roots, self.answer, self.key.name, self.subject
        sha256, last, seq = hashlib.sha256, header.last, header.first - 1
        peaks = list(header.peaks)
        before, prev, latest, foreign = "", header.before, "", False
        open_fields: dict[str, Any] = {}
        self.file.seek(0)
        lines = _lines(self.file)
        next(lines)
        for line in lines:
            if line.startswith(b'{"disclosure"'):
                self._disclose(_extra(line, "disclosure"), seq, open_fields)
                continue
            if seq == last or line.startswith(AFTER_ENTRIES):
                foreign = not all(each.startswith(AFTER_ENTRIES) for each in chain([line], lines))
                break
            seq += 1
            try:
                record = read_record(line, seq)
            except NotValid as fault:
                raise self.suspicion or fault from None
            digest = sha256(b"\x00" + line).digest()
            if record.get("seq") != seq or type(record["seq"]) is not int:
                raise self._misnumbered(seq, record, prev, before)
            if record.get("prev") != prev:
                raise self._mislinked(seq, digest, lines)
            if self.suspicion:
                raise self.suspicion
            reason = shape_fault(record, origin)
            if not reason and record["time"] < latest:
                reason = "its time lies before that of the entry before it"
            if reason:
                raise NotValid(reason, seq)
            if open_fields:
                self._redact(seq - 1, open_fields)
            open_fields = dict(record["commitments"]) if "commitments" in record else {}
            before, prev, latest = prev, digest.hex(), record["time"]
            answer.valid_up_to = seq
            peaks.append(digest)
            count = seq
            while not count & 1:
                right = peaks.pop()
                peaks[-1] = sha256(b"\x01" + peaks[-1] + right).digest()
                count >>= 1
            if seq in roots:
                self._compare(seq, root_of(peaks))
            if subject:
                self._note_subject(seq, record)
        self._end(seq, prev, open_fields)
        if foreign:
            raise NotValid("it lies beyond the end that the header names", seq + 1)
        self.root = root_of(peaks)

    def _compare(self, size: int, root: bytes) -> None:
        if self.roots[size] == {root}:
            self._match(size)
            self.answer.covered = size
        else:
            self.suspicion = NotValid("the entries are not those that were signed", None, self._until(size))

    def _match(self, size: int) -> None:
        self.matched = size
        if size in self.anchored:
            self.matched_outside = size

    def _until(self, size: int) -> tuple[int, int]:
        """The stretch in which the log begins to differ from checkpoint `size`. One from outside is held against those
        from outside alone: a log put back to an older state goes on to sign, and those in the file fit it."""
        return self.matched_outside if size in self.anchored else self.matched, size

    def _misnumbered(self, seq: int, record: dict[str, Any], prev: str, before: str) -> NotValid:
        found, link = record.get("seq"), record.get("prev")
        if self.suspicion and link == prev:
            return self.suspicion
        if type(found) is not int:
            return NotValid("it has no number", seq)
        if link == prev:
            return NotValid(f"its record carries the number {found}", seq)
        if found == seq - 1 and link == before and self.matched != found:
            return NotValid("it was added: the entry of this number follows it", found)
        if found > seq:
            return NotValid(f"it is missing: the next record is number {found}", seq)
        return NotValid(f"record number {found} stands in its place", seq)

    def _mislinked(self, seq: int, digest: bytes, lines: Iterator[bytes]) -> NotValid:
        """Entry `seq` does not name the hash of the one before: which of the two was changed shows from the next."""
        blame = NotValid("it does not continue the entry before it", seq)
        if seq == self.header.first or self.matched == seq - 1:
            return blame
        after = self._next_link(seq, lines)
        if self.suspicion or after in (None, digest.hex()):
            between = self.suspicion.between if self.suspicion else None
            reason = "it was changed, or ends a stretch that was: the entry after it does not continue it"
            return NotValid(reason, seq - 1, between)
        return blame

    def _next_link(self, seq: int, lines: Iterator[bytes]) -> str | None:
        if seq == self.header.last:
            return self.header.head_hash if seq == self.header.head_seq else None
        for line in lines:
            if not line.startswith(b'{"disclosure"'):
                try:
                    return parse_record(line).get("prev")
                except (ValueError, RecursionError):
                    break
        return None

    def _end(self, seq: int, prev: str, open_fields: dict[str, Any]) -> None:
        header, suspicion = self.header, self.suspicion
        if seq < header.last:
            raise suspicion or NotValid("it is missing: the export ends before it", seq + 1)
        if seq == header.head_seq and prev != header.head_hash:
            if self.matched == seq:
                raise NotValid("the head in the header of the export is not its last entry")
            between = suspicion.between if suspicion else None
            raise NotValid("its hash is not the one that the head keeps", seq, between)
        if suspicion:
            raise suspicion
        self._redact(seq, open_fields)

    def _beyond(self) -> None:
        """Checkpoints that are larger than the export: by the consistency proofs that come with it."""
        header, answer = self.header, self.answer
        for size in sorted(each for each in self.roots if each > header.last):
            if size > header.head_seq:
                reason = f"it is missing: the log ends below checkpoint {size}, which was signed"
                raise NotValid(reason, header.head_seq + 1, self._until(size))
            if size in self.proofs:
                proof = self.proofs.pop(size)
                if not all(extends(header.last, size, self.root, each, proof) for each in self.roots[size]):
                    reason = f"the entries are not those that were signed: no proof leads to checkpoint {size}"
                    raise NotValid(reason, None, self._until(size))
                self._match(size)
                answer.covered = size
            elif size in self.anchored:
                reason = f"the export ends at {header.last} and has no proof that leads to checkpoint {size}"
                raise NotValid(reason, None, self._until(size))
        if self.proofs:
            raise NotValid("a consistency line leads to a size of which there is no checkpoint")

    def _disclose(self, told: Any, seq: int, open_fields: dict[str, Any]) -> None:
        try:
            name, salt = told["field"], told["salt"]
            fits = len(told) == 4 and told["seq"] == seq and HEX.match(salt) is not None
            fits = fits and commitment(bytes.fromhex(salt), told["value"]) == open_fields[name]
        except (KeyError, TypeError, ValueError):
            fits = False
        if not fits:
            raise self.suspicion or NotValid("a value told for it does not fit its commitment", max(seq, self._first()))
        del open_fields[name]
        self.answer.disclosed += 1

    def _redact(self, seq: int, open_fields: dict[str, Any]) -> None:
        answer = self.answer
        answer.redacted_count += len(open_fields)
        room = LISTED - len(answer.redacted)
        answer.redacted += [(seq, name) for name in sorted(open_fields)][: max(room, 0)]

    def _note_subject(self, seq: int, record: dict[str, Any]) -> None:
        if any((each["kind"], each["key"]) == self.subject for each in record["objects"]):
            assert self.answer.history is not None  # noqa: S101
            self.answer.history.append(told_of(record))


def told_of(record: dict[str, Any]) -> dict[str, Any]:
    actor = record["actor"]
    return {
        "seq": record["seq"],
        "time": record["time"],
        "kind": record["kind"],
        "actor": f"{actor['kind']}:{actor['id']}",
        "status": record["data"].get("status"),
    }


# --- Proof of one entry, consistency proof --------------------------------------------------------------------------


def check_proof(content: bytes, key: Key, notes: Sequence[Checkpoint]) -> Answer:
    answer = Answer("entry", key.name)
    try:
        _check_proof(content, key, notes, answer)
    except NotValid as fault:
        answer.fail(fault)
    return answer


def _check_proof(content: bytes, key: Key, notes: Sequence[Checkpoint], answer: Answer) -> None:
    try:
        head, _, note = content.decode("utf-8").partition("\n\n")
        mark, extra, index, *hashes = head.split("\n")
        if mark != PROOF_MARK or extra[:6] != "extra " or index[:6] != "index " or not DECIMAL.match(index[6:]):
            raise ValueError("wrong line")
        entry, position = b64(extra[6:]), int(index[6:])
        proof = [b64(each, 32) for each in hashes]
    except ValueError:
        raise NotValid("this is not a C2SP tlog-proof with the entry in its extra line") from None
    checkpoint = open_checkpoint(note, key)
    seq = position + 1
    record = read_record(entry, seq)
    if fault := shape_fault(record, key.name):
        raise NotValid(fault, seq)
    if record.get("seq") != seq or type(record["seq"]) is not int:
        raise NotValid("the index is not the place of the entry", seq)
    if not includes(leaf(entry), position, checkpoint.size, proof, checkpoint.root):
        raise NotValid(f"the entry is not in the log that checkpoint {checkpoint.size} signed", seq)
    _compare_notes([checkpoint], notes, answer)
    answer.first = answer.last = answer.valid_up_to = seq
    answer.covered, answer.history = checkpoint.size, [told_of(record)]
    answer.redacted = [(seq, name) for name in sorted(record.get("commitments", {}))]
    answer.redacted_count = len(answer.redacted)
    answer.reason = f"entry {seq} is in the log that checkpoint {checkpoint.size} signed."


def consistency_parts(told: Any) -> tuple[int, int, list[bytes]]:
    try:
        old, new, proof = told["old"], told["new"], [b64(each, 32) for each in told["proof"]]
    except (KeyError, TypeError, ValueError):
        raise NotValid("the consistency proof has another form") from None
    if len(told) != 3 or type(old) is not int or type(new) is not int or type(told["proof"]) is not list:
        raise NotValid("the consistency proof has another form")
    return old, new, proof


def check_consistency(told: dict[str, Any], key: Key, notes: Sequence[Checkpoint]) -> Answer:
    answer = Answer("consistency", key.name)
    try:
        if set(told) != {"consistency", "checkpoints"} or type(told["checkpoints"]) is not list:
            raise NotValid("the file has another form than a consistency proof")
        old, new, proof = consistency_parts(told["consistency"])
        signed = [open_checkpoint(each, key) for each in told["checkpoints"]]
        if [each.size for each in signed] != [old, new]:
            raise NotValid("the checkpoints are of other sizes than the proof")
        if not extends(old, new, signed[0].root, signed[1].root, proof):
            raise NotValid(f"the log of size {new} does not continue the log of size {old}", None, (old, new))
        _compare_notes(signed, notes, answer)
        answer.valid_up_to = answer.covered = new
        answer.reason = f"the log of size {new} continues the log of size {old}."
    except NotValid as fault:
        answer.fail(fault)
    return answer


def _compare_notes(signed: Sequence[Checkpoint], notes: Sequence[Checkpoint], answer: Answer) -> None:
    """Notes from outside of the same size must have the same root; others cannot be compared here."""
    roots = {each.size: each.root for each in signed}
    for each in notes:
        if each.size not in roots:
            answer.remarks.append(
                f"Checkpoint {each.size} was not compared: this file holds no proof that leads to it."
            )
        elif roots[each.size] != each.root:
            raise NotValid(f"two logs were signed: the checkpoints of size {each.size} differ", None, (0, each.size))


# --- Command line ---------------------------------------------------------------------------------------------------


def read_notes(paths: Sequence[str], key: Key) -> list[Checkpoint]:
    """Notes from files. Line ends and blank space around may have suffered in a mail: the signature decides."""
    notes = []
    for path in paths:
        try:
            with open(path, "rb") as file:
                text = file.read(2**20).decode("utf-8").replace("\r\n", "\n").strip() + "\n"
        except (OSError, ValueError) as error:
            raise Unusable(f"The checkpoint {path} cannot be read: {error}") from None
        try:
            notes.append(open_checkpoint(text, key))
        except NotValid as fault:
            raise Unusable(f"The checkpoint {path} proves nothing: {fault.reason}.") from None
    return notes


def check(file: BinaryIO, key: Key, notes: Sequence[Checkpoint], subject: tuple[str, str] | None = None) -> Answer:
    """`file` must be seekable."""
    first = file.readline(LONGEST_LINE)
    if first.rstrip(b"\r\n") == PROOF_MARK.encode():
        return check_proof(first + file.read(LONGEST_LINE), key, notes)
    try:
        found = _decode_once(first.decode("utf-8").strip())
    except (ValueError, RecursionError):
        try:
            found = _decode_once((first + file.read(LONGEST_LINE)).decode("utf-8").strip())
        except (ValueError, RecursionError):
            found = None
    if isinstance(found, dict) and "export" in found:
        return ExportCheck(file, key, notes, subject).run(found)
    if isinstance(found, dict) and "consistency" in found and not file.read(LONGEST_LINE).strip():
        return check_consistency(found, key, notes)
    raise Unusable("The file is no export, no proof of an entry and no consistency proof.")


def _open(path: str) -> BinaryIO:
    if path != "-":
        file = open(path, "rb")  # noqa: SIM115
        if file.seekable():
            return file
        source = file
    else:
        source = sys.stdin.buffer  # type: ignore[assignment]
    kept: BinaryIO = tempfile.TemporaryFile()  # type: ignore[assignment]  # noqa: SIM115
    for block in iter(lambda: source.read(2**20), b""):
        kept.write(block)
    kept.seek(0)
    return kept


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Checks an export, the proof of one entry or a consistency proof of a Procure ledger.",
        epilog="Exit codes: 0 valid, 1 not valid, 2 wrong use or unreadable.",
    )
    parser.add_argument("file", metavar="FILE", help="what to check; - for standard input")
    parser.add_argument("--key", required=True, metavar="VKEY", help="the pinned key: origin+hash+base64")
    parser.add_argument(
        "--checkpoint", nargs="+", action="extend", default=[], metavar="NOTE-FILE", help="checkpoints you were sent"
    )
    parser.add_argument("--object", metavar="KIND:KEY", help="also tell what happened to this object (of an export)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quiet", action="store_true", help="print nothing: the exit code is the answer")
    arguments = parser.parse_args(given)
    if arguments.object and ":" not in arguments.object:
        parser.error("--object must look like KIND:KEY")
    return arguments


def _safe(line: str) -> str:
    """Text of a record cannot steer the terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)


def main(given: Sequence[str] | None = None) -> int:
    arguments = _arguments(given)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        key = Key.parse(arguments.key)
        notes = read_notes(arguments.checkpoint, key)
        subject = tuple(arguments.object.split(":", 1)) if arguments.object else None
        with _open(arguments.file) as file:
            answer = check(file, key, notes, subject)
    except (Unusable, OSError) as error:
        sys.stderr.write(f"{_safe(str(error))}\n")
        return 2
    if arguments.json:
        sys.stdout.write(json.dumps(answer.as_json()) + "\n")
    elif not arguments.quiet:
        for line in answer.lines():
            sys.stdout.write(_safe(line) + "\n")
    return 0 if answer.valid else 1


if __name__ == "__main__":
    sys.exit(main())
