"""Kills at every named point, zombies, lost and doubled visits: the plan ends once, with one result a step."""

import contextlib
import itertools
from datetime import timedelta

import pytest

from agents import engine, leases, progress
from agents.crashpoints import POINTS as PLACES
from agents.errors import Fenced
from agents.models import Plan, Step, StepAttempt
from agents.outcomes import Await, Finish
from ledger import crashpoints
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of, record
from ledger.models import Entry
from tests.agents.acting import ACTED, ACTS, start, statuses, step

pytestmark = pytest.mark.django_db
GO = ObjectRef("event", "RFQ-00001")
POINTS = [each for each in PLACES if each != "proposed"]
STORY = ({"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["a"]}, {"key": "d", "after": ["b", "c"]})


class Killed(BaseException):
    """As a process that is killed: nothing after it runs."""


def kill_at(point, *, time=1):
    counted = itertools.count(1)

    def hook(reached):
        if reached == point and next(counted) == time:
            raise Killed

    crashpoints.hook = hook


def wait_for_go(context):
    return Finish({"opened": True}) if context.memory.get("asked") else Await([GO], "quotes", memory={"asked": True})


def go(entity):
    with engine.progress.transaction.atomic():
        record("event.opened", actor=Actor.system("tests"), entity=entity, objects=[GO])


def visit():
    with contextlib.suppress(Killed):
        engine.answer()


@pytest.mark.parametrize("time", [1, 2, 4])
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_ends_in_the_same_plan(entity, later, point, time):
    ACTS["b"] = wait_for_go
    kill_at(point, time=time)
    plan = start(entity, *STORY)
    for hour in range(4):
        later(3600 * hour)
        visit()
        if hour == 1:
            go(entity)
    plan.refresh_from_db()
    assert plan.status == Plan.Status.DONE
    assert set(statuses(plan).values()) == {"done"}
    kinds = [each.kind for each in history_of(ObjectRef("plan", plan.reference))]
    assert sorted(kinds) == sorted(["plan.started", *["step.finished"] * 4, "plan.finished"])
    for each in Step.objects.filter(plan=plan):
        assert each.attempts >= ACTED.count(each.key)
        assert each.attempts == StepAttempt.objects.filter(step=each).count()


def test_a_step_that_kills_its_worker_each_time_is_parked(entity, later):
    plan = start(entity, {"key": "a", "attempts": 3}, {"key": "b"})

    def hook(point):
        if point == "acting" and step(plan, "a").status == "running":
            raise Killed

    crashpoints.hook = hook
    for hour in range(6):
        later(3600 * hour)
        visit()
    assert statuses(plan) == {"a": "parked", "b": "done"}
    assert step(plan, "a").attempts == 3
    assert step(plan, "a").error == "The step started 3 times and did not come back."


def test_a_lease_that_still_runs_is_left_alone(entity, later):
    kill_at("claimed")
    plan = start(entity, {"key": "a", "timeout": 300})
    visit()
    later(200)
    visit()
    assert (step(plan, "a").status, step(plan, "a").attempts) == ("running", 1)
    later(400)
    visit()
    assert (step(plan, "a").status, step(plan, "a").attempts) == ("done", 2)


def test_a_zombie_with_an_old_fence_changes_nothing(entity, later):
    plan = start(entity, {"key": "a"})
    zombie = leases.claim(step(plan, "a"), timeout=10)
    later(3600)
    engine.answer()
    kept = step(plan, "a")
    before = Entry.objects.count()
    for late in (Finish({"attempt": "late"}), Await([GO], "quotes")):
        with pytest.raises(Fenced):
            progress.store(zombie, late, seen={}, started=0)
    with pytest.raises(Fenced):
        progress.store_failure(zombie, error="late", again_in=timedelta(0))
    assert step(plan, "a").result == kept.result == {"attempt": 2}
    assert Entry.objects.count() == before


def test_a_zombie_changes_nothing_while_its_successor_still_works(entity, later):
    plan = start(entity, {"key": "a"})
    zombie = leases.claim(step(plan, "a"), timeout=10)
    later(3600)
    successor = leases.claim(step(plan, "a"), timeout=10)
    with pytest.raises(Fenced):
        progress.store(zombie, Finish({"by": "zombie"}), seen={}, started=0)
    progress.store(successor, Finish({"by": "successor"}), seen={}, started=0)
    assert step(plan, "a").result == {"by": "successor"}


def test_of_two_workers_that_saw_the_same_step_one_gets_it(entity):
    plan = start(entity, {"key": "a"})
    first, second = step(plan, "a"), step(plan, "a")
    assert leases.claim(first, timeout=10)
    assert leases.claim(second, timeout=10) is None
    assert step(plan, "a").attempts == 1


def test_doubled_visits_change_nothing(entity):
    plan = start(entity, *STORY)
    for _ in range(3):
        engine.answer()
    assert sorted(ACTED) == ["a", "b", "c", "d"]
    assert statuses(plan) == dict.fromkeys("abcd", "done")


def test_a_clock_that_goes_back_changes_no_result(entity, later):
    ACTS["b"] = wait_for_go
    plan = start(entity, *STORY)
    engine.answer()
    later(-86400)
    go(entity)
    engine.answer()
    later(0)
    engine.answer()
    plan.refresh_from_db()
    assert set(statuses(plan).values()) == {"done"}
    assert plan.ended_at >= plan.started_at
