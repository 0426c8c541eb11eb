"""Erasing one subject everywhere: key, values and salts of the ledger, and what every floor keeps of them.

A floor registers a module of four functions. `count(subject)` says how many rows hold something of the subject's,
`texts(subject)` which texts identify them; `erase(erasing)` takes away what is known by relation and returns how many
rows it changed; `sweep(sweep)` takes copies out of the room's tables, of all subjects in one pass, and counts rows by
subject. Rooms work from the top floor down, because the rows above are found by way of those below. Rows
keep their numbers, amounts and relations; texts are replaced by a plain mark. The ledger keeps `subject.erased` with
counts, and the commitments, which nobody can open any more. What was freed in the database file is overwritten after
commit: see `ledger.scrubbing`.

The wrapped keys lie in the database, so a backup of it brings them back. Hence the list `KEYS_DIR/erased`, kept apart
from the database and its backups: one line a subject, `<subject> <time>`, numbers only, written after commit and only
ever added to. Whoever restores a backup calls `reapply()` before anybody works on it: it erases again everyone on that
list, or named by a `subject.erased` of the ledger, and whose key came back with the backup.

Out of reach, and said before the click: what has left the house (mails delivered, orders in the ERP), old backups
until they are restored or thrown away, and the fingerprint of a bundle that held a typed text.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from ledger import clock, doorbell, entries, personal
from ledger.actors import Actor
from ledger.command import digest
from ledger.errors import InvalidInput
from ledger.importing import importing
from ledger.models import Entry, EntryObject, LegalEntity, Person, SubjectKey
from ledger.redaction import Words
from ledger.sweeping import Sweep

#: Who does it again after a restore.
RESTORER = Actor.system("erasure")


@dataclass(frozen=True, slots=True)
class Erasing:
    """One erasure on its way through the rooms. `facts` are recorded at the end, when no further row is taken."""

    subject: str
    words: Words
    at: datetime
    facts: list[Callable[[], object]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.subject.partition(":")[0]

    @property
    def key(self) -> str:
        return self.subject.partition(":")[2]

    @property
    def person(self) -> int | None:
        return int(self.key) if self.kind == "person" else None


#: Room -> module.
_rooms: dict[str, str] = {}


def register(name: str, *, path: str) -> None:
    """In an app's `ready`, lowest floor first. `path` names the module."""
    _rooms[name] = path


def rooms() -> list[str]:
    """In the order in which they erase."""
    return list(reversed(_rooms))


def preview(subject: str) -> dict[str, int]:
    """How many rows of each room go, the ledger's own values first; empty for a subject that nobody knows."""
    personal.check_subject(subject)
    kept = personal.count(subject)
    found = {name: _of_room(name, "count")(subject) for name in rooms()}
    return {name: rows for name, rows in {"ledger values": kept, **found}.items() if rows}


def is_known(subject: str) -> bool:
    """Something is kept of the subject; looks no further than it must."""
    personal.check_subject(subject)
    return bool(personal.count(subject)) or any(_of_room(name, "count")(subject) for name in rooms())


def erase(subject: str, *, actor: Actor, entity: LegalEntity, causes: Sequence[int] = ()) -> dict[str, int]:
    """Erases the subject in every room and returns how many rows of each it changed. Inside the caller's transaction
    and under an authority in force. Once more does no harm."""
    return erase_all([subject], actor=actor, entity=entity, causes=causes)[subject]


def erase_all(
    subjects: Sequence[str], *, actor: Actor, entity: LegalEntity, causes: Sequence[int] = ()
) -> dict[str, dict[str, int]]:
    """The same for many subjects, passing over each table once; the counts are each subject's own."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{', '.join(subjects)} must be erased in one transaction")
    words = _words_of(subjects)
    all_of_them = [Erasing(subject, words[subject], clock.now()) for subject in words]
    sweep = Sweep(words)
    counts: dict[str, dict[str, int]] = {subject: {} for subject in words}
    for name in rooms():
        erased = {each.subject: _of_room(name, "erase")(each) for each in all_of_them}
        swept = _of_room(name, "sweep")(sweep)
        for subject in words:
            counts[subject][name] = erased[subject] + swept[subject]
    for each in all_of_them:
        counts[each.subject]["ledger values"] = personal.forget(each.subject)
    for each in all_of_them:
        for fact in each.facts:
            fact()
    for each in all_of_them:
        entries.subject_erased(each.subject, counts=counts[each.subject], actor=actor, entity=entity, causes=causes)
    for each in all_of_them:
        # Once more, now that the head is held: nothing recorded meanwhile stays.
        personal.forget(each.subject)
        transaction.on_commit(partial(_note, each.subject, each.at))
    doorbell.ring("personal data erased")
    return counts


def _words_of(subjects: Sequence[str]) -> dict[str, Words]:
    """What each is recognised by, read before anything is taken away. Where one speaks of another in the same bundle,
    also as it reads without the other, whose rows may be cleaned first."""
    words: dict[str, Words] = {}
    for subject in subjects:
        personal.check_subject(subject)
        texts = [text for name in rooms() for text in _of_room(name, "texts")(subject)]
        words[subject] = Words.of([*texts, *personal.texts_of(subject)])
    for subject, each in words.items():
        for other in words.keys() - {subject}:
            if variants := [words[other].out_of(text) for text in each.texts if _speaks_of(text, words[other])]:
                words[subject] = words[subject].and_also(variants)
    return words


def _speaks_of(text: str, other: Words) -> bool:
    return any(len(each) < len(text) and each.lower() in text.lower() for each in other.texts)


def reapply() -> list[str]:
    """After a restore: erases again whoever was erased, and returns those it erased. Calling it twice does no harm."""
    done = []
    for subject, at in sorted(_erased_before().items()):
        if not _came_back(subject, at):
            continue
        batch = {"subject": subject, "erased": at.isoformat()}
        with importing(f"erased again: {subject}", digest(batch)):
            erase(subject, actor=RESTORER, entity=_entity_of(subject))
        done.append(subject)
    return done


def listed() -> Iterator[tuple[str, datetime]]:
    """The list outside the database, oldest first."""
    if list_path().exists():
        for line in list_path().read_text().splitlines():
            subject, _, at = line.partition(" ")
            if at:  # a line cut off by a crash names nobody
                yield subject, datetime.fromisoformat(at)


def list_path() -> Path:
    return Path(settings.KEYS_DIR) / "erased"


def _of_room(name: str, function: str) -> Callable[..., Any]:
    return import_string(f"{_rooms[name]}.{function}")


def _erased_before() -> dict[str, datetime]:
    known = dict(listed())
    for each in EntryObject.objects.filter(kind="subject", entry__kind="subject.erased").select_related("entry"):
        known.setdefault(each.key, each.entry.time)
    return known


def _came_back(subject: str, erased_at: datetime) -> bool:
    """It has something to erase, and it is the same subject: not one that got the number after the erasure."""
    held = SubjectKey.objects.filter(subject=subject).first()
    if held is not None:
        return held.erased_at is None and held.made_at <= erased_at
    return is_known(subject) and not _is_younger(subject, erased_at)


def _is_younger(subject: str, erased_at: datetime) -> bool:
    kind, _, key = subject.partition(":")
    return kind == "person" and Person.objects.filter(pk=int(key), date_joined__gt=erased_at).exists()


def _entity_of(subject: str) -> LegalEntity:
    kind, _, key = subject.partition(":")
    person = Person.objects.filter(pk=int(key)).select_related("entity").first() if kind == "person" else None
    if person is not None and person.entity is not None:
        return person.entity
    earlier = Entry.objects.filter(kind="subject.erased", objects_index__key=subject).first()
    entity = LegalEntity.objects.filter(log=earlier.log_id).first() if earlier else LegalEntity.objects.first()
    if entity is None:
        raise InvalidInput("There is no company whose ledger could say that somebody was erased again.")
    return entity


def _note(subject: str, at: datetime) -> None:
    """Adds one line and waits for the disk. A number, never a name."""
    list_path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(list_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, f"{subject} {at.isoformat()}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
