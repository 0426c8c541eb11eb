"""Pure steps that are acted before the results they come after are stored: what it saves, and what it does not risk."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents import engine, leases, plans, roles, waves
from agents.models import Plan, Step, StepAttempt
from agents.outcomes import Await, Finish
from ledger import clock, crashpoints, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.rights import Role
from tests.agents import acting
from tests.agents.acting import ACTED, ACTS, start, statuses, step
from tests.cast import make_person

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
MOST_STATEMENTS = {"postgresql": 18, "sqlite": 46}


class Killed(BaseException):
    """The process is gone; nothing in it can answer."""


@pytest.fixture(autouse=True)
def pure(monkeypatch):
    """All steps of the fake role only compute."""
    act = frozenset({"act"})
    monkeypatch.setattr(acting, "SPECIFICATION", replace(acting.SPECIFICATION, quick=act, pure=act))


def points(*wanted: str) -> list[str]:
    seen: list[str] = []
    crashpoints.hook = lambda point: seen.append(point) if point in wanted else None
    return seen


def starts() -> dict[str, int]:
    return dict(Step.objects.values_list("key", "attempts"))


def killed_at(point: str, *, nth: int) -> None:
    left = [nth]

    def hook(reached: str) -> None:
        left[0] -= reached == point
        if reached == point and left[0] == 0:
            raise Killed

    crashpoints.hook = hook
    with pytest.raises(Killed):
        engine.answer()
    crashpoints.hook = None
    # Its lease runs out.
    Step.objects.filter(status="running").update(lease_until=clock.now() - timedelta(seconds=1))


def test_six_steps_are_stored_once_and_sealed_one_by_one(entity):
    plan, stored = start(entity, *SIX), points("stored")
    with CaptureQueriesContext(connection) as seen:
        assert engine.answer() == 6
    assert (ACTED, stored) == (list("abcdef"), ["stored"])
    told = [each["sql"] for each in seen if "SAVEPOINT" not in each["sql"]]
    assert len(told) <= MOST_STATEMENTS[connection.vendor], "\n".join(told)
    kinds = [each.kind for each in history_of(ObjectRef("plan", plan.reference))]
    assert kinds == ["plan.started", *["step.finished"] * 6, "plan.finished"]
    assert Plan.objects.get().status == "done"


def test_each_start_is_counted_and_noted_with_its_times(entity):
    start(entity, *SIX)
    engine.answer()
    assert starts() == dict.fromkeys("abcdef", 1)
    rows = Step.objects.order_by("pk").values_list("started_at", "ended_at", "due_at")
    tries = StepAttempt.objects.order_by("step").values_list("number", "outcome", "started_at", "ended_at")
    assert [each[:2] for each in tries] == [(1, "finished")] * 6
    for began, ended, due in rows:
        assert due <= began <= ended
    assert [row[1] for row in rows] == [each[3] for each in tries]


def test_what_is_acted_ahead_knows_the_results_before_it(entity):
    for place, key in enumerate("abcdef"):
        ACTS[key] = lambda context, n=place: Finish({"n": n + sum(each["n"] for each in context.results.values())})
    start(entity, *SIX)
    engine.answer()
    assert [each["n"] for each in Step.objects.order_by("pk").values_list("result", flat=True)] == [0, 1, 2, 6, 13, 27]


@pytest.mark.parametrize(("n", "last"), [(1, "done"), (2, "skipped")])
def test_a_condition_is_judged_by_results_that_are_not_stored_yet(entity, monkeypatch, n, last):
    monkeypatch.setattr(acting, "SPECIFICATION", replace(acting.SPECIFICATION, gives={"act": {"n": "integer"}}))
    ACTS.update({key: lambda context: Finish({"n": n}) for key in "abc"})
    plan = start(
        entity, {"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["b"], "when": "steps.b.n == 1"}
    )
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "done", "c": last}
    assert starts()["c"] == (last == "done"), "what was promised and not begun is given back"


def test_one_that_comes_to_no_result_is_claimed_and_acted_again(entity):
    order = ObjectRef("order", "PO-00001")
    ACTS["d"] = lambda context: Await([order], "the order")
    plan, stored = start(entity, *SIX), points("stored")
    engine.answer()
    assert statuses(plan) == dict.fromkeys("abc", "done") | {"d": "waiting", "e": "pending", "f": "pending"}
    assert list("abcdd") == ACTED
    assert starts() == dict.fromkeys("abc", 1) | {"d": 2, "e": 0, "f": 0}
    assert len(stored) == 2


def test_one_that_fails_takes_nothing_before_it_with_it(entity):
    def fail(context):
        raise RuntimeError("no")

    ACTS["c"] = fail
    plan = start(entity, *SIX)
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "done", "c": "ready", "d": "pending", "e": "pending", "f": "pending"}
    assert list("abcc") == ACTED
    assert starts()["c"] == 2
    tries = step(plan, "c").tries.values_list("number", "outcome", "detail")
    assert list(tries) == [(1, "stopped", waves.IN_VAIN), (2, "failed", "RuntimeError: no")]


@pytest.mark.parametrize("point", ["acting", "acted"])
@pytest.mark.parametrize("nth", range(1, 7))
def test_after_a_crash_every_start_is_counted_and_they_go_one_by_one(entity, point, nth):
    plan = start(entity, *SIX)
    killed_at(point, nth=nth)
    assert set(statuses(plan).values()) <= {"running", "pending"}
    for key in "abcdef":
        assert starts()[key] >= ACTED.count(key)
    stored = points("stored")
    engine.answer()
    assert set(statuses(plan).values()) == {"done"}
    assert len(stored) == 5
    assert Step.objects.filter(result_digest="").count() == 0
    for key in "abcdef":
        assert starts()[key] >= ACTED.count(key)


def test_one_that_kills_its_worker_each_time_is_given_to_a_person_and_no_other(entity):
    def kill(context):
        raise Killed

    ACTS["d"] = kill
    plan = start(entity, *SIX)
    for _ in range(12):
        try:
            engine.answer()
        except Killed:
            Step.objects.filter(status="running").update(lease_until=clock.now() - timedelta(seconds=1))
    assert statuses(plan) == dict.fromkeys("abc", "done") | {"d": "parked", "e": "pending", "f": "pending"}
    assert starts()["d"] == step(plan, "d").max_attempts >= ACTED.count("d")


def test_a_step_that_was_only_promised_is_decided_on_anew(entity):
    """It was counted before a crash and never begun, so a person's result for what comes before it is still welcome."""
    plan = start(entity, *SIX[:2])
    killed_at("acting", nth=1)
    ACTS["a"] = lambda context: Finish({"n": 0})
    board, claimed = waves.open_board(leases.due(limit=20))
    waves.store(board, [waves.Ended(claimed[0], Finish({"n": 0}), clock.now(), clock.now())])
    Step.objects.filter(key="b").update(status="ready", lease_until=None)
    StepAttempt.objects.filter(step__key="b").delete()
    olga = Actor.human(make_person("olga", Role.ADMINISTRATOR, entity=entity))
    plans.override(step(plan, "a"), {"n": 5}, actor=olga, reason="Counted anew.")
    assert statuses(plan) == {"a": "done", "b": "ready"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda plan: Step.objects.filter(plan=plan, key="e").update(status="skipped"), id="a step moved"),
        pytest.param(lambda plan: Step.objects.filter(plan=plan, key="c").update(fence=9), id="a step was taken"),
        pytest.param(lambda plan: Plan.objects.filter(pk=plan.pk).update(paused_at=clock.now()), id="paused"),
    ],
)
def test_when_somebody_else_was_there_only_what_was_claimed_is_stored(entity, change):
    plan = start(entity, *SIX)

    def meanwhile(context):
        change(plan)
        return Finish({})

    ACTS["d"] = meanwhile
    board, claimed = waves.open_board(leases.due(limit=20))
    ended = [engine._acted(each, board) for each in claimed]
    ended += engine._acted_ahead(board, ended)
    assert [each.lease.step.key for each in ended] == list("abcdef")
    assert engine._stored(board, ended) == []
    assert statuses(plan)["a"] == "done"
    assert [each.key for each in Step.objects.exclude(result_digest="")] == ["a"]
    assert StepAttempt.objects.count() == 1


def test_what_a_stop_button_holds_is_not_acted_ahead(entity, monkeypatch):
    monkeypatch.setitem(roles._paths, "other", acting.__name__)
    olga = Actor.human(make_person("olga", Role.ADMINISTRATOR, entity=entity))
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"], "role": "other"})
    switches.turn("role:other", stop=True, actor=olga, entity=entity, reason="A drill.")
    engine.answer()
    assert (statuses(plan), ACTED) == ({"a": "done", "b": "ready"}, ["a"])
    assert starts()["b"] == 0


def test_after_a_moment_what_was_acted_is_stored(entity, monkeypatch):
    monkeypatch.setattr(engine, "LONGEST_UNSTORED", 0.0)
    plan, stored = start(entity, *SIX), points("stored")
    engine.answer()
    assert set(statuses(plan).values()) == {"done"}
    assert len(stored) == 5
    assert starts() == dict.fromkeys("abcdef", 1)


def test_every_pure_task_is_a_quick_one():
    for role in roles.specifications().values():
        assert role.pure <= role.quick <= set(role.tasks), role.name
