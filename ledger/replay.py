"""Rebuilds state from the journal alone and compares it with the live rows.

A floor registers, for each kind of object it owns, a reducer and a reader of live rows; both give the same shape:
plain JSON values, money without trailing noughts, people by number. A reducer is pure: it takes the state so far (None
before the first entry) and one record that names the object, and returns the next state, or the very same one when the
record is not about it. What a state leaves out, and why, its reducer says.

Rows that came by import have their opening states in the entry of their batch (`opening`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.module_loading import import_string

from ledger import jcs, sources
from ledger.errors import DomainError, NotFound
from ledger.gauges import SILENT, Gauge
from ledger.models import Entry, EntryObject, LedgerHead, LegalEntity, Source
from ledger.records import Record, State
from ledger.redaction import MARK
from ledger.snapshot import reading

Ref = tuple[str, str]
Reduce = Callable[[State | None, Record], State | None]
IMPORTED = "batch.imported"
ERASED = "subject.erased"
CHUNK = 2000
#: Beyond these, the opening states of a batch are kept as a source, and the entry holds its digest.
MOST_IN_ENTRY = 200


class CannotReplay(DomainError):
    """An entry does not tell what a state is rebuilt from."""

    code = "cannot_replay"


@dataclass(frozen=True, slots=True)
class Registered:
    kind: str
    reduce: str
    live: str
    per_entity: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """`field` is a dotted path; empty when the whole object is missing on the side that says None."""

    kind: str
    key: str
    field: str
    ledger: Any
    live: Any


@dataclass(frozen=True, slots=True)
class AsOf:
    """A state and the number of the entry that made it so; both None before there was any."""

    state: State | None
    seq: int | None


_registry: dict[str, Registered] = {}


def register(kind: str, *, reduce: str, live: str, per_entity: bool = False) -> None:
    """`reduce(state, record)` and `live(log, keys=None)`, which yields (key, state) of all or of these objects.

    `per_entity`: keys of this kind repeat between companies, so that here they begin with the company's code and “/”.
    """
    _registry[kind] = Registered(kind, reduce, live, per_entity)


def full_key(kind: str, key: str, entity: str) -> str:
    """The key by which this object of the company of that code is known here."""
    return f"{entity}/{key}" if kind in _registry and _registry[kind].per_entity else key


def kinds() -> list[str]:
    return sorted(_registry)


def states(log: str = "main", until: int | datetime | None = None) -> dict[Ref, State]:
    """Every object's state by (kind, key) after the entry `until`, at that instant, or now. Reads in chunks."""
    with reading():
        return replayed(_bodies(log, _end(log, until)))


def replayed(bodies: Iterable[Mapping[str, Any]]) -> dict[Ref, State]:
    """States from parsed entries in order, such as those of an export; touches the database only for a large batch's
    opening states."""
    found: dict[Ref, State] = {}
    reducers = _reducers()
    for body in bodies:
        _apply(found, body, reducers)
    return found


def moves(bodies: Iterable[Mapping[str, Any]]) -> Iterator[tuple[int, frozenset[Ref]]]:
    """Each entry's number with the objects whose next state it made."""
    found: dict[Ref, State] = {}
    reducers = _reducers()
    for body in bodies:
        yield body["seq"], _apply(found, body, reducers)


def _reducers() -> dict[str, Reduce]:
    return {kind: import_string(each.reduce) for kind, each in _registry.items()}


def differences(log: str = "main", *, gauge: Gauge = SILENT) -> Iterator[Difference]:
    """What the rows say otherwise than the journal: nothing, when every change went through it.

    Head, entries and rows are read as of one instant, so a portal at work makes no difference. Consume it to the end
    and write nothing meanwhile: the view of that instant is held until then. What was erased with an entry that says so
    cannot be compared any more.
    """
    with reading():
        erased = Entry.objects.filter(log_id=log, kind=ERASED).exists()
        for each in _differences(log, gauge):
            if not (erased and each.live == MARK):
                yield each


def _differences(log: str, gauge: Gauge) -> Iterator[Difference]:
    end = _end(log, None)
    gauge.of(end, "Entries read")
    known = replayed(_counted(_bodies(log, end), gauge))
    gauge.of(len(known), "Rows compared")
    for (kind, key), row in live(log):
        gauge.step()
        yield from compared(kind, key, known.pop((kind, key), None), row)
    for (kind, key), state in sorted(known.items()):
        yield from compared(kind, key, state, None)


def live(log: str = "main") -> Iterator[tuple[Ref, State]]:
    """The rows of every kind in the shape of a replay, in chunks."""
    for kind, each in sorted(_registry.items()):
        for key, state in import_string(each.live)(log):
            yield (kind, key), state


def compared(kind: str, key: str, ledger: Any, live: Any, field: str = "") -> Iterator[Difference]:
    """Field by field, in order."""
    if ledger == live:
        return
    if not (isinstance(ledger, Mapping) and isinstance(live, Mapping)):
        yield Difference(kind, key, field, ledger, live)
        return
    for name in sorted(ledger.keys() | live.keys()):
        yield from compared(kind, key, ledger.get(name), live.get(name), f"{field}.{name}" if field else name)


def as_of(log: str, kind: str, key: str, until: int | datetime | None = None) -> AsOf:
    """One object at a moment, from the entries that name it. Raises `NotFound` for a kind that nobody rebuilds."""
    if kind not in _registry:
        raise NotFound(f"The state of a “{kind}” is not rebuilt. Known: {', '.join(kinds())}.")
    reducers, ref = {kind: import_string(_registry[kind].reduce)}, (kind, key)
    named = key.split("/", 1)[-1] if _registry[kind].per_entity else key
    naming = EntryObject.objects.filter(kind=kind, key=named, entry__log=log)
    about = Q(pk__in=naming.values("entry")) | Q(kind=IMPORTED)
    found: dict[Ref, State] = {}
    made_by: int | None = None
    with reading():
        for body in _bodies(log, _end(log, until), about):
            before = found.get(ref)
            if ref in _apply(found, body, reducers) and found.get(ref) != before:
                made_by = body["seq"]
    return AsOf(found.get(ref), made_by)


def opening(entity: LegalEntity, keys: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """What the entry of a batch says of the rows that it made or changed, by kind and key, as they are now.

    Inside the batch's transaction. Kinds that nobody rebuilds are left out.
    """
    found: dict[str, dict[str, State]] = {}
    for kind, wanted in keys.items():
        if kind in _registry and wanted:
            mine = _registry[kind]
            full = {full_key(kind, each, entity.code) for each in wanted}
            found[kind] = dict(import_string(mine.live)(entity.log_id, full))
    if sum(map(len, found.values())) <= MOST_IN_ENTRY:
        return {"states": found} if found else {}
    kept = sources.keep(jcs.dumps(found), origin="import:opening", media_type="application/json")
    return {"source": kept.digest}


def _apply(found: dict[Ref, State], body: Mapping[str, Any], reducers: Mapping[str, Reduce]) -> frozenset[Ref]:
    """Moves on every state that this entry is about, and tells which."""
    if body["kind"] == IMPORTED:
        opened = _opened(body["data"].get("opening", {}))
        states = {(kind, key): each for kind in opened if kind in reducers for key, each in opened[kind].items()}
        found.update(states)
        return frozenset(states)
    seen, moved = set(), []
    for each in body["objects"]:
        kind, key = each["kind"], each["key"]
        reduce = reducers.get(kind)
        if reduce is None or (kind, key) in seen:
            continue
        seen.add((kind, key))
        ref = (kind, full_key(kind, key, body["entity"]))
        before = found.get(ref)
        try:
            after = reduce(before, Record(body, key))
        except (KeyError, TypeError, AttributeError) as error:
            raise CannotReplay(_cannot(body, kind, key, error)) from error
        if after is before:
            continue
        moved.append(ref)
        if after is None:
            del found[ref]
        else:
            found[ref] = after
    return frozenset(moved)


def _cannot(body: Mapping[str, Any], kind: str, key: str, error: Exception) -> str:
    return (
        f"Entry {body['seq']} ({body['kind']}) does not tell the state of {kind} {key} in the form that this version"
        f" reads: {type(error).__name__} {error}."
    )


def _opened(said: Mapping[str, Any]) -> Mapping[str, Mapping[str, State]]:
    """A source that is gone or is not what the entry says opens nothing: its rows then show as differences."""
    if "source" not in said:
        return said.get("states", {})
    source = Source.objects.filter(digest=said["source"]).first()
    content = bytes(source.content) if source else b""
    return json.loads(content) if hashlib.sha256(content).hexdigest() == said["source"] else {}


def _end(log: str, until: int | datetime | None) -> int:
    """The last entry to read. The head is asked first, so that it fixes the view."""
    head = LedgerHead.objects.get(pk=log).seq
    if until is None:
        return head
    if isinstance(until, int):
        return min(until, head)
    # SQLite compares texts, and 12:00:05 stands before 12:00:05.000000.
    before = Entry.objects.filter(log_id=log, time__lt=until + timedelta(microseconds=1)).order_by("-seq")
    return before.values_list("seq", flat=True).first() or 0


def _counted(bodies: Iterable[dict[str, Any]], gauge: Gauge) -> Iterator[dict[str, Any]]:
    for each in bodies:
        yield each
        gauge.step()


def _bodies(log: str, end: int, about: Q | None = None) -> Iterator[dict[str, Any]]:
    wanted = Entry.objects.filter(log_id=log, seq__lte=end)
    if about is not None:
        wanted = wanted.filter(about)
    for content in wanted.order_by("seq").values_list("bytes", flat=True).iterator(chunk_size=CHUNK):
        yield json.loads(bytes(content))
