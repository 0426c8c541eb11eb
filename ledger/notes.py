"""Signed notes and checkpoints: text that anybody can check with a key of one line. Pure.

Formats: c2sp.org/signed-note (Ed25519, signature type 1) and c2sp.org/tlog-checkpoint; private keys are written as
golang.org/x/mod/sumdb/note does.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.errors import DomainError, InvalidInput

ED25519 = b"\x01"
KEY_BYTES, ID_BYTES, ROOT_BYTES = 32, 4, 32
MOST_SIGNATURES = 100
_SIGNATURE_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/=]+)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class BadNote(DomainError):
    """This is not a note that the key has signed."""

    code = "bad_note"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key with a name. The name of a log's key is the log's origin."""

    name: str
    seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != KEY_BYTES:
            raise InvalidInput(f"A signing key has {KEY_BYTES} bytes, not {len(self.seed)}.")

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_text(cls, text: str) -> SigningKey:
        """From `PRIVATE+KEY+<name>+<id>+<base64>`."""
        parts = text.strip().split("+", 4)
        if len(parts) != 5 or parts[:2] != ["PRIVATE", "KEY"]:
            raise InvalidInput("A signing key reads PRIVATE+KEY+<name>+<id>+<base64>.")
        seed = _typed(parts[4])
        if seed is None or not parts[2] or (key := cls(parts[2], seed))._id.hex() != parts[3]:
            raise InvalidInput("This signing key is damaged: its name, id and bytes do not belong together.")
        return key

    def to_text(self) -> str:
        return f"PRIVATE+KEY+{self.name}+{self._id.hex()}+{_base64(ED25519 + self.seed)}"

    @property
    def verifier_key(self) -> str:
        """What a verifier needs: `<name>+<id>+<base64>`. Public."""
        return f"{self.name}+{self._id.hex()}+{_base64(ED25519 + self._public)}"

    @property
    def _public(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    @property
    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def _id(self) -> bytes:
        return _key_id(self.name, self._public)

    def _line(self, text: str) -> str:
        return f"— {self.name} {_base64(self._id + self._private.sign(text.encode()))}\n"


def sign(text: str, key: SigningKey) -> str:
    """The text as a note with one signature. The same text and key always give the same note."""
    _check_text(text)
    return f"{text}\n{key._line(text)}"


def open_note(note: str, verifier_key: str) -> str:
    """The text that the key has signed. Signatures of other keys are let be; a false one of this key is not."""
    name, key_id, public = parse_verifier_key(verifier_key)
    _check_text(note)
    text, signed = text_of(note), False
    for line in _signature_lines(note[len(text) + 1 :]):
        if (line[0], line[1][:ID_BYTES]) == (name, key_id):
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(line[1][ID_BYTES:], text.encode())
            except InvalidSignature:
                raise BadNote(f"The signature by {name} is false: the note was altered.") from None
            signed = True
    if not signed:
        raise BadNote(f"The note is not signed by {verifier_key}.")
    return text


def text_of(note: str) -> str:
    """The text of a note whoever signed it: not to be believed."""
    # The last empty line parts text and signatures.
    text, blank, _ = note.rpartition("\n\n")
    if not blank:
        raise BadNote("A note has an empty line before its signatures.")
    return f"{text}\n"


def parse_verifier_key(text: str) -> tuple[str, bytes, bytes]:
    """Name, id and public key."""
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    public = _typed(encoded)
    if public is None or not name or _key_id(name, public).hex() != key_id:
        raise InvalidInput("A verifier key reads <name>+<8 hex digits>+<base64>, and its parts belong together.")
    _check_name(name)
    return name, bytes.fromhex(key_id), public


@dataclass(frozen=True, slots=True)
class CheckpointText:
    """What a checkpoint says: the log of this origin has this root at this size."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        lines = (self.origin, str(self.size), _base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> CheckpointText:
        if not text.endswith("\n"):
            raise BadNote("A checkpoint ends with a newline.")
        lines = text[:-1].split("\n")
        if len(lines) < 3 or not all(lines):
            raise BadNote("A checkpoint has three lines: origin, size and root.")
        origin, size, encoded, *extensions = lines
        root = _decoded(encoded)
        if not _SIZE.fullmatch(size) or root is None or len(root) != ROOT_BYTES:
            raise BadNote("A checkpoint's size is a plain number and its root 32 bytes in base64.")
        return cls(origin, int(size), root, tuple(extensions))


def _signature_lines(lines: str) -> list[tuple[str, bytes]]:
    if not lines.endswith("\n"):
        raise BadNote("A note ends with a newline.")
    each_line = lines[:-1].split("\n")
    if len(each_line) > MOST_SIGNATURES:
        raise BadNote(f"A note has at most {MOST_SIGNATURES} signatures.")
    found = []
    for line in each_line:
        parts = _SIGNATURE_LINE.fullmatch(line)
        signature = _decoded(parts[2]) if parts else None
        if parts is None or signature is None or "+" in parts[1] or len(signature) <= ID_BYTES:
            raise BadNote("A signature line reads — <key name> <base64>.")
        found.append((parts[1], signature))
    return found


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadNote("A note is valid UTF-8.") from None
    if not text.endswith("\n") or any(character < " " and character != "\n" for character in text):
        raise BadNote("A note ends with a newline and has no other control characters.")


def _check_name(name: str) -> None:
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        raise InvalidInput(f"“{name}” cannot name a signing key: take an origin without “+” and without spaces.")


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:ID_BYTES]


def _typed(encoded: str) -> bytes | None:
    """The 32 bytes behind the type byte of Ed25519, or None."""
    decoded = _decoded(encoded)
    return decoded[1:] if decoded and decoded[:1] == ED25519 and len(decoded) == 1 + KEY_BYTES else None


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decoded(text: str) -> bytes | None:
    """The bytes of canonical base64, or None: one value has one writing."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value if _base64(value) == text else None
