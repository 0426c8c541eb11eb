"""Reminders and deadlines of steps that ask a person, rounds of attempts, and what a failure leads to."""

from __future__ import annotations

import pytest

from agents import engine, plans
from agents.models import Plan, Step
from agents.outcomes import AskPerson, Await, Finish
from ledger import crashpoints, replay, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput
from ledger.journal import history_of
from tests import jumping
from tests.agents.acting import ACTED, ACTS, start, statuses, step

pytestmark = pytest.mark.django_db
HOUR = 3600
ORDER = ObjectRef("order", "PO-00001")
ASK = {"key": "a", "remind_after": 10, "deadline": 24}
NEXT = {"key": "b", "after": ["a"]}


def ask(_context):
    return AskPerson([ORDER], "an answer")


def refuse(_context):
    raise InvalidInput("No.")


def told(plan, kind):
    return history_of(ObjectRef("plan", plan.reference)).filter(kind=kind).count()


def replayed():
    assert list(replay.differences()) == []


def visit(later, hours):
    later(hours * HOUR + 60)
    return engine.answer()


def test_who_is_asked_is_reminded_again_and_again(entity, later):
    ACTS["a"] = ask
    plan = start(entity, ASK | {"deadline": 0})
    while engine.answer():
        pass
    assert not engine.due()
    assert visit(later, 9) == 0
    for hours, times in ((10, 1), (11, 1), (21, 2)):
        visit(later, hours)
        assert (step(plan, "a").reminded, told(plan, "step.reminded")) == (times, times)
    assert step(plan, "a").status == "waiting"
    replayed()


def test_nobody_is_reminded_and_nothing_given_up_while_the_clock_is_held(entity, later):
    ACTS["a"] = ask
    plan = start(entity, ASK)
    engine.answer()
    jumping.jump()
    assert visit(later, 25) == 0
    assert (statuses(plan), told(plan, "step.reminded")) == ({"a": "waiting"}, 0)
    jumping.confirm()
    visit(later, 25)
    assert statuses(plan) == {"a": "parked"}


def test_a_wait_for_no_person_reminds_nobody(entity, later):
    ACTS["a"] = lambda context: Await([ORDER], "the ERP")
    plan = start(entity, ASK)
    engine.answer()
    visit(later, 100)
    assert (step(plan, "a").status, step(plan, "a").reminded, step(plan, "a").deadline_at) == ("waiting", 0, None)


DEADLINES = {
    "ask": ({}, {"a": "parked", "b": "pending"}, "parked"),
    "skip": ({"on_failure": "skip"}, {"a": "skipped", "b": "done"}, "done"),
    "branch": ({"on_failure": "branch", "branch": "b"}, {"a": "failed", "b": "done"}, "done"),
    "compensate": ({"on_failure": "compensate"}, {"a": "failed", "b": "cancelled"}, "cancelled"),
    "retry": ({"on_failure": "retry"}, {"a": "ready", "b": "pending"}, "running"),
}


@pytest.mark.parametrize("name", DEADLINES)
def test_after_the_deadline_happens_what_the_template_says_about_failures(entity, later, name):
    spec, steps, status = DEADLINES[name]
    ACTS["a"] = ask
    plan = start(entity, ASK | spec, NEXT)
    engine.answer()
    visit(later, 23)
    assert step(plan, "a").status == "waiting"
    visit(later, 24)
    plan.refresh_from_db()
    assert (statuses(plan), plan.status) == (steps, status)
    assert step(plan, "a").error == "Nobody answered in 24 hours: an answer"
    replayed()
    assert engine.answer() == 0
    assert not engine.due()


@pytest.mark.parametrize("held", ["paused", "plan", "all", "role"])
def test_a_plan_that_is_paused_or_stopped_misses_no_deadline(entity, ben, olga, later, held):
    ACTS["a"] = ask
    plan = start(entity, ASK, NEXT)
    engine.answer()
    scope = {"plan": f"plan:{plan.reference}", "role": "role:fake"}.get(held, "all")
    if held == "paused":
        plans.pause(plan, actor=Actor.human(ben), reason="Look first.")
    else:
        switches.turn(scope, stop=True, actor=Actor.human(ben), entity=entity)
    visit(later, 30)
    assert (step(plan, "a").status, step(plan, "a").reminded) == ("waiting", 0)
    if held == "paused":
        plans.resume(plan, actor=Actor.human(ben))
    else:
        switches.turn(scope, stop=False, actor=Actor.human(olga), entity=entity)
    engine.answer()
    assert step(plan, "a").status == "parked"


def test_an_answer_in_time_ends_the_clock(entity, later):
    ACTS["a"] = lambda context: Finish({}) if len(ACTED) > 1 else ask(context)
    plan = start(entity, ASK)
    engine.answer()
    with engine.wakes.transaction.atomic():
        engine.wakes.wake([step(plan, "a").pk])
    assert (step(plan, "a").deadline_at, step(plan, "a").remind_at) == (None, None)
    visit(later, 30)
    assert step(plan, "a").status == "done"


@pytest.mark.parametrize("point", ["given_up", "reminded"])
def test_a_kill_while_time_passes_costs_nothing(entity, later, point):
    ACTS["a"] = ask
    plan = start(entity, ASK)
    engine.answer()

    def die(reached):
        if reached == point:
            raise KeyboardInterrupt

    crashpoints.hook = die
    with pytest.raises(KeyboardInterrupt):
        visit(later, 30 if point == "given_up" else 12)
    assert (step(plan, "a").status, step(plan, "a").reminded) == ("waiting", 0)
    crashpoints.hook = None
    engine.answer()
    assert step(plan, "a").status == "parked" if point == "given_up" else step(plan, "a").reminded == 1


def test_fresh_attempts_three_times_and_then_a_person(entity, later):
    ACTS["a"] = refuse
    plan = start(entity, {"key": "a", "attempts": 1, "on_failure": "retry", "longest_delay": 3600})
    engine.answer()
    first = step(plan, "a")
    assert (first.status, first.rounds) == ("ready", 1)
    assert 3500 < (first.due_at - first.started_at).total_seconds() < 3700
    for hours in range(2, 9, 2):
        visit(later, hours)
    parked = step(plan, "a")
    assert (parked.status, parked.rounds, parked.attempts) == ("parked", 3, 4)
    assert told(plan, "step.retried") == 3
    replayed()


def test_the_delays_are_those_of_the_template(entity):
    ACTS["a"] = lambda context: 1 / 0
    plan = start(entity, {"key": "a", "first_delay": 1000, "longest_delay": 1500, "attempts": 5})
    engine.answer()
    waits = (step(plan, "a").due_at - step(plan, "a").started_at).total_seconds()
    assert 500 <= waits <= 1010


def test_another_step_takes_over_and_is_left_out_when_nothing_failed(entity):
    hands_over = {"key": "a", "attempts": 1, "on_failure": "branch", "branch": "instead"}
    rest = ({"key": "instead", "after": ["a"]}, {"key": "next", "after": ["a"]})
    well = start(entity, hands_over, *rest)
    engine.answer()
    assert statuses(well) == {"a": "done", "instead": "skipped", "next": "done"}
    ACTS["a"] = refuse
    badly = start(entity, hands_over, *rest)
    engine.answer()
    badly.refresh_from_db()
    assert statuses(badly) == {"a": "failed", "instead": "done", "next": "skipped"}
    assert badly.status == Plan.Status.DONE
    replayed()


def test_a_stop_of_the_plan_holds_a_proposal_in_the_middle_of_an_act(entity, ben):
    def act(context):
        switches.turn(f"plan:{plan.reference}", stop=True, actor=Actor.human(ben), entity=entity)
        return context.propose(purpose="x", commands=[], rationale="")

    ACTS["a"] = act
    plan = start(entity, {"key": "a"})
    engine.answer()
    assert (step(plan, "a").status, Step.objects.get().tries.get().outcome) == ("ready", "stopped")
