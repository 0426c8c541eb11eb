"""Personal values: the ledger commits to them with a salt, a table beside it holds them under their subject's key.

A subject is `person:<pk>` (our people), `contact:<pk>` (people at vendors) or `vendor:<key>` (its bank details).
commitment = SHA-256("procure-commitment-v1" NUL salt JCS(value)), salt of 32 random bytes: the idea of SD-JWT
(RFC 9901) with RFC 8785 bytes. Value and salt are sealed together with AES-256-GCM, bound to log, seq and path; the
subject's key is wrapped by the key ring. Without key, value and salt nothing can be said about a commitment, not even
whether a guess is right; the chain stays as it is.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger import chain, clock, jcs, keys
from ledger.actors import Actor
from ledger.command import canonical
from ledger.errors import Erased, InvalidInput
from ledger.models import Entry, PersonalValue, SubjectKey

TAG = b"procure-commitment-v1\x00"
PURPOSE = "personal"
SALT_BYTES = KEY_BYTES = 32
NONCE_BYTES = 12
#: subject -> {path: value}
Personal = Mapping[str, Mapping[str, Any]]
_SUBJECT = re.compile(r"(?:person|contact):[1-9][0-9]{0,18}|vendor:[^\s:][^\s]{0,39}")
_PATH = re.compile(r"[A-Za-z0-9_.\[\]]{1,200}")


@dataclass(frozen=True, slots=True)
class Committed:
    """One value on its way into an entry."""

    subject: str
    path: str
    value: Any
    salt: bytes

    @property
    def hash(self) -> str:
        return commitment(self.salt, self.value)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What opens one commitment: salt in hex, and the value."""

    seq: int
    path: str
    salt: str
    value: Any


def commitment(salt: bytes, value: Any) -> str:
    return hashlib.sha256(TAG + salt + jcs.dumps(value)).hexdigest()


def person(pk: int | str) -> str:
    return f"person:{pk}"


def contact(pk: int | str) -> str:
    return f"contact:{pk}"


def vendor(key: str) -> str:
    return f"vendor:{key}"


def check_subject(subject: str) -> None:
    if not _SUBJECT.fullmatch(subject):
        raise InvalidInput(f"“{subject[:60]}” is no subject: write person:<number>, contact:<number> or vendor:<key>.")


_speaker: ContextVar[str | None] = ContextVar("whose_words", default=None)


@contextmanager
def speaking(subject: str | None) -> Iterator[None]:
    """Whose words a command carries, while its handler records them: the one who proposed it, not the one who let it
    pass."""
    token = _speaker.set(subject)
    try:
        yield
    finally:
        _speaker.reset(token)


def speaker(actor: Actor) -> str | None:
    """Whose words are being recorded. None: nobody's, because an agent or the system put them together."""
    return _speaker.get() or (person(actor.id) if actor.is_human else None)


def commit(values: Personal) -> tuple[Committed, ...]:
    """Salts every value. An empty text or None says nothing and is left out; a path stands once in an entry."""
    made: dict[str, Committed] = {}
    for subject, by_path in values.items():
        check_subject(subject)
        for path, given in by_path.items():
            value = canonical(given)
            if value in ("", None):
                continue
            chain.check_plain(value)
            if not _PATH.fullmatch(path):
                raise InvalidInput(f"“{path[:80]}” cannot name a personal value: letters, digits and _ . [ ] only.")
            if path in made:
                raise InvalidInput(f"The path “{path}” stands twice among the personal values of one entry.")
            made[path] = Committed(subject, path, value, secrets.token_bytes(SALT_BYTES))
    return tuple(made[path] for path in sorted(made))


def keep(entry: Entry, committed: Sequence[Committed]) -> None:
    """Stores what the entry commits to. Called after the append, when the head is held: whoever erases records too, so
    neither misses the other. Of an erased subject nothing is kept: the commitment then opens for nobody."""
    ring = {subject: _key_for(subject) for subject in sorted({each.subject for each in committed})}
    PersonalValue.objects.bulk_create(
        PersonalValue(
            log_id=entry.log_id,
            seq=entry.seq,
            path=each.path,
            subject=each.subject,
            sealed=_seal(key, each, _bound(entry.log_id, entry.seq, each.path)),
        )
        for each in committed
        if (key := ring[each.subject]) is not None
    )


def value(log: str, seq: int, path: str) -> Any:
    """The value behind a commitment, or `Erased`."""
    row = PersonalValue.objects.filter(log=log, seq=seq, path=path).first()
    opened = _open(row, {}) if row else None
    if opened is None:
        raise Erased()
    return opened.value


def of(entries: Iterable[Entry]) -> dict[tuple[str, int], dict[str, Any]]:
    """What can still be read of the personal values of these entries, by log and seq, then path."""
    wanted: dict[str, list[int]] = {}
    for each in entries:
        wanted.setdefault(each.log_id, []).append(each.seq)
    found: dict[tuple[str, int], dict[str, Any]] = {}
    ring: dict[str, bytes | None] = {}
    for log, seqs in wanted.items():
        for row in PersonalValue.objects.filter(log=log, seq__in=seqs):
            if opened := _open(row, ring):
                found.setdefault((log, row.seq), {})[row.path] = opened.value
    return found


def disclosures(log: str, first: int, last: int) -> Iterator[Disclosure]:
    """Salt and value of everything from entry `first` to `last` that is not erased, by seq and path."""
    ring: dict[str, bytes | None] = {}
    rows = PersonalValue.objects.filter(log=log, seq__gte=first, seq__lte=last).order_by("seq", "path")
    for row in rows.iterator(chunk_size=2000):
        if opened := _open(row, ring):
            yield opened


def is_erased(subject: str) -> bool:
    return SubjectKey.objects.filter(subject=subject).exclude(erased_at=None).exists()


def count(subject: str) -> int:
    return PersonalValue.objects.filter(subject=subject).count()


def texts_of(subject: str) -> Iterator[str]:
    """Every text that the ledger keeps under the subject's key: what they said, wherever a copy of it may stand."""
    ring: dict[str, bytes | None] = {}
    for row in PersonalValue.objects.filter(subject=subject).iterator(chunk_size=2000):
        if (opened := _open(row, ring)) and isinstance(opened.value, str):
            yield opened.value


def forget(subject: str) -> int:
    """Destroys key, values and salts, and returns how many values went. For `ledger.erasure` alone."""
    at = clock.now()
    SubjectKey.objects.get_or_create(subject=subject, defaults={"wrapped_key": b"", "made_at": at, "erased_at": at})
    SubjectKey.objects.filter(subject=subject, erased_at=None).update(wrapped_key=b"", erased_at=at)
    return PersonalValue.objects.filter(subject=subject).delete()[0]


def seal(subject: str, plain: Any, context: str) -> bytes:
    """Seals a value outside the journal under its subject's key (bank details), so that erasing reaches it."""
    key = _key_for(subject)
    if key is None:
        raise Erased()
    return _encrypt(key, jcs.dumps(plain), context)


def unseal(subject: str, sealed: bytes, context: str) -> Any:
    """What `seal` sealed, or `Erased`."""
    key = _known_key(subject)
    if key is None:
        raise Erased()
    return json.loads(_decrypt(key, sealed, context))


def rewrap() -> int:
    """Puts every subject's key under the newest key of the ring; the old one may then be taken away."""
    newest, done = next(iter(keys.ring())), 0
    for row in SubjectKey.objects.filter(erased_at=None):
        if keys.key_id_of(bytes(row.wrapped_key)) == newest:
            continue
        fresh = keys.encrypt(PURPOSE, keys.decrypt(PURPOSE, bytes(row.wrapped_key), row.subject), row.subject)
        # Not of one erased meanwhile.
        done += SubjectKey.objects.filter(pk=row.pk, erased_at=None).update(wrapped_key=fresh)
    return done


def _key_for(subject: str) -> bytes | None:
    """The subject's key, made on first use. None: the subject is erased."""
    check_subject(subject)
    found = SubjectKey.objects.filter(subject=subject).first()
    if found is None:
        wrapped = keys.encrypt(PURPOSE, secrets.token_bytes(KEY_BYTES), subject)
        found, _ = SubjectKey.objects.get_or_create(
            subject=subject, defaults={"wrapped_key": wrapped, "made_at": clock.now()}
        )
    return _unwrapped(found)


def _known_key(subject: str) -> bytes | None:
    found = SubjectKey.objects.filter(subject=subject).first()
    return _unwrapped(found) if found else None


def _unwrapped(key: SubjectKey) -> bytes | None:
    return None if key.erased_at else keys.decrypt(PURPOSE, bytes(key.wrapped_key), key.subject)


def _seal(key: bytes, committed: Committed, context: str) -> bytes:
    return _encrypt(key, jcs.dumps({"salt": committed.salt.hex(), "value": committed.value}), context)


def _open(row: PersonalValue, ring: dict[str, bytes | None]) -> Disclosure | None:
    if row.subject not in ring:
        ring[row.subject] = _known_key(row.subject)
    key = ring[row.subject]
    if key is None:
        return None
    opened = json.loads(_decrypt(key, bytes(row.sealed), _bound(row.log_id, row.seq, row.path)))
    return Disclosure(row.seq, row.path, opened["salt"], opened["value"])


def _encrypt(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _decrypt(key: bytes, sealed: bytes, context: str) -> bytes:
    try:
        return AESGCM(key).decrypt(bytes(sealed)[:NONCE_BYTES], bytes(sealed)[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError):
        raise keys.CannotOpen() from None


def _bound(log: str, seq: int, path: str) -> str:
    return f"{log}/{seq}/{path}"
