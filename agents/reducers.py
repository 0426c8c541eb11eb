"""Rebuilds plans, how their steps ended, and which templates are in force from the journal. Pure.

Whether a live plan runs or waits, and which of its open steps is ready, running or waiting, changes with every visit of
a worker: both are `open` here. What a person has to do with is told: a step parked, released, done, skipped, cancelled.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.command import digest
from ledger.records import Record, State

STEP_FACTS = {"step.finished": "done", "step.parked": "parked", "step.released": "open", "step.skipped": "skipped"}
#: A step that has come to one of these stays there.
ENDED = ("done", "skipped", "cancelled")


def plan(state: State | None, record: Record) -> State | None:
    kind, data = record.kind, record.data
    if kind == "plan.started":
        return _started(record)
    if state is None:
        return None
    if kind in STEP_FACTS:
        key = record.plan["step"] if record.plan else str(record.named("step")).split("/", 1)[1]
        result = data["result_digest"] if kind == "step.finished" else ""
        step = {"status": STEP_FACTS[kind], "result_digest": result, "result": result}
        return {**state, "steps": {**state["steps"], key: step}}
    if kind == "plan.finished":
        return {**state, "status": data["status"], "steps": {key: _end(each) for key, each in state["steps"].items()}}
    return state


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
        "steps": {key: {"status": "open", "result_digest": "", "result": ""} for key in data["steps"]},
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
