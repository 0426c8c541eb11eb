"""Tables of records and the states that follow from them."""

from __future__ import annotations

from typing import Any

import pytest

from approvals import reducers
from ledger.command import digest
from tests.ledger.told import record, told

COMMANDS = [{"kind": "BlockVendor", "fields": {"vendor": "VEN-1"}}]
OTHERS = [{"kind": "BlockVendor", "fields": {"vendor": "VEN-2"}}]
OWNER = {"revision": 1, "level": "owner", "quorum": "any", "status": "open", "people": ["3"]}
SECOND = {"revision": 1, "level": "second", "quorum": "any", "status": "waiting", "people": []}


def said(kind: str, status: str, **data: Any) -> Any:
    base = {"revision": 1, "fingerprint": "f1", "status": status}
    return record(f"proposal.{kind}", "PP-1", ("proposal", "PP-1"), **base | data)


MADE = said("made", "waiting", commands=COMMANDS, undo_of=None, on_behalf_of={"kind": "human", "id": "3"})
ASKED = said("judged", "waiting", verdict="ask", checkpoint="New vendor", steps={"1": OWNER, "2": SECOND})
STATE = {
    "status": "waiting",
    "revision": 1,
    "fingerprint": "f1",
    "commands": "f1",
    "revisions": {"1": "f1"},
    "author": "system:tests",
    "requested_by": "3",
    "undo_of": None,
    "verdict": "ask",
    "checkpoint": "New vendor",
    "hold_until": None,
    "steps": {"1": OWNER, "2": SECOND},
    "decisions": {},
    "carried": {},
}


def decision(kind: str, status: str, *, decided: str, level: str = "owner", final: bool = False, **data: Any) -> Any:
    base = {"decision": 8, "decided": decided, "level": level, "final": final, "alone": False, "hold_until": None}
    return said(kind, status, **base | {"steps": {}} | data)


def kept(kind: str, *, final: bool = False, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "by": "system:tests",
        "level": "owner",
        "final": final,
        "revision": 1,
        "fingerprint": "f1",
        "new_fingerprint": "",
        "alone": False,
        "entry": 7,
    } | more


DONE, OPEN = OWNER | {"status": "done"}, SECOND | {"status": "open", "people": ["4"]}
VOID = {"1": OWNER | {"status": "void"}, "2": SECOND | {"status": "void"}}
NEW = {"revision": 2, "fingerprint": "f2"}
REVISED = {
    **STATE,
    **NEW,
    "commands": "f2",
    "revisions": {"1": "f1", "2": "f2"},
    "steps": VOID,
}
EDIT = {"decision": 8, "level": "owner", "revision": 1, "alone": True}
CARRIED = {"1": {"kind": "BlockVendor", "way_back": "d", "undo_until": None}}

PROPOSALS = {
    "asked": ([], STATE),
    "approved by the first level": (
        [decision("approved", "waiting", decided="approve", steps={"1": DONE, "2": OPEN})],
        {**STATE, "steps": {"1": DONE, "2": OPEN}, "decisions": {"8": kept("approve")}},
    ),
    "approved for good, with a hold": (
        [decision("approved", "approved", decided="approve", final=True, hold_until="2026-01-04", steps={"1": DONE})],
        {
            **STATE,
            "status": "approved",
            "hold_until": "2026-01-04",
            "steps": {"1": DONE, "2": SECOND},
            "decisions": {"8": kept("approve", final=True)},
        },
    ),
    "rejected": (
        [decision("rejected", "rejected", decided="reject", final=True)],
        {**STATE, "status": "rejected", "steps": VOID, "decisions": {"8": kept("reject", final=True)}},
    ),
    "changes asked for": (
        [decision("returned", "returned", decided="return", final=True)],
        {**STATE, "status": "returned", "steps": VOID, "decisions": {"8": kept("return", final=True)}},
    ),
    "withdrawn": ([said("withdrawn", "withdrawn")], {**STATE, "status": "withdrawn", "steps": VOID}),
    "revised": ([said("revised", "waiting", **NEW, commands=OTHERS, before="f1", override=False)], REVISED),
    "edited by a decider": (
        [said("revised", "waiting", **NEW, commands=OTHERS, before="f1", override=True, edit=EDIT)],
        {**REVISED, "decisions": {"8": kept("edit", final=True, new_fingerprint="f2", alone=True)}},
    ),
    "carried out and undone": (
        [said("carried_out", "carried_out", carried=CARRIED), said("undone", "undone", by="PP-2")],
        {**STATE, "status": "undone", "carried": CARRIED},
    ),
    "sent back by execution, with the steps that it opened": (
        [
            said("judged", "approved", verdict="block", checkpoint="Blocked", steps={"3": OWNER}),
            said("returned", "waiting", by="execution", difference=[]),
        ],
        {**STATE, "verdict": "block", "checkpoint": "Blocked", "steps": {"1": OWNER, "2": SECOND, "3": OWNER}},
    ),
    "only mentioned": ([record("order.issued", "PP-1", status="issued")], STATE),
}


@pytest.mark.parametrize("name", PROPOSALS)
def test_proposals(name):
    records, state = PROPOSALS[name]
    assert told(reducers.proposal, MADE, ASKED, *records) == state


def test_a_proposal_is_unknown_before_it_was_made():
    assert told(reducers.proposal, ASKED) is None


def published(number: str, key: str, *others: str) -> Any:
    objects = [("policy", each) for each in (number, *others)]
    return record("policy.published", key, *objects, digest=f"d{number}", document={"name": number})


def test_a_policy_is_retired_by_the_entry_of_the_next():
    first = {"digest": "d1", "document": digest({"name": "1"}), "status": "published"}
    assert told(reducers.policy, published("1", "1")) == first
    assert told(reducers.policy, published("1", "1"), published("2", "1", "1")) == {**first, "status": "retired"}
    assert told(reducers.policy, published("2", "2", "1"))["status"] == "published"


def test_the_bounds_in_force():
    said = {
        "on": True,
        "commands": ["QualifyVendor"],
        "max_amount": "10.50",
        "max_per_day": None,
        "currency": "USD",
        "rate_per_hour": 60,
        "suppliers_per_event": 6,
        "tiers": ["rules"],
    }
    adjusted = record("bounds.adjusted", "research", ("bounds", "research"), **said)
    adjusted.body["objects"][0]["version"] = "3"
    assert told(reducers.bounds, adjusted) == {**said, "version": 3, "max_amount": "10.5"}
