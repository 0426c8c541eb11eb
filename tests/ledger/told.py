"""Records for reducers, as tables of tests write them."""

from __future__ import annotations

import copy
from typing import Any

from ledger.records import Record


def record(
    kind: str, key: str = "K", /, *objects: tuple[str, str], actor: str = "tests", seq: int = 7, **data: Any
) -> Record:
    """`commitments`, `plan`, `on_behalf_of` are of the record itself; everything else is its data."""
    body: dict[str, Any] = {
        "seq": seq,
        "kind": kind,
        "entity": "HQ",
        "actor": {"kind": "system", "id": actor},
        "objects": [{"kind": each, "key": its_key} for each, its_key in objects],
    }
    body |= {name: data.pop(name) for name in ("commitments", "plan", "on_behalf_of") if name in data}
    return Record(body | {"data": data}, key)


def told(reduce: Any, *records: Record) -> Any:
    """The state after all of them; each must leave the state before it as it was."""
    state = None
    for each in records:
        before = copy.deepcopy(state)
        after = reduce(state, each)
        assert state == before, f"{each.kind} changed the state that it was given"
        state = after
    return state
