"""Rebuilds from the journal what vendors may do: their status and the categories they are approved for. Pure.

Vendors come by import, so their opening states are in the entries of batches. Names, addresses, contacts and why one is
blocked are words or personal, and stay out; certificates come by import alone and are not governed.
"""

from __future__ import annotations

from ledger.records import Record, State


def vendor(state: State | None, record: Record) -> State | None:
    if not record.kind.startswith("vendor.") or "after" not in record.data:
        return state
    data = record.data
    categories = dict(state["categories"]) if state else {}
    if data.get("category"):
        if record.kind == "vendor.qualified":
            categories[data["category"]] = ""
        else:
            categories.pop(data["category"], None)
    return {"status": data["after"], "categories": categories}
