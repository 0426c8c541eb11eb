"""What becomes of a plan's steps when something happens that it concerns: small plans of a fake role, each its case."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from agents import concerns, engine, plans, reconsidering, references, triggers
from agents.models import Plan, PlanConcern, Reconsideration, Step, StepAttempt, StepOverride
from agents.outcomes import AskPerson, Await, Finish, Park
from agents.values import is_type
from ledger import crashpoints, replay
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, Stale
from ledger.journal import record
from ledger.models import Cursor, Entry
from tests.agents import acting
from tests.agents.acting import ACTED, ACTS, start, statuses, step

pytestmark = pytest.mark.django_db
SUBJECT = ObjectRef("requisition", "PR-00001")
#: The plan's own subject is withdrawn: a fact to which no shipped rule listens, so each test says what hears it.
FACT = "requisition.withdrawn"
MARKED = {"reconsider": [FACT]}


@pytest.fixture(autouse=True)
def _rule(monkeypatch):
    rule = {"name": "here", "on": FACT, "reconsider": ["requisition"]}
    monkeypatch.setattr("agents.trigger_versions.shipped", lambda: [rule])


def shock(entity, *, fact=FACT, objects=(SUBJECT,), work=True, **data) -> Entry:
    with transaction.atomic():
        entry = record(fact, actor=Actor.system("tests"), entity=entity, objects=objects, data=data)
    if work:
        while triggers.answer() + engine.answer():
            pass
    return entry


def finishing(**results):
    """The act finishes with one value after the other, the last one again and again."""
    told = {key: list(values) for key, values in results.items()}

    def act(context):
        key = context.lease.step.again_of.key if context.lease.step.again_of else context.spec.key
        values = told[key]
        return Finish({"x": values.pop(0) if len(values) > 1 else values[0]})

    return act


def replayed():
    """The requisition is only named here: there is no row of it."""
    assert [each for each in replay.differences() if each.kind != "requisition"] == []


def waits(context):
    """Until it has heard of something."""
    return Finish({"heard": len(context.shocks)}) if context.shocks else AskPerson([], "Somebody looks.")


def test_a_waiting_step_acts_again_with_what_happened(entity):
    ACTS["a"] = waits
    plan = start(entity, {"key": "a"})
    engine.answer()
    assert statuses(plan) == {"a": "waiting"}
    entry = shock(entity, status="withdrawn")
    assert step(plan, "a").result == {"heard": 1}
    row = Reconsideration.objects.get()
    assert (row.seq, row.fact, row.woken, row.data["status"]) == (entry.seq, FACT, ["a"], "withdrawn")
    replayed()


def test_a_parked_step_gets_fresh_attempts(entity):
    ACTS["a"] = lambda context: Finish({}) if context.shocks else Park("Look.")
    plan = start(entity, {"key": "a"})
    engine.answer()
    shock(entity)
    assert statuses(plan) == {"a": "done"}
    replayed()


def test_what_is_at_work_begins_again_and_loses_no_attempt(entity):
    def act(context):
        if context.lease.attempt == 1:
            shock(entity, work=False)
            triggers.answer()
        return Finish({"attempt": context.lease.attempt})

    ACTS["a"] = act
    plan = start(entity, {"key": "a", "attempts": 1})
    while engine.answer():
        pass
    assert step(plan, "a").result == {"attempt": 2}
    assert [each.outcome for each in StepAttempt.objects.order_by("number")] == ["stopped", "finished"]
    replayed()


def test_a_question_to_a_person_stays_as_it_was(entity):
    plan = start(entity, {"key": "a", "role": "person", "task": "decide", "remind_after": 1})
    engine.answer()
    before = Step.objects.filter(plan=plan).values().get()
    shock(entity)
    assert Step.objects.filter(plan=plan).values().get() == before
    assert Reconsideration.objects.get().woken == []


CHAIN = ({"key": "a", **MARKED}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["b"]})


def test_a_marked_step_is_looked_at_again_and_what_follows_with_it(entity):
    ACTS["a"] = finishing(a=[1, 2])
    ACTS["again1-a"] = lambda context: Finish({"x": 2})
    ACTS["b"] = lambda context: Finish({"x": context.results["a"]["x"] * 10})
    ACTS["again1-b"] = ACTS["b"]
    ACTS["c"] = lambda context: AskPerson([], str(context.results["b"]["x"]))
    plan = start(entity, *CHAIN)
    engine.answer()
    assert step(plan, "c").waiting_for == "10"
    shock(entity)
    assert step(plan, "c").waiting_for == "20"
    assert (step(plan, "a").result, step(plan, "b").result) == ({"x": 1}, {"x": 10})
    assert [each.result for each in StepOverride.objects.order_by("pk")] == [{"x": 2}, {"x": 20}]
    replayed()


def test_a_result_that_is_the_same_changes_nothing_and_wakes_who_waits(entity):
    ACTS["a"] = ACTS["again1-a"] = lambda context: Finish({"x": 1})
    ACTS["c"] = waits
    plan = start(entity, *CHAIN)
    engine.answer()
    shock(entity)
    assert not StepOverride.objects.exists()
    assert ACTED == ["a", "b", "c", "again1-a", "c"]
    assert step(plan, "c").result == {"heard": 1}
    replayed()


def test_an_unmarked_step_is_let_be(entity):
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
    ACTS["b"] = lambda context: AskPerson([], "Wait.")
    engine.answer()
    shock(entity)
    assert statuses(plan) == {"a": "done", "b": "waiting"}
    assert ACTED.count("a") == 1


def test_a_condition_is_answered_anew_by_the_new_result(entity):
    ACTS["a"] = lambda context: Finish({"x": 1})
    ACTS["again1-a"] = lambda context: Finish({"x": 2})
    ACTS["c"] = lambda context: AskPerson([], "Wait.")
    plan = start(
        entity,
        {"key": "a", **MARKED},
        {"key": "b", "after": ["a"], "when": "steps.a.x == 2"},
        {"key": "c", "after": ["a"], "when": "steps.a.x == 1"},
    )
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "skipped", "c": "waiting"}
    shock(entity)
    assert {key: statuses(plan)[key] for key in "abc"} == {"a": "done", "b": "done", "c": "skipped"}
    replayed()


def test_nothing_begins_after_a_step_while_it_is_looked_at_again(entity):
    ACTS["a"] = lambda context: Finish({"x": 1})
    ACTS["again1-a"] = lambda context: Await([], "Slow.") if not context.memory else Finish({})
    ACTS["b"] = lambda context: AskPerson([], "Wait.")
    plan = start(entity, {"key": "a", **MARKED}, {"key": "gate"}, {"key": "b", "after": ["a", "gate"]})
    ACTS["gate"] = waits
    engine.answer()
    shock(entity)
    assert statuses(plan)["gate"] == "done"
    assert statuses(plan)["b"] == "pending"
    plans.skip(step(plan, "again1-a"), actor=Actor.human(administrator(entity)), reason="It can go.")
    engine.answer()
    assert statuses(plan)["b"] == "waiting"
    replayed()


def administrator(entity):
    from ledger.rights import Role
    from tests.cast import make_person

    return make_person("zoe", Role.ADMINISTRATOR, entity=entity)


def test_a_persons_result_stands(entity, olga):
    ACTS["a"] = lambda context: Finish({"x": 1})
    plan = start(entity, {"key": "gate"}, *CHAIN[:1])
    ACTS["gate"] = lambda context: AskPerson([], "Wait.")
    engine.answer()
    plans.override(step(plan, "a"), {"x": 5}, actor=Actor.human(olga), reason="I know.")
    shock(entity)
    assert not Step.objects.filter(again_of__isnull=False).exists()
    assert StepOverride.objects.get().result == {"x": 5}


def test_a_persons_result_given_meanwhile_stands_too(entity, olga):
    ACTS["a"] = lambda context: Finish({"x": 1})
    ACTS["again1-a"] = lambda context: Finish({"x": 2}) if context.memory else Await([], "Slow.", memory={"y": 1})
    plan = start(entity, {"key": "gate"}, *CHAIN[:1])
    ACTS["gate"] = lambda context: AskPerson([], "Wait.")
    engine.answer()
    shock(entity)
    plans.override(step(plan, "a"), {"x": 5}, actor=Actor.human(olga), reason="I know.")
    shock(entity)
    assert step(plan, "again1-a").result == {"x": 2}
    assert StepOverride.objects.get().result == {"x": 5}
    replayed()


def test_the_result_of_a_second_look_is_set_where_it_counts(entity, olga):
    ACTS["again1-a"] = lambda context: Park("Look.")
    plan = start(entity, {"key": "gate"}, *CHAIN[:1])
    ACTS["gate"] = lambda context: AskPerson([], "Wait.")
    engine.answer()
    shock(entity)
    with pytest.raises(InvalidInput, match="Set the result of “A” itself"):
        plans.override(step(plan, "again1-a"), {"x": 5}, actor=Actor.human(olga), reason="I know.")
    assert not StepOverride.objects.exists()


def test_where_branches_have_begun_a_person_is_asked(entity):
    ACTS["a"] = lambda context: Finish({"list": [1, 2]})
    ACTS["b-1"] = ACTS["b-2"] = lambda context: AskPerson([], "Wait.")
    plan = start(entity, {"key": "a", **MARKED}, {"key": "b", "after": ["a"], "each": "a.list"})
    engine.answer()
    shock(entity)
    assert statuses(plan)["ask1-a"] == "waiting"
    assert "again1-a" not in statuses(plan)
    replayed()


def test_a_paused_plan_is_told_and_goes_on_when_it_is_resumed(entity, olga):
    ACTS["a"] = waits
    plan = start(entity, {"key": "a"})
    engine.answer()
    plans.pause(plan, actor=Actor.human(olga), reason="Look first.")
    shock(entity)
    assert statuses(plan) == {"a": "ready"}
    plans.resume(plan, actor=Actor.human(olga))
    engine.answer()
    assert step(plan, "a").result == {"heard": 1}
    replayed()


def test_a_plan_that_is_undone_or_has_ended_is_not_told(entity, olga):
    ACTS["a"] = waits
    plan = start(entity, {"key": "a"})
    engine.answer()
    plans.cancel(plan, actor=Actor.human(olga), reason="Not needed.")
    before = Entry.objects.count()
    shock(entity)
    assert (Reconsideration.objects.count(), Entry.objects.count()) == (0, before + 1)


def test_the_same_fact_read_again_or_by_two_rules_reaches_a_plan_once(entity, monkeypatch):
    rules = [{"name": f"rule-{n}", "on": FACT, "reconsider": ["requisition"]} for n in (1, 2)]
    monkeypatch.setattr("agents.trigger_versions.shipped", lambda: rules)
    ACTS["a"] = lambda context: AskPerson([], "Wait.")
    start(entity, {"key": "a"})
    engine.answer()
    shock(entity)
    before = Entry.objects.count()
    Cursor.objects.filter(name="triggers").update(seq=0)
    triggers.answer()
    assert (Reconsideration.objects.count(), Entry.objects.count()) == (1, before)


def test_a_worker_that_dies_while_a_plan_is_told_leaves_nothing_half_done(entity):
    ACTS["a"] = waits
    plan = start(entity, {"key": "a"})
    engine.answer()
    entry = shock(entity, work=False)
    before = Step.objects.filter(plan=plan).values().get()

    def die(name):
        if name == "reconsidered":
            raise SystemExit

    crashpoints.hook = die
    with pytest.raises(SystemExit), transaction.atomic():
        triggers.answer()
    crashpoints.hook = None
    assert Step.objects.filter(plan=plan).values().get() == before
    assert not Reconsideration.objects.exists()
    triggers.answer()
    assert Reconsideration.objects.get().seq == entry.seq


def test_one_plan_that_cannot_be_told_keeps_no_other_from_it(entity, monkeypatch):
    ACTS["a"] = waits
    first = start(entity, {"key": "a"})
    second = start(entity, {"key": "a"})
    engine.answer()
    whole = reconsidering.reconsider

    def broken(plan, *args, **more):
        if plan.pk == first.pk:
            raise ValueError("broken")
        return whole(plan, *args, **more)

    monkeypatch.setattr(reconsidering, "reconsider", broken)
    shock(entity)
    assert (statuses(first), statuses(second)) == ({"a": "waiting"}, {"a": "done"})


def test_what_is_recorded_stays_also_when_it_is_looked_at_again(entity):
    ACTS["a"] = lambda context: Finish({"x": 1})
    ACTS["again1-a"] = lambda context: Finish({"x": 2})
    ACTS["gate"] = lambda context: AskPerson([], "Wait.")
    plan = start(entity, {"key": "gate"}, *CHAIN[:1])
    engine.answer()
    shock(entity)
    for rows in (Step.objects.filter(plan=plan, key="a"), StepOverride.objects.all()):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(result={"x": 9})
    # By its trigger, or because the role that runs may not.
    with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic():
        StepOverride.objects.all().delete()


GIVES = {
    "one": "vendor",
    "maybe": "event?",
    "many": "list of item",
    "rows": [{"vendor": "vendor", "price": "decimal"}],
    "inside": {"order": "order"},
    "who": "person",
    "words": "text",
}
VALUE = {
    "one": "VEN-1",
    "maybe": None,
    "many": ["ITM-1", "ITM-2", "ITM-1"],
    "rows": [{"vendor": "VEN-1", "price": "7"}, {"vendor": "VEN-2", "price": "8"}],
    "inside": {"order": "PO-1"},
    "who": "3",
    "words": "VEN-9",
}


def test_a_value_names_the_objects_that_its_type_says_it_names():
    assert all(is_type(each) for each in GIVES.values())
    named = [f"{each.kind} {each.key}" for each in references.of(VALUE, GIVES)]
    assert named == ["vendor VEN-1", "item ITM-1", "item ITM-2", "vendor VEN-2", "order PO-1"]


@pytest.mark.parametrize(
    ("type_", "any_"),
    [
        ({"x": "text"}, False),
        ({"x": "person"}, False),
        ({"x": "any"}, False),
        ({"x": "list of vendor"}, True),
        ({"x": [{"y": "item?"}]}, True),
        ({}, False),
    ],
)
def test_whether_a_type_names_anything_is_known_beforehand(type_, any_):
    assert references.has_any(type_) is any_


@pytest.mark.parametrize("value", [{}, {"one": 3}, {"one": ""}, {"one": "x" * 81}, {"many": "ITM-1"}, {"rows": [1]}])
def test_what_does_not_fit_its_type_names_nothing(value):
    assert references.of(value, GIVES) == []


def test_what_a_step_names_is_kept_once_and_finds_the_plan(entity, monkeypatch, django_assert_num_queries):
    ACTS["a"] = lambda context: Finish({"vendor": "VEN-1"})
    ACTS["b"] = lambda context: AskPerson([], "Wait.")
    specification = acting.SPECIFICATION
    object.__setattr__(specification, "gives", {"act": {"vendor": "vendor?"}})
    concerns._names_any.cache_clear()
    try:
        plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]})
        engine.answer()
    finally:
        object.__setattr__(specification, "gives", {})
        concerns._names_any.cache_clear()
    vendor = ObjectRef("vendor", "VEN-1")
    assert [str(each) for each in PlanConcern.objects.filter(plan=plan)] == ["vendor VEN-1"]
    with django_assert_num_queries(1):
        concerns.keep(plan, [vendor, ObjectRef("item", "ITM-1"), vendor])
    assert PlanConcern.objects.count() == 2
    assert list(concerns.live_plans([vendor], entity=entity)) == [plan]
    assert list(concerns.live_plans([vendor, SUBJECT], entity=entity)) == [plan]
    assert list(concerns.live_plans([vendor, ObjectRef("item", "ITM-9")], entity=entity)) == []
    assert list(concerns.live_plans([], entity=entity)) == []


def test_a_person_overriding_behind_a_look_is_not_in_its_way(entity, olga):
    ACTS["a"] = lambda context: Finish({"x": 1})
    ACTS["again1-a"] = lambda context: Park("Look.")
    plan = start(entity, {"key": "a", **MARKED}, {"key": "b", "after": ["a"]})
    ACTS["b"] = lambda context: AskPerson([], "Wait.")
    engine.answer()
    shock(entity)
    with pytest.raises(Stale, match="has gone on from this result"):
        plans.override(step(plan, "a"), {"x": 2}, actor=Actor.human(olga), reason="I know.")
    assert Plan.objects.get().is_live
