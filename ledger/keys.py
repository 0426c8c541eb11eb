"""The key ring for sealed values. It lives outside the database: in KEYS_DIR (mode 600), or in PROCURE_KEY_RING.

A ring is one key per line, `<id> <32 bytes in base64>`; the first seals, all of them open, so a key is changed by
putting a new one in front. A sealed value names its key and is bound to its purpose and context.
"""

from __future__ import annotations

import base64
import os
import secrets
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from ledger import files
from ledger.errors import DomainError, Misconfigured

FORMAT = b"\x01"
ID_BYTES, NONCE_BYTES = 8, 12
Ring = dict[str, bytes]


class CannotOpen(DomainError):
    """This sealed value cannot be opened here: its key is missing from the key ring, or it was altered."""

    code = "cannot_open"


def encrypt(purpose: str, plaintext: bytes, context: str) -> bytes:
    """Seals with the newest key. Only the same purpose and context (say, `bid:12:3`) open it again."""
    key_id, key = next(iter(ring().items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    header = FORMAT + bytes.fromhex(key_id)
    return header + nonce + AESGCM(_for_purpose(key, purpose)).encrypt(nonce, plaintext, _bound(header, context))


def decrypt(purpose: str, sealed: bytes, context: str) -> bytes:
    """The plaintext, or `CannotOpen` when the key is gone, the context is another, or a bit was changed."""
    sealed = bytes(sealed)
    header, rest = sealed[: 1 + ID_BYTES], sealed[1 + ID_BYTES :]
    key = ring().get(header[1:].hex())
    if header[:1] != FORMAT or key is None:
        raise CannotOpen()
    nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    try:
        return AESGCM(_for_purpose(key, purpose)).decrypt(nonce, ciphertext, _bound(header, context))
    except (InvalidTag, ValueError):
        raise CannotOpen() from None


def key_id_of(sealed: bytes) -> str:
    """Which key opens it: tells values that still wait for a key change."""
    return bytes(sealed)[1 : 1 + ID_BYTES].hex()


def ring() -> Ring:
    """Keys by id, newest first. Made on first use when there is none."""
    if given := os.environ.get("PROCURE_KEY_RING", ""):
        return _parse(given.replace(",", "\n"))
    path = ring_path()
    if not path.exists():
        files.publish(path, _line(), replace=False)
    return _read(path, path.stat().st_mtime_ns)


def rotate() -> str:
    """Puts a fresh key in front and returns its id; values sealed before stay readable."""
    if os.environ.get("PROCURE_KEY_RING"):
        raise Misconfigured("The key ring comes from PROCURE_KEY_RING: put the new key in front there.")
    ring()
    fresh = _line()
    files.publish(ring_path(), fresh + ring_path().read_text(), replace=True)
    return fresh.split()[0]


def ring_path() -> Path:
    return Path(settings.KEYS_DIR) / "ring"


def _line() -> str:
    return f"{secrets.token_hex(ID_BYTES)} {base64.b64encode(secrets.token_bytes(32)).decode()}\n"


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Ring:
    return _parse(path.read_text())


def _parse(text: str) -> Ring:
    try:
        lines = [line.split() for line in text.splitlines() if line.strip()]
        found = {key_id: base64.b64decode(key, validate=True) for key_id, key in lines}
        if not found or any(len(key) != 32 or len(bytes.fromhex(key_id)) != ID_BYTES for key_id, key in found.items()):
            raise ValueError
    except ValueError:
        raise Misconfigured(
            "The key ring cannot be read: each line is 16 hex digits, a space, and 32 bytes in base64."
        ) from None
    return found


@lru_cache(maxsize=256)
def _for_purpose(key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"procure/{purpose}".encode()).derive(key)


def _bound(header: bytes, context: str) -> bytes:
    return header + context.encode()
