"""Tables of records and the plans that follow from them; and that real plans, however they go, are told in full."""

from __future__ import annotations

from typing import Any

import pytest

from agents import engine, live, plans, reducers
from agents.entries import plan_ref
from agents.outcomes import End, Finish, Park
from ledger import replay
from ledger.actors import Actor
from ledger.command import digest
from ledger.errors import InvalidInput
from ledger.journal import history_of
from tests.agents.acting import ACTS, start, statuses, step
from tests.ledger.told import record, told

PLAN, SUBJECT = ("plan", "PLN-1"), ("requisition", "PR-1")
STARTED = record(
    "plan.started", "PLN-1", PLAN, SUBJECT, template="t", version=2, digest="d", inputs={}, steps=["a", "b"]
)
OPEN = {"status": "open", "result_digest": "", "result": "", "override": ""}
STATE = {
    "status": "open",
    "template": "t",
    "version": 2,
    "digest": "d",
    "subject": "requisition/PR-1",
    "requested_by": None,
    "inputs": digest({}),
    "paused": False,
    "compensating": False,
    "steps": {"a": OPEN, "b": OPEN},
}
DONE = {"status": "done", "result_digest": "r", "result": "r", "override": ""}


def of_step(what: str, key: str = "a", **data: Any) -> Any:
    return record(f"step.{what}", "PLN-1", ("step", f"PLN-1/{key}"), PLAN, **data)


FINISHED, PARKED = of_step("finished", result_digest="r"), of_step("parked", reason="x")
PLANS = {
    "started": ([], STATE),
    "a step finished": ([FINISHED], {**STATE, "steps": {"a": DONE, "b": OPEN}}),
    "a step parked": ([PARKED], {**STATE, "steps": {"a": OPEN | {"status": "parked"}, "b": OPEN}}),
    "and released": ([PARKED, of_step("released")], STATE),
    "a step skipped": ([of_step("skipped")], {**STATE, "steps": {"a": OPEN | {"status": "skipped"}, "b": OPEN}}),
    "parked as a whole": ([record("plan.parked", "PLN-1", PLAN, reason="x")], STATE),
    "ended early": (
        [FINISHED, record("plan.finished", "PLN-1", PLAN, status="cancelled", reason="x")],
        {**STATE, "status": "cancelled", "steps": {"a": DONE, "b": OPEN | {"status": "cancelled"}}},
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_plans(name):
    records, state = PLANS[name]
    assert told(reducers.plan, STARTED, *records) == state


def raising(_context):
    raise InvalidInput("It cannot be done.")


STORIES = {
    "done": ({}, "done", {"a": "done", "b": "done", "c": "done"}),
    "a condition that does not hold": ({"a": lambda context: Finish({"go": 0})}, "done", {"a": "done", "b": "skipped"}),
    "a failure that is skipped": ({"c": raising}, "done", {"c": "skipped"}),
    "parked": ({"a": lambda context: Park("Look.")}, "open", {"a": "parked", "b": "open"}),
    "ended by a step": ({"b": lambda context: End("Over.")}, "cancelled", {"a": "done", "b": "cancelled"}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", STORIES)
def test_the_journal_tells_a_real_plan_in_full(entity, name):
    acts, status, steps = STORIES[name]
    ACTS.update({"a": lambda context: Finish({"go": 1})} | acts)
    plan = start(
        entity,
        {"key": "a"},
        {"key": "b", "after": ["a"], "when": "steps.a.go == 1"},
        {"key": "c", "after": ["b"], "on_failure": "skip"},
    )
    engine.answer()
    ((key, row),) = live.plans("main")
    assert (key, row["status"]) == (plan.reference, status)
    assert {each: row["steps"][each]["status"] for each in steps} == steps
    assert list(replay.differences()) == []


@pytest.mark.django_db
def test_released_and_cancelled_by_a_person_are_told_too(entity, olga):
    ACTS["a"] = lambda context: Park("Look.")
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
    engine.answer()
    plans.release(step(plan, "a"), actor=Actor.human(olga))
    assert list(replay.differences()) == []
    plans.cancel(plan, actor=Actor.human(olga), reason="A drill.")
    assert set(statuses(plan).values()) == {"cancelled"}
    assert list(replay.differences()) == []


@pytest.mark.django_db
def test_a_skipped_step_has_an_entry_of_its_own(entity):
    ACTS["a"] = lambda context: Finish({"go": 0})
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"], "when": "steps.a.go == 1"})
    engine.answer()
    kinds = [each.kind for each in history_of(plan_ref(plan))]
    assert kinds == ["plan.started", "step.finished", "step.skipped", "plan.finished"]
