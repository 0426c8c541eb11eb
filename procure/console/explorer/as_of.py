"""One object through its entries: where the slider stands, what it was then by the ledger, what that entry changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledger import replay
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.models import LegalEntity
from procure.console import timeline
from procure.console.explorer.entry import flat
from procure.console.places import address

#: More entries than this about one object: the slider shows the newest.
MOST_STOPS = 500


@dataclass(frozen=True, slots=True)
class Field:
    """A value as of then; `before` where this entry changed it."""

    name: str
    value: str
    changed: bool
    before: str


def view(
    entity: LegalEntity, kind: str, key: str, *, at: int | None = None, stop: int | None = None
) -> dict[str, Any] | None:
    """What the page shows after entry `at`, or at the `stop`-th of its entries; None when no entry names the object."""
    log, full = entity.log_id, replay.full_key(kind, key, entity.code)
    stops = list(history_of(ObjectRef(kind, key)).filter(log_id=log).order_by("-seq")[:MOST_STOPS])[::-1]
    if not stops:
        return None
    place = _place([each.seq for each in stops], at, stop)
    here = stops[place]
    known = kind in replay.kinds()
    state = replay.as_of(log, kind, full, here.seq).state if known else None
    before = replay.as_of(log, kind, full, stops[place - 1].seq).state if known and place else None
    return {
        "kind": kind,
        "key": key,
        "place": place + 1,
        "stops": len(stops),
        "here_entry": here,
        "line": timeline.lines([here])[0],
        "lines": timeline.lines(stops[::-1]),
        "known": known,
        "fields": _fields(state, before) if known else [],
        "page": address(kind, key),
    }


def _place(seqs: list[int], at: int | None, stop: int | None) -> int:
    if stop is not None:
        return min(max(stop, 1), len(seqs)) - 1
    return max((number for number, seq in enumerate(seqs) if at is None or seq <= at), default=0)


def _fields(state: Any, before: Any) -> list[Field]:
    now = {each.name: each.value for each in flat(state or {})}
    then = {each.name: each.value for each in flat(before or {})}
    return [
        Field(name, now.get(name, ""), now.get(name, "") != then.get(name, ""), then.get(name, ""))
        for name in dict.fromkeys([*now, *then])
    ]
