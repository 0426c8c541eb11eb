"""One entry: what it says, what caused it, what it caused, and the proof that it is in the signed tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from ledger import merkle, personal, tree
from ledger.errors import DomainError
from ledger.models import Checkpoint, Entry, EntryObject

#: How many later entries about the same objects are looked through for effects.
MOST_LOOKED_AT = 400
MOST_LETTERS = 600


@dataclass(frozen=True, slots=True)
class Datum:
    """One value of the record; nested ones are named by their path."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A personal value: only its salted commitment is in the record. `state` is kept, erased or foreign."""

    path: str
    commitment: str
    state: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Sibling:
    """One step of the way up: the other subtree's hash and the side it stands on."""

    side: str
    hash: str
    result: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The way from the entry to the root that a checkpoint signs; `holds` was computed here and now."""

    checkpoint: Checkpoint
    siblings: tuple[Sibling, ...]
    holds: bool


def flat(value: Any, path: str = "") -> list[Datum]:
    """A record's data as lines a person can scan, in its own order."""
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in flat(each, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        return [line for number, each in enumerate(value) for line in flat(each, f"{path}[{number}]")]
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    if value is None or value == "":
        return []
    return [Datum(path, str(value)[:MOST_LETTERS])]


def facts(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(name, value or what there is in its place, how) of a judgement's facts; those that were known first."""
    told = data.get("facts") or {}
    rows = [
        (each.get("state") != "known", name, _worded(each), str(each.get("how", "")))
        for name, each in told.items()
        if isinstance(each, dict)
    ]
    return [row[1:] for row in sorted(rows)]


def _worded(answer: Mapping[str, Any]) -> str:
    value = answer.get("value", answer.get("state", ""))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).replace("_", " ")


def causes(entry: Entry, record: Mapping[str, Any]) -> QuerySet[Entry]:
    """The entries that it names as its causes."""
    return Entry.objects.filter(log_id=entry.log_id, seq__in=record.get("causes", [])).order_by("seq")


def effects(entry: Entry, read: Any) -> list[Entry]:
    """Later entries that name it as a cause. Looked for among those about the same objects."""
    same = EntryObject.objects.none()
    for each in entry.objects_index.all():
        same = same | EntryObject.objects.filter(kind=each.kind, key=each.key)
    later = (
        Entry.objects.filter(log_id=entry.log_id, seq__gt=entry.seq, pk__in=same.values("entry"))
        .order_by("seq")
        .distinct()[:MOST_LOOKED_AT]
    )
    return [each for each in later if entry.seq in read(each).get("causes", ())]


def sealed(entry: Entry, record: Mapping[str, Any], *, may_see: bool) -> list[Sealed]:
    """Each committed value; in the clear only for those who may see it, and not after its erasure."""
    return [_sealed(entry, path, value, may_see) for path, value in sorted(record.get("commitments", {}).items())]


def _sealed(entry: Entry, path: str, commitment: str, may_see: bool) -> Sealed:
    try:
        value = personal.value(entry.log_id, entry.seq, path)
    except personal.Erased:
        return Sealed(path, commitment, "erased")
    except DomainError:
        return Sealed(path, commitment, "foreign")
    return Sealed(path, commitment, "kept", str(value)[:MOST_LETTERS] if may_see else "")


def proof(entry: Entry) -> Proof | None:
    """Under the newest checkpoint; None while no checkpoint covers the entry."""
    newest = Checkpoint.objects.filter(log_id=entry.log_id, size__gte=entry.seq).order_by("-size").first()
    if newest is None:
        return None
    path = tree.inclusion(entry.log_id, entry.seq, newest.size)
    leaf, root = bytes.fromhex(entry.hash), bytes.fromhex(newest.root)
    holds = merkle.verify_inclusion(leaf, entry.seq - 1, newest.size, path, root)
    return Proof(newest, tuple(_climb(leaf, entry.seq - 1, newest.size, path)), holds)


def _climb(result: bytes, index: int, size: int, path: tuple[bytes, ...]) -> list[Sibling]:
    """RFC 9162 section 2.1.3.2, with what stands at each step."""
    steps, last = [], size - 1
    for each in path:
        if index % 2 or index == last:
            result, side = merkle.node(each, result), "left"
            while index and not index % 2:
                index, last = index >> 1, last >> 1
        else:
            result, side = merkle.node(result, each), "right"
        steps.append(Sibling(side, each.hex(), result.hex()))
        index, last = index >> 1, last >> 1
    return steps
