"""Rebuilds plans, how their steps ended, and which templates are in force from the journal. Pure.

Whether a live plan runs or waits, and which of its open steps is ready, running or waiting, changes with every visit of
a worker: both are `open` here. What a person has to do with is told: a step parked, released, done, skipped, cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.command import digest
from ledger.records import Record, State

STEP_FACTS = {
    "step.finished": "done",
    "step.gathered": "done",
    "step.answered": "done",
    "step.parked": "parked",
    "step.released": "open",
    "step.retried": "open",
    "step.skipped": "skipped",
    "step.failed": "failed",
}
#: A step that has come to one of these stays there.
ENDED = ("done", "skipped", "failed", "cancelled")
OPEN: State = {"status": "open", "result_digest": "", "result": "", "override": ""}


def plan(state: State | None, record: Record) -> State | None:
    kind, data = record.kind, record.data
    if kind == "plan.started":
        return _started(record)
    if state is None:
        return None
    steps = state["steps"]
    if kind in STEP_FACTS or kind == "step.overridden":
        key = str(record.named("step")).split("/", 1)[1]
        again = dict.fromkeys(data.get("again", ()), OPEN)
        return {**state, "steps": {**steps, **again, key: _moved(steps[key], record)}}
    if kind in ("plan.reconsidered", "step.reconsidered"):
        return {**state, "steps": _looked_again(steps, record)}
    if kind == "step.fanned_out":
        return {**state, "steps": {**steps, **dict.fromkeys(data["branches"], OPEN)}}
    if kind in ("plan.paused", "plan.resumed"):
        return {**state, "paused": kind == "plan.paused"}
    if kind == "plan.compensating":
        rest = {key: _end(each) for key, each in steps.items()}
        way_back = dict.fromkeys(data["steps"], OPEN)
        return {**state, "paused": False, "compensating": True, "steps": {**rest, **way_back}}
    if kind == "plan.finished":
        ended = {key: _end(each) for key, each in steps.items()}
        return {**state, "status": data["status"], "paused": False, "steps": ended}
    return state


def _moved(step: State, record: Record) -> State:
    kind, found = record.kind, record.data.get("result_digest", "")
    if kind == "step.overridden":
        own = {"status": "done", "result_digest": found, "result": found} if record.data["own"] else {}
        return {**step, **own, "override": found}
    return {"status": STEP_FACTS[kind], "result_digest": found, "result": found, "override": step["override"]}


def _looked_again(steps: Mapping[str, State], record: Record) -> Mapping[str, State]:
    """Steps that were parked or skipped are open again, others were added; another result may count."""
    data = record.data
    opened = dict.fromkeys((*data["released"], *data["looks"], *data["asks"]), OPEN)
    if record.kind == "plan.reconsidered" or data["same"]:
        return {**steps, **opened}
    key = str(record.named("step")).split("/", 1)[1]
    return {**steps, **opened, key: {**steps[key], "override": data["result_digest"]}}


def _started(record: Record) -> dict[str, Any]:
    data, asker = record.data, record.on_behalf_of
    subject = record.objects[1]
    return {
        "status": "open",
        "template": data["template"],
        "version": data["version"],
        "digest": data["digest"],
        "subject": f"{subject['kind']}/{subject['key']}",
        "requested_by": asker["id"] if asker else None,
        "inputs": digest(data["inputs"]),
        "paused": False,
        "compensating": False,
        "steps": dict.fromkeys(data["steps"], OPEN),
    }


def _end(step: Mapping[str, Any]) -> Mapping[str, Any]:
    return step if step["status"] in ENDED else {**step, "status": "cancelled"}


def template(state: State | None, record: Record) -> State | None:
    """Its versions by digest, and which of them is in force; None when a person has taken it out of use."""
    if record.kind not in ("template.published", "template.retired"):
        return state
    version, digest_ = record.objects[0]["version"], record.data["digest"]
    versions = {**(state["versions"] if state else {}), version: {"digest": digest_, "definition": digest_}}
    return {"versions": versions, "in_force": int(version) if record.kind == "template.published" else None}


def triggers(state: State | None, record: Record) -> State | None:
    """Versions of the trigger rules by digest; the last one published is in force."""
    if record.kind != "triggers.published":
        return state
    version, digest_ = record.objects[0]["version"], record.data["digest"]
    versions = {**(state["versions"] if state else {}), version: {"digest": digest_, "rules": digest_}}
    return {"versions": versions, "in_force": int(version)}
