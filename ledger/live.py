"""Stop buttons in the shape in which the journal tells them, and how they are rebuilt from it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ledger.models import EntryObject, Switch
from ledger.records import Record, State


def switches(log: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, State]]:
    """A switch belongs to no company: to the log that names it, or to every log while none does."""
    elsewhere = EntryObject.objects.filter(kind="switch").exclude(entry__log=log).values("key")
    here = EntryObject.objects.filter(kind="switch", entry__log=log).values("key")
    rows = Switch.objects.exclude(scope__in=elsewhere) | Switch.objects.filter(scope__in=here)
    if keys is not None:
        rows = rows.filter(scope__in=keys)
    for row in rows.order_by("scope"):
        yield row.scope, {"stopped": row.stopped}


def switch(state: State | None, record: Record) -> State | None:
    """Pure. Its reason is words, and stays out."""
    if record.kind in ("switch.stopped", "switch.started"):
        return {"stopped": record.kind == "switch.stopped"}
    return state
