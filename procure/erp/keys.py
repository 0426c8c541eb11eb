"""The key under which a receiver knows an order: short, searchable, readable by the people there."""

from __future__ import annotations

import base64
import hashlib

#: 60 bits: no two effects of one tenant ever share it.
SHORTEST = 12


def receiver_key(effect_key: str, *, reference: str, length: int) -> str:
    """“PO-00031-7QF2M4ZTA3BK” where the field takes it, else the last part alone. The same effect, the same key."""
    digest = hashlib.sha256(effect_key.encode()).digest()
    short = base64.b32encode(digest).decode()[:SHORTEST]
    readable = f"{reference}-{short}"
    return readable if len(readable) <= length else short
