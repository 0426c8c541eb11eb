"""Rebuilds proposals with their steps and decisions, policies and bounds from the journal. Pure.

Left out: rationale, comments and problems, which are words; amount, currency and vendor of a proposal, which are
columns for lists, computed from its commands; when a step is due; names of who published a policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.command import digest
from ledger.records import Record, State, amount

#: What was still open is no longer needed after these. A return by execution has opened its steps already.
ENDS_ROUND = ("proposal.revised", "proposal.rejected", "proposal.returned", "proposal.withdrawn")


def proposal(state: State | None, record: Record) -> State | None:
    kind, data = record.kind, record.data
    if not kind.startswith("proposal."):
        return state
    if kind == "proposal.made":
        return _made(record)
    if state is None:
        return None
    after = {**state, "status": data["status"], "revision": data["revision"], "fingerprint": data["fingerprint"]}
    if kind in ENDS_ROUND and data.get("by") != "execution":
        after["steps"] = {place: _void(each) for place, each in state["steps"].items()}
    if kind == "proposal.revised":
        _revise(after, record)
    elif kind == "proposal.judged":
        after |= {"verdict": data["verdict"], "checkpoint": data["checkpoint"]}
        after["steps"] = {**after["steps"], **data["steps"]}
    elif "decided" in data:
        _decide(after, record)
    elif kind == "proposal.carried_out":
        after["carried"] = data["carried"]
    return after


def _made(record: Record) -> dict[str, Any]:
    data, asker = record.data, record.on_behalf_of
    return {
        "status": data["status"],
        "revision": data["revision"],
        "fingerprint": data["fingerprint"],
        "commands": data["fingerprint"],
        "revisions": {str(data["revision"]): data["fingerprint"]},
        "author": record.by,
        "requested_by": asker["id"] if asker else None,
        "undo_of": data["undo_of"],
        "verdict": "",
        "checkpoint": "",
        "hold_until": None,
        "steps": {},
        "decisions": {},
        "carried": {},
    }


def _void(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**step, "status": "void"} if step["status"] in ("open", "waiting") else step


def _revise(after: dict[str, Any], record: Record) -> None:
    """A new bundle; when a decider made it, the decision as well."""
    data = record.data
    after["commands"] = data["fingerprint"]
    after["revisions"] = {**after["revisions"], str(data["revision"]): data["fingerprint"]}
    after["hold_until"] = None
    if edit := data.get("edit"):
        decision = {
            "kind": "edit",
            "by": record.by,
            "level": edit["level"],
            "final": True,
            "revision": edit["revision"],
            "fingerprint": data["before"],
            "new_fingerprint": data["fingerprint"],
            "alone": edit["alone"],
            "entry": record.seq,
        }
        after["decisions"] = {**after["decisions"], str(edit["decision"]): decision}


def _decide(after: dict[str, Any], record: Record) -> None:
    data = record.data
    decision = {
        "kind": data["decided"],
        "by": record.by,
        "level": data["level"],
        "final": data["final"],
        "revision": data["revision"],
        "fingerprint": data["fingerprint"],
        "new_fingerprint": "",
        "alone": data["alone"],
        "entry": record.seq,
    }
    after["decisions"] = {**after["decisions"], str(data["decision"]): decision}
    after["steps"] = {**after["steps"], **data["steps"]}
    after["hold_until"] = data["hold_until"]


def policy(state: State | None, record: Record) -> State | None:
    """The entry that publishes a version names it first, and then the one that it replaces."""
    if record.kind != "policy.published":
        return state
    if record.key == record.named("policy"):
        data = record.data
        return {"digest": data["digest"], "document": digest(data["document"]), "status": "published"}
    return {**state, "status": "retired"} if state is not None else None


def bounds(state: State | None, record: Record) -> State | None:
    """Those in force; earlier ones are in the journal."""
    if record.kind != "bounds.adjusted":
        return state
    data = record.data
    return {
        "version": int(record.objects[0]["version"]),
        "on": data["on"],
        "commands": data["commands"],
        "max_amount": amount(data["max_amount"]),
        "max_per_day": amount(data["max_per_day"]),
        "currency": data["currency"],
        "rate_per_hour": data["rate_per_hour"],
        "suppliers_per_event": data["suppliers_per_event"],
        "tiers": data["tiers"],
    }
