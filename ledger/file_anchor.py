"""The anchor “file”: each checkpoint as a file in a folder on other storage (LEDGER_ANCHOR_DIR)."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from ledger import anchors, files, notes, outbox
from ledger.command import ObjectRef, digest
from ledger.errors import DomainError
from ledger.models import Checkpoint, Effect
from ledger.notes import CheckpointText
from ledger.senders import Outcome

SENDER, ANCHOR = "anchor-file", "file"


def spread(checkpoint: Checkpoint) -> None:
    entity = checkpoint.log.entities.order_by("pk").first()
    if entity is not None:  # a log of nobody has no entries
        outbox.put(
            entity=entity,
            sender=SENDER,
            purpose="checkpoint.file",
            effect_key=digest({"anchor": ANCHOR, "origin": checkpoint.log.origin, "size": checkpoint.size}),
            object=ObjectRef(anchors.OBJECT, f"{checkpoint.log_id}/{checkpoint.size}"),
            request={"origin": checkpoint.log.origin, "size": checkpoint.size, "note": checkpoint.note},
        )


class FileSender:
    """The outbox's sender “anchor-file”. A file that is there is never written over with another note."""

    def send(self, effect: Effect) -> Outcome:
        request = effect.request
        path = path_of(request["origin"], request["size"])
        try:
            files.publish(path, request["note"], replace=False, mode=0o644)
            found = self.find(effect)
            _point_to(request["origin"], request["size"], request["note"])
        except OSError as error:
            return Outcome("retry", detail=f"{path} cannot be written: {error}")
        return found or Outcome("retry", detail=f"{path} is not there although it was written.")

    def find(self, effect: Effect) -> Outcome | None:
        path = path_of(effect.request["origin"], effect.request["size"])
        try:
            there = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        if there == effect.request["note"]:
            return Outcome("confirmed", external_id=path.name)
        return Outcome("refused", detail=f"{path} holds another note of this size: verify the ledger.")

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        if outcome.kind == "confirmed":
            path = path_of(effect.request["origin"], effect.request["size"])
            anchors.confirm(anchors.of_effect(effect), anchor=ANCHOR, reference=path.name)


sender = FileSender()


def path_of(origin: str, size: int | str) -> Path:
    return folder() / f"{origin.replace('/', '_')}-{size}.note"


def folder() -> Path:
    return Path(settings.LEDGER_ANCHOR_DIR)


def kept(origin: str) -> list[Path]:
    """The notes of this log in the folder, the pointer to the latest among them."""
    return sorted(folder().glob(f"{origin.replace('/', '_')}-*.note"))


def _point_to(origin: str, size: int, note: str) -> None:
    """“latest” moves forward only."""
    latest = path_of(origin, "latest")
    if _size_of(latest) < size:
        files.publish(latest, note, replace=True, mode=0o644)


def _size_of(path: Path) -> int:
    try:
        return CheckpointText.parse(notes.text_of(path.read_text(encoding="utf-8"))).size
    except (FileNotFoundError, DomainError, UnicodeDecodeError):
        return -1
