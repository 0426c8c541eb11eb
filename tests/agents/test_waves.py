"""One visit of one plan: what a wave costs, and that nothing of it stands when the plan is not as it was believed."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import engine, leases, waves
from agents.models import Plan, Step, StepAttempt
from agents.outcomes import Finish
from ledger import clock, crashpoints
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.models import Entry
from tests.agents import acting
from tests.agents.acting import ACTED, ACTS, start, statuses, step

pytestmark = pytest.mark.django_db
SIX = (
    {"key": "a"},
    {"key": "b", "after": ["a"]},
    {"key": "c", "after": ["a"]},
    {"key": "d", "after": ["b", "c"]},
    {"key": "e", "after": ["d"]},
    {"key": "f", "after": ["e"]},
)
#: Statements of a visit that takes the six steps from their start to their end, without savepoints.
MOST_STATEMENTS = {"postgresql": 46, "sqlite": 60}


@pytest.fixture
def quick(monkeypatch):
    """All steps of the fake role take some milliseconds."""
    monkeypatch.setattr(acting, "SPECIFICATION", replace(acting.SPECIFICATION, quick=frozenset({"act"})))


def begun(plan):
    """The first wave, taken, and what the visit knows then."""
    opened = waves.open_board([each for each in leases.due(limit=20) if each.plan == plan.pk])
    assert opened is not None
    return opened


def test_six_quick_steps_cost_five_stores_and_a_bounded_number_of_statements(entity, quick):
    plan = start(entity, *SIX)
    stored = []
    crashpoints.hook = lambda point: point == "stored" and stored.append(point)
    with CaptureQueriesContext(connection) as seen:
        assert engine.answer() == 6
    assert list("abcdef") == ACTED
    assert set(statuses(plan).values()) == {"done"}
    assert len(stored) == 5
    told = [each["sql"] for each in seen if "SAVEPOINT" not in each["sql"]]
    assert len(told) <= MOST_STATEMENTS[connection.vendor], "\n".join(told)


def test_every_step_of_a_wave_is_sealed_by_itself(entity, quick):
    plan = start(entity, *SIX)
    engine.answer()
    kinds = [each.kind for each in history_of(ObjectRef("plan", plan.reference))]
    assert kinds == ["plan.started", *["step.finished"] * 6, "plan.finished"]
    assert list(StepAttempt.objects.values_list("number", "outcome")) == [(1, "finished")] * 6


def test_steps_that_are_not_quick_are_taken_one_by_one(entity):
    plan = start(entity, {"key": "a"}, {"key": "b"})
    _, claimed = begun(plan)
    assert [each.step.key for each in claimed] == ["a"]
    assert statuses(plan) == {"a": "running", "b": "ready"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda plan: Step.objects.filter(plan=plan, key="b").update(status="skipped"), id="a step moved"),
        pytest.param(lambda plan: Step.objects.filter(plan=plan, key="b").update(fence=7), id="a step was taken"),
        pytest.param(lambda plan: Plan.objects.filter(pk=plan.pk).update(paused_at=clock.now()), id="paused"),
        pytest.param(lambda plan: Plan.objects.filter(pk=plan.pk).update(status="waiting"), id="the plan moved"),
    ],
)
def test_a_wave_is_not_stored_on_the_strength_of_what_is_not_so_any_more(entity, quick, change):
    plan = start(entity, *SIX)
    board, [lease] = begun(plan)
    change(plan)
    rows, entries = list(Step.objects.order_by("pk").values()), Entry.objects.count()
    with pytest.raises(waves.Outdated):
        waves.store(board, [waves.Ended(lease, Finish({"late": True}), plan.started_at, plan.started_at)])
    assert list(Step.objects.order_by("pk").values()) == rows
    assert Entry.objects.count() == entries


def test_a_paused_plan_is_not_claimed_on(entity, quick):
    def act(context):
        Plan.objects.filter(pk=context.plan.pk).update(paused_at=clock.now())
        return Finish({})

    ACTS["a"] = act
    plan = start(entity, *SIX)
    engine.answer()
    assert (statuses(plan)["a"], statuses(plan)["b"]) == ("done", "ready")
    assert leases.due(limit=20) == []


def test_a_result_that_cannot_be_kept_does_not_take_the_others_of_its_wave_with_it(entity, quick):
    ACTS["b"] = lambda context: Finish({"price": 0.5})
    plan = start(entity, *SIX)
    engine.answer()
    assert (step(plan, "b").status, step(plan, "c").status) == ("parked", "done")


def test_hot_steps_go_before_older_ones(entity):
    for key in ("cold", "hot"):
        start(entity, {"key": key}, name=key)
    Step.objects.filter(key="hot").update(priority=Step.Priority.HOT)
    engine.answer()
    assert ACTED == ["hot", "cold"]


def test_steps_of_a_pool_are_left_to_remote_workers(entity):
    plan = start(entity, {"key": "a"})
    Step.objects.filter(plan=plan).update(pool="customs")
    assert engine.answer() == 0
    assert statuses(plan) == {"a": "ready"}
