"""Rebuilds from the journal what vendors may do: their status and the categories they are approved for. Pure.

Vendors come by import, so their opening states are in the entries of batches. Names, addresses, contacts and why one is
blocked are words or personal, and stay out; certificates come by import alone and are not governed.
"""

from __future__ import annotations

from typing import Any

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


def bank_details(state: State | None, record: Record) -> State | None:
    """One version, without its values. The next one in force takes its place."""
    if not record.kind.startswith("bank_details."):
        return state
    data: dict[str, Any] = dict(record.data)
    replaced = data.pop("replaces", None)
    if state is not None and replaced == record.key:
        return {**state, "status": "replaced"}
    return {name: value for name, value in data.items() if name != "reason"}
