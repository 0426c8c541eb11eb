"""What the engine promises about one plan, run by one worker at a time."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from agents import engine, plans
from agents.errors import BadTemplate
from agents.models import AwaitedObject, Plan, Step, StepAttempt
from agents.outcomes import AskPerson, Await, End, Finish, Park
from ledger import switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.journal import history_of, record
from tests import jumping
from tests.agents.acting import ACTED, ACTS, start, statuses, step

pytestmark = pytest.mark.django_db
ORDER = ObjectRef("order", "PO-00001")


def happen(entity, *objects):
    with transaction.atomic():
        record("erp.confirmed", actor=Actor.system("tests"), entity=entity, objects=objects)


def refuse(error):
    def act(context):
        raise error

    return act


def test_a_plan_runs_to_its_end_in_one_visit(entity):
    plan = start(
        entity,
        {"key": "a"},
        {"key": "b", "after": ["a"]},
        {"key": "c", "after": ["a"]},
        {"key": "d", "after": ["b", "c"]},
    )
    assert engine.answer() == 4
    plan.refresh_from_db()
    assert plan.status == Plan.Status.DONE
    assert ACTED == ["a", "b", "c", "d"]
    kinds = [each.kind for each in history_of(ObjectRef("plan", plan.reference))]
    assert kinds == ["plan.started", *["step.finished"] * 4, "plan.finished"]


def test_a_step_sees_the_results_of_those_before_it(entity):
    ACTS["a"] = lambda context: Finish({"price": "0.47"})
    ACTS["b"] = lambda context: Finish({"seen": context.results["a"]["price"]})
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
    engine.answer()
    assert step(plan, "b").result == {"seen": "0.47"}


def test_a_condition_that_does_not_hold_skips_the_step_and_frees_the_next(entity):
    ACTS["a"] = lambda context: Finish({"bids": 0})
    plan = start(
        entity, {"key": "a"}, {"key": "b", "after": ["a"], "when": "steps.a.bids > 0"}, {"key": "c", "after": ["b"]}
    )
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "skipped", "c": "done"}


def test_the_attempt_is_counted_before_the_act(entity):
    seen = []
    ACTS["a"] = lambda context: seen.append(Step.objects.get(key="a").attempts) or Finish({})
    plan = start(entity, {"key": "a"})
    engine.answer()
    assert seen == [1]
    assert StepAttempt.objects.get(step__plan=plan).outcome == "finished"


def test_a_failure_is_tried_again_later_and_longer_each_time(entity, later):
    ACTS["a"] = refuse(ConnectionError("reset"))
    plan = start(entity, {"key": "a", "attempts": 3})
    assert engine.answer() == 1
    failed = step(plan, "a")
    assert failed.status == "ready"
    assert "ConnectionError: reset" in failed.error
    assert engine.answer() == 0
    later(10)
    assert engine.answer() == 1
    assert (step(plan, "a").due_at - failed.due_at).total_seconds() > 10


def test_after_the_last_attempt_a_person_is_asked_and_the_rest_goes_on(entity, later):
    ACTS["bad"] = refuse(ValueError("400 digits"))
    plan = start(entity, {"key": "bad", "attempts": 2}, {"key": "good"}, {"key": "after_good", "after": ["good"]})
    engine.answer()
    later(60)
    engine.answer()
    plan.refresh_from_db()
    assert statuses(plan) == {"bad": "parked", "good": "done", "after_good": "done"}
    assert plan.status == Plan.Status.PARKED
    assert plan.reason == "Bad: ValueError: 400 digits"
    parked = history_of(ObjectRef("step", f"{plan.reference}/bad")).get(kind="step.parked")
    assert b"400 digits" not in bytes(parked.bytes)
    later(6000)
    assert engine.answer() == 0
    assert step(plan, "bad").attempts == 2


def test_an_error_that_will_not_pass_is_not_tried_again(entity):
    ACTS["a"] = refuse(InvalidInput("No such item."))
    plan = start(entity, {"key": "a"})
    engine.answer()
    assert (step(plan, "a").status, step(plan, "a").attempts, step(plan, "a").error) == ("parked", 1, "No such item.")


def test_a_stale_read_is_tried_again(entity):
    ACTS["a"] = refuse(Stale())
    plan = start(entity, {"key": "a"})
    engine.answer()
    assert step(plan, "a").status == "ready"


def test_a_step_that_may_be_skipped_is_skipped_after_its_last_attempt(entity):
    ACTS["a"] = refuse(ValueError())
    plan = start(entity, {"key": "a", "attempts": 1, "on_failure": "skip"}, {"key": "b", "after": ["a"]})
    engine.answer()
    plan.refresh_from_db()
    assert statuses(plan) == {"a": "skipped", "b": "done"}
    assert plan.status == Plan.Status.DONE


def test_a_person_releases_a_parked_step(entity, ben, rita):
    ACTS["a"] = lambda context: Park("No supplier sells this.")
    plan = start(entity, {"key": "a"})
    engine.answer()
    with pytest.raises(NotAllowed):
        plans.release(step(plan, "a"), actor=Actor.human(rita))
    assert step(plan, "a").status == "parked"
    ACTS.clear()
    plans.release(step(plan, "a"), actor=Actor.human(ben))
    engine.answer()
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == (Plan.Status.DONE, "")


def test_waiting_holds_nothing_and_a_named_object_wakes_it(entity):
    ACTS["a"] = lambda context: (
        Finish({"got": context.memory["sent"]}) if context.memory else Await([ORDER], "the ERP", memory={"sent": "yes"})
    )
    plan = start(entity, {"key": "a"})
    engine.answer()
    waiting = step(plan, "a")
    plan.refresh_from_db()
    assert (waiting.status, waiting.lease_until, waiting.waiting_for) == ("waiting", None, "the ERP")
    assert plan.status == Plan.Status.WAITING
    happen(entity, ObjectRef("order", "PO-00002"))
    assert engine.answer() == 0
    happen(entity, ORDER)
    engine.answer()
    assert step(plan, "a").result == {"got": "yes"}
    assert not AwaitedObject.objects.exists()


def test_a_fact_that_falls_between_the_look_and_the_wait_is_not_lost(entity):
    def act(context):
        if context.memory:
            return Finish({})
        happen(entity, ORDER)
        engine.wakes.follow_feed()
        return Await([ORDER], "the ERP", memory={"once": "more"})

    ACTS["a"] = act
    plan = start(entity, {"key": "a"})
    engine.answer()
    assert step(plan, "a").status == "done"


def test_time_wakes_a_step_by_the_database_clock(entity, later):
    def act(context):
        if context.memory:
            return Finish({})
        return Await([ORDER], "the deadline", until=context.now + engine.timedelta(hours=1), memory={"set": True})

    ACTS["a"] = act
    plan = start(entity, {"key": "a"})
    engine.answer()
    later(3000)
    assert engine.answer() == 0
    later(3700)
    engine.answer()
    assert step(plan, "a").status == "done"


def test_any_number_of_waits_uses_up_no_attempts(entity):
    ACTS["a"] = lambda context: AskPerson([ORDER], "an answer", memory={}) if len(ACTED) < 12 else Finish({})
    plan = start(entity, {"key": "a", "attempts": 2})
    for _ in range(12):
        happen(entity, ORDER)
        engine.answer()
    done = step(plan, "a")
    assert (done.status, done.attempts) == ("done", 12)
    assert done.attempts <= done.max_attempts


def test_a_role_may_end_the_plan(entity):
    ACTS["a"] = lambda context: End("The request was rejected.")
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c"})
    engine.answer()
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == (Plan.Status.CANCELLED, "The request was rejected.")
    assert set(statuses(plan).values()) == {"cancelled"}


def test_a_cancelled_plan_drops_what_is_still_at_work(entity, ben):
    def act(context):
        plans.cancel(context.plan, actor=Actor.human(ben), reason="not needed")
        return Finish({"late": True})

    ACTS["a"] = act
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
    engine.answer()
    assert statuses(plan) == {"a": "cancelled", "b": "cancelled"}
    assert step(plan, "a").result is None
    with pytest.raises(Stale):
        plans.cancel(plan, actor=Actor.human(ben), reason="again")


def test_a_stop_button_holds_the_plan_in_the_middle(entity, ben, olga):
    def act(context):
        switches.turn("role:fake", stop=True, actor=Actor.human(ben), entity=entity, reason="look first")
        return Finish({})

    ACTS["a"] = act
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "ready"}
    assert engine.answer() == 0
    switches.turn("role:fake", stop=False, actor=Actor.human(olga), entity=entity)
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "done"}


@pytest.mark.parametrize("scope", ["all", "plan"])
def test_one_plan_or_everything_can_be_stopped(entity, ben, scope):
    plan = start(entity, {"key": "a"})
    other = start(entity, {"key": "a"})
    named = scope if scope == "all" else f"plan:{plan.reference}"
    switches.turn(named, stop=True, actor=Actor.human(ben), entity=entity)
    engine.answer()
    assert statuses(plan) == {"a": "ready"}
    assert statuses(other) == {"a": "ready" if scope == "all" else "done"}


def test_a_stop_met_inside_an_act_costs_no_attempt(entity, later):
    ACTS["a"] = lambda context: switches.check("sender:none") or refuse(switches.Stopped())(context)
    plan = start(entity, {"key": "a", "attempts": 1})
    engine.answer()
    assert step(plan, "a").status == "ready"
    ACTS.clear()
    later(10)
    engine.answer()
    assert step(plan, "a").status == "done"


def test_a_recorded_result_never_changes(entity):
    plan = start(entity, {"key": "a"})
    engine.answer()
    before = step(plan, "a")
    for change in ({"result": {"attempt": 2}}, {"status": "ready"}, {"result_digest": "0" * 64}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Step.objects.filter(pk=before.pk).update(**change)
    assert step(plan, "a").result == before.result


def test_a_published_template_never_changes(entity):
    plan = start(entity, {"key": "a"})
    with pytest.raises(IntegrityError), transaction.atomic():
        type(plan.template).objects.update(definition={})
    plan.template.refresh_from_db()
    assert plan.template.definition["title"] == "A story"


def test_a_plan_keeps_to_the_version_it_started_with(entity):
    first = start(entity, {"key": "a"})
    second = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
    engine.answer()
    assert (first.template.version, second.template.version) == (1, 2)
    assert statuses(first) == {"a": "done"}


def test_a_role_that_this_version_lacks_parks_the_step(entity):
    plan = start(entity, {"key": "a"})
    Step.objects.filter(plan=plan).update(role="oracle")
    engine.answer()
    assert step(plan, "a").status == "parked"
    assert "no role “oracle”" in step(plan, "a").error


def test_a_step_whose_terms_cannot_be_read_is_parked(entity):
    plan = start(entity, {"key": "a"})
    Step.objects.filter(plan=plan).update(spec={"key": "a", "role": "fake", "from_the_future": True})
    engine.answer()
    assert step(plan, "a").status == "parked"
    assert "from_the_future" in step(plan, "a").error


def test_a_step_that_cannot_even_be_stored_keeps_nobody_from_theirs(entity, monkeypatch):
    bad, good = start(entity, {"key": "a"}), start(entity, {"key": "b"})
    store = engine.progress.store

    def broken(lease, *outcome, **seen):
        if lease.step.plan_id == bad.pk:
            raise OSError("disk full")
        store(lease, *outcome, **seen)

    monkeypatch.setattr(engine.progress, "store", broken)
    monkeypatch.setattr(engine.progress, "store_failure", broken)
    engine.answer()
    assert statuses(good) == {"b": "done"}
    assert statuses(bad) == {"a": "running"}


def test_no_wait_is_over_while_the_clock_is_held(entity, later):
    ACTS["a"] = lambda context: Await([ORDER], "the deadline", until=context.now + engine.timedelta(hours=1))
    plan = start(entity, {"key": "a"})
    engine.answer()
    jumping.jump()
    later(3700)
    assert (engine.answer(), step(plan, "a").status) == (0, "waiting")
    jumping.confirm()
    del ACTS["a"]
    engine.answer()
    assert step(plan, "a").status == "done"


def test_whether_anything_is_due_is_told_without_doing_it(entity, later):
    engine.answer()
    assert not engine.due()
    ACTS["a"] = lambda context: Await([ORDER], "the ERP", until=context.now + engine.timedelta(hours=1))
    plan = start(entity, {"key": "a"})
    assert engine.due()
    assert step(plan, "a").attempts == 0
    engine.answer()
    engine.answer()
    assert not engine.due()
    later(3700)
    assert engine.due()
    later(0)
    happen(entity, ORDER)
    assert engine.due()


def test_an_idle_visit_only_reads(entity):
    engine.answer()
    with CaptureQueriesContext(connection) as seen:
        assert engine.answer() == 0
    assert [each["sql"] for each in seen if not each["sql"].startswith("SELECT")] == []


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([], "1 to 100 steps"),
        ([{"key": "a", "after": ["b"]}, {"key": "b", "after": ["a"]}], "in a circle"),
        ([{"key": "a", "after": ["x"]}], "“x”, which is not a step"),
        ([{"key": "a"}, {"key": "a"}], "“a” is there 2 times"),
        ([{"key": "a", "role": "oracle"}], "no role “oracle”"),
        ([{"key": "a", "task": "guess"}], "no task “guess”"),
        ([{"key": "a", "when": "stps.a"}], "There is no “stps.a” here"),
        ([{"key": "a", "when": "1 + 1"}], "A condition is true or false"),
        ([{"key": "Bad Key"}], "small letters"),
        ([{"key": "a", "timeout": 0}], "timeout: is 1 to 3,600 seconds"),
        ([{"key": "a", "attempts": 99}], "attempts: is 1 to 20 attempts"),
        ([{"key": "a", "surprise": 1}], "surprise: there is no such field"),
    ],
)
def test_a_template_that_cannot_run_is_not_published(entity, steps, says):
    with pytest.raises(BadTemplate, match=says):
        start(entity, *steps)
    assert not Plan.objects.exists()
