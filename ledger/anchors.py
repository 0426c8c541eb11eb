"""Places outside where checkpoints are left, so that nobody who owns the database can rewrite what stands before one.

An anchor is registered by name. What leaves through the outbox is put when the checkpoint is stored (`spread`); other
anchors take `line` along with what goes out anyway. Each says `confirm` when its place has the checkpoint.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.module_loading import import_string

from ledger import clock
from ledger.errors import InvalidInput
from ledger.models import Anchoring, Checkpoint, Effect, Entry, EntryObject, LedgerHead

OVERDUE = timedelta(minutes=15)
#: What the effects of anchors are about. Ledger entries about these are anchoring's own.
OBJECT = "checkpoint"
_LINE = re.compile(r"\bLedger ([A-Za-z0-9._/:+-]+) size ([0-9]{1,19}) root ([A-Za-z0-9+/]{43}=)")
_anchors: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class AnchorState:
    """The newest checkpoint that some anchor has; `age` None when none has any. `uncovered` counts entries after it."""

    size: int
    root: str
    time: datetime | None
    age: timedelta | None
    uncovered: int
    overdue: bool


def register(name: str, *, spread: str = "") -> None:
    """In an app's `ready`. `spread(checkpoint)` puts effects into the outbox, in the transaction that stores it."""
    _anchors[name] = spread


def names() -> list[str]:
    return sorted(_anchors)


def spread(checkpoint: Checkpoint) -> None:
    """Sends a new checkpoint on its way to every anchor that has a way of its own."""
    for path in _anchors.values():
        if path:
            import_string(path)(checkpoint)


def of_effect(effect: Effect) -> Checkpoint:
    """The checkpoint that an anchor's effect leaves."""
    return Checkpoint.objects.get(log__origin=effect.request["origin"], size=effect.request["size"])


def confirm(checkpoint: Checkpoint, *, anchor: str, reference: str) -> Anchoring:
    """The place has it, under this reference. Said twice, it is kept once."""
    if anchor not in _anchors:
        raise InvalidInput(f"There is no anchor “{anchor}”: register it in an app's ready().")
    same = Anchoring.objects.filter(checkpoint=checkpoint, anchor=anchor, reference=reference[:200])
    if known := same.first():
        return known
    try:
        with transaction.atomic():
            return Anchoring.objects.create(
                checkpoint=checkpoint, anchor=anchor, reference=reference[:200], confirmed_at=clock.now()
            )
    except IntegrityError:
        return same.get()


def state(log: str = "main") -> AnchorState:
    """Overdue: for a quarter of an hour no anchor has got anything, although something happened."""
    newest = Checkpoint.objects.filter(log_id=log, anchorings__isnull=False).order_by("-size").first()
    size, at = (newest.size if newest else 0), clock.now()
    head = LedgerHead.objects.filter(log=log).first()
    first = after(log, size).first()
    since = newest.signed_at if newest else first.time if first else at
    return AnchorState(
        size=size,
        root=newest.root if newest else "",
        time=newest.signed_at if newest else None,
        age=at - newest.signed_at if newest else None,
        uncovered=(head.seq if head else 0) - size,
        overdue=first is not None and at - since > OVERDUE,
    )


def after(log: str, size: int) -> QuerySet[Entry]:
    """Entries after `size`, oldest first, without those that only say that a checkpoint is on its way to an anchor."""
    about = Exists(EntryObject.objects.filter(entry=OuterRef("pk"), kind=OBJECT))
    later = Entry.objects.filter(log_id=log, seq__gt=size).order_by("seq")
    return later.exclude(Q(about, kind__startswith="effect."))


def line(log: str = "main") -> str:
    """The newest checkpoint in a few words, to be left with what goes out anyway; empty before the first."""
    newest = Checkpoint.objects.filter(log_id=log).select_related("log").order_by("-size").first()
    return line_of(newest) if newest else ""


def line_of(checkpoint: Checkpoint) -> str:
    root = base64.b64encode(bytes.fromhex(checkpoint.root)).decode()
    return f"Ledger {checkpoint.log.origin} size {checkpoint.size} root {root}"


def of_line(text: str) -> Checkpoint | None:
    """The checkpoint that a text quotes, if it is one of ours."""
    if not (found := _LINE.search(text)):
        return None
    origin, size, root = found.groups()
    quoted = Checkpoint.objects.filter(log__origin=origin, size=int(size)).first()
    return quoted if quoted and line_of(quoted) == found[0] and root else None
