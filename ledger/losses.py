"""What was signed or anchored of a log and is not in it any more: after an old backup was put back, or a cut.

The notes lie outside the database: the last one signed on this host beside its key, and those in the anchor folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from ledger import entries, file_anchor, notes, rights, signing, tree
from ledger.actors import Actor
from ledger.errors import DomainError, InvalidInput, Misconfigured
from ledger.models import Entry, LedgerHead, LegalEntity
from ledger.notes import BadNote, CheckpointText

RESTORE = Actor.system("restore")


@dataclass(frozen=True, slots=True)
class Loss:
    """A log has `kept` entries although `size` of them were signed; or, with `missing` 0, others than were signed."""

    log: str
    origin: str
    kept: int
    since: datetime | None
    size: int
    root: bytes
    place: Path

    @property
    def missing(self) -> int:
        return max(0, self.size - self.kept)

    def __str__(self) -> str:
        signed = f"a checkpoint of {self.size} entries of {self.origin} was signed ({self.place})"
        if not self.missing:
            return f"{signed}, but the first {self.size} entries here are others than were signed."
        since = f" since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{signed}, but there are only {self.kept}: {self.missing} entries are missing{since}."


def find() -> list[Loss]:
    """The greatest loss of each log that a note tells of."""
    found = []
    heads = {head.origin: head for head in LedgerHead.objects.order_by("log")}
    for origin in sorted(heads.keys() | _signed_origins()):
        head = heads.get(origin) or LedgerHead(log="", origin=origin)
        losses = [loss for said, place in _notes(origin) if (loss := _loss(head, said, place))]
        if losses:
            found.append(max(losses, key=lambda each: (each.missing, each.size)))
    return found


def accept(losses: list[Loss], *, reason: str, actor: Actor) -> list[Entry]:
    """Goes on from here on purpose: an entry in each log says what was lost, and signing is free to go on from it."""
    if actor != RESTORE:
        rights.require(actor, "tenant.import")
    if not losses:
        raise InvalidInput("Nothing that was signed is missing here: there is no loss to accept.")
    if not reason.strip():
        raise InvalidInput("Say why you go on without the missing entries: --reason.")
    made = []
    for loss in losses:
        entity = LegalEntity.objects.filter(log_id=loss.log).order_by("pk").first()
        if entity is None:
            raise InvalidInput(f"There is no log of {loss.origin} in this database to go on with.")
        with transaction.atomic():
            made.append(
                entries.ledger_restored(
                    loss.log,
                    kept=loss.kept,
                    size=loss.size,
                    root=loss.root,
                    reason=reason.strip(),
                    entity=entity,
                    actor=actor,
                )
            )
        # Whoever holds a copy of the note still sees the fork, and should.
        signing.give_up(loss.origin, loss.place.read_text(encoding="utf-8"), kept=loss.kept, size=loss.size)
    return made


def _loss(head: LedgerHead, said: CheckpointText, place: Path) -> Loss | None:
    if signing.is_given_up(head.origin, said.size):
        return None
    if said.size <= head.seq and tree.root_at(head.log, said.size) == said.root:
        return None
    last = Entry.objects.filter(log_id=head.log, seq=head.seq).values_list("time", flat=True).first()
    return Loss(head.log, head.origin, head.seq, last, said.size, said.root, place)


def _notes(origin: str) -> Iterator[tuple[CheckpointText, Path]]:
    """Every note of this log outside the database that our key signed (or that bears no other sign, without a key)."""
    try:
        key = signing.key(origin).verifier_key
    except (Misconfigured, BadNote):
        key = None
    for path in (signing.note_path(origin), *file_anchor.kept(origin)):
        try:
            text = path.read_text(encoding="utf-8")
            said = CheckpointText.parse(notes.open_note(text, key) if key else notes.text_of(text))
        except (OSError, UnicodeDecodeError, DomainError):
            continue
        if said.origin == origin:
            yield said, path


def _signed_origins() -> set[str]:
    """Origins that something was signed of here, whether the database knows them or not."""
    found = set()
    for path in signing.note_path("any").parent.glob("*.note"):
        try:
            found.add(CheckpointText.parse(notes.text_of(path.read_text(encoding="utf-8"))).origin)
        except (OSError, UnicodeDecodeError, DomainError):
            continue
    return found
