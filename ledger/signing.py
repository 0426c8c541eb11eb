"""The key that signs a log's checkpoints, and the last note it signed. Both live outside the database.

The key is in PROCURE_LEDGER_KEY (one per log, apart by commas), else in KEYS_DIR/checkpoints (mode 600), made on
first use. The last note lies beside it on every host that signs, so that a database put back or cut is noticed.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.conf import settings

from ledger import files
from ledger.errors import Misconfigured
from ledger.notes import SigningKey

log = logging.getLogger(__name__)
VARIABLE = "PROCURE_LEDGER_KEY"


def key(origin: str, *, may_make: bool = False) -> SigningKey:
    """The signing key of the log of this origin. Raises `Misconfigured` when there is none and none may be made."""
    if given := os.environ.get(VARIABLE, ""):
        return _given(origin, given)
    path = key_path(origin)
    if not path.exists():
        if not may_make:
            raise Misconfigured(
                f"The key that signs the checkpoints of {origin} is missing. Put {path} back or set {VARIABLE}."
            )
        fresh = SigningKey.generate(origin)
        if files.publish(path, f"{fresh.to_text()}\n", replace=False):
            log.warning(
                "A key that signs the checkpoints of %s was made in %s. Keep a copy apart from the database's backups,"
                " and give auditors its verifier key: %s",
                *(origin, path, fresh.verifier_key),
            )
    return _named(origin, SigningKey.from_text(path.read_text()), str(path))


def _given(origin: str, given: str) -> SigningKey:
    for text in given.replace(",", " ").split():
        found = SigningKey.from_text(text)
        if found.name == origin:
            return found
    raise Misconfigured(f"{VARIABLE} holds no key named {origin}: a key bears the origin of its log.")


def _named(origin: str, found: SigningKey, place: str) -> SigningKey:
    if found.name != origin:
        raise Misconfigured(f"The key in {place} is named {found.name}, not {origin}.")
    return found


def last_note(origin: str) -> str | None:
    """The last note that was signed on this host."""
    try:
        return note_path(origin).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def remember(origin: str, note: str) -> None:
    """On the disk before the note is anywhere else: what was signed once is never signed otherwise."""
    files.publish(note_path(origin), note, replace=True)


def give_up(origin: str, note: str, *, kept: int, size: int) -> Path:
    """Checkpoints of more than `kept` and up to `size` entries are held against the log no more; the note stays beside
    the key under another name. Outside the database, so that nobody who owns the database can do it."""
    place = note_path(origin)
    lost = place.with_name(f"{place.name}.lost-{kept}-{size}")
    files.publish(lost, note, replace=True)
    place.unlink(missing_ok=True)
    return lost


def is_given_up(origin: str, size: int) -> bool:
    place = note_path(origin)
    ranges = (path.name.removeprefix(f"{place.name}.lost-").split("-") for path in place.parent.glob("*.note.lost-*"))
    return any(len(each) == 2 and int(each[0]) < size <= int(each[1]) for each in ranges if each[0].isdigit())


@contextmanager
def held(origin: str) -> Iterator[None]:
    """One signer of a log at a time on this host; others wait."""
    path = _path(origin, "lock")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def key_path(origin: str) -> Path:
    return _path(origin, "key")


def note_path(origin: str) -> Path:
    return _path(origin, "note")


def _path(origin: str, kind: str) -> Path:
    return Path(settings.KEYS_DIR) / "checkpoints" / f"{quote(origin, safe='')}.{kind}"
