"""What a person does to a plan and its steps: by right, with a reason, told in full, and refused without a trace."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from agents import engine, plans
from agents.models import Plan, Step, StepOverride
from agents.outcomes import AskPerson, Await, Finish, Park
from ledger import clock, crashpoints, erasure, owner, personal, replay, triggers
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.importing import importing
from ledger.journal import history_of
from ledger.models import Entry
from ledger.redaction import MARK
from tests.agents import acting
from tests.agents.acting import ACTED, ACTS, start, statuses, step

pytestmark = pytest.mark.django_db
ORDER = ObjectRef("order", "PO-00001")
STORY = ({"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["b"]})
VERBS = {
    "pause": lambda plan, by: plans.pause(plan, actor=by, reason="Look first."),
    "resume": lambda plan, by: plans.resume(plan, actor=by),
    "cancel": lambda plan, by: plans.cancel(plan, actor=by, reason="Not needed."),
    "undo": lambda plan, by: plans.cancel(plan, actor=by, reason="Not needed.", compensate=True),
    "release": lambda plan, by: plans.release(step(plan, "a"), actor=by),
    "skip": lambda plan, by: plans.skip(step(plan, "a"), actor=by, reason="It can go."),
    "override": lambda plan, by: plans.override(step(plan, "a"), {"x": 1}, actor=by, reason="I know."),
    "answer": lambda plan, by: plans.answer(step(plan, "a"), {"yes": True}, actor=by),
}


def parked(entity) -> Plan:
    ACTS["a"] = lambda context: Park("Look.")
    plan = start(entity, *STORY)
    engine.answer()
    return plan


def replayed():
    assert list(replay.differences()) == []


def kinds(plan):
    return [each.kind for each in history_of(ObjectRef("plan", plan.reference))]


def everything(plan):
    return (
        list(Step.objects.filter(plan=plan).order_by("pk").values()),
        Plan.objects.filter(pk=plan.pk).values().get(),
        Entry.objects.count(),
        StepOverride.objects.count(),
    )


def refused(plan, error, verb, by):
    before = everything(plan)
    with pytest.raises(error) as told:
        VERBS[verb](plan, Actor.human(by))
    assert everything(plan) == before
    return str(told.value)


@pytest.mark.parametrize("verb", VERBS)
def test_without_the_right_nothing_changes(entity, rita, verb):
    refused(parked(entity), NotAllowed, verb, rita)


@pytest.mark.parametrize("verb", VERBS)
def test_a_plan_that_has_ended_stays_as_it_is(entity, ben, verb):
    plan = parked(entity)
    plans.cancel(plan, actor=Actor.human(ben), reason="Not needed.")
    assert "ended already" in refused(plan, Stale, verb, ben)


@pytest.mark.parametrize("verb", ["pause", "cancel", "skip", "override"])
def test_a_reason_is_asked_for(entity, ben, verb):
    plan, by = parked(entity), Actor.human(ben)
    before = everything(plan)
    said = {
        "pause": lambda: plans.pause(plan, actor=by, reason=" "),
        "cancel": lambda: plans.cancel(plan, actor=by, reason=" "),
        "skip": lambda: plans.skip(step(plan, "a"), actor=by, reason=" "),
        "override": lambda: plans.override(step(plan, "a"), {}, actor=by, reason=" "),
    }
    with pytest.raises(InvalidInput, match="Say why"):
        said[verb]()
    assert everything(plan) == before


def test_a_paused_plan_begins_nothing_and_goes_on_where_it_stood(entity, ben):
    plan = start(entity, *STORY)

    def act(context):
        plans.pause(plan, actor=Actor.human(ben), reason="Look first.")
        return Finish({"kept": True})

    ACTS["a"] = act
    engine.answer()
    plan.refresh_from_db()
    assert statuses(plan) == {"a": "done", "b": "ready", "c": "pending"}
    assert (plan.status, plan.reason) == ("paused", "Look first.")
    assert engine.answer() == 0
    assert not engine.due()
    replayed()
    assert "paused already" in refused(plan, Stale, "pause", ben)
    plans.resume(plan, actor=Actor.human(ben))
    plan.refresh_from_db()
    assert (plan.status, plan.reason, plan.paused_at) == ("running", "", None)
    assert "is not paused" in refused(plan, Stale, "resume", ben)
    engine.answer()
    assert set(statuses(plan).values()) == {"done"}
    replayed()


def test_while_it_is_paused_waits_end_but_nothing_is_done_about_it(entity, ben, later):
    ACTS["a"] = lambda context: (
        Finish({}) if context.memory else Await([], "time", until=context.now + timedelta(hours=1), memory={"x": 1})
    )
    plan = start(entity, *STORY)
    engine.answer()
    plans.pause(plan, actor=Actor.human(ben), reason="Look first.")
    later(7200)
    engine.answer()
    assert statuses(plan)["a"] == "ready"
    plans.resume(plan, actor=Actor.human(ben))
    engine.answer()
    assert set(statuses(plan).values()) == {"done"}


def test_a_parked_plan_says_again_why_when_it_is_resumed(entity, ben):
    plan = parked(entity)
    plans.pause(plan, actor=Actor.human(ben), reason="Look first.")
    plans.resume(plan, actor=Actor.human(ben))
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == ("parked", "A: Look.")


def test_the_plan_goes_on_without_a_skipped_step(entity, ben):
    plan = parked(entity)
    plans.skip(step(plan, "a"), actor=Actor.human(ben), reason="It can go.")
    engine.answer()
    assert statuses(plan) == {"a": "skipped", "b": "done", "c": "done"}
    assert "ended already" in refused(plan, Stale, "skip", ben)
    replayed()


def test_whoever_still_works_on_a_skipped_step_is_not_heard(entity, ben):
    def act(context):
        plans.skip(step(plan, "a"), actor=Actor.human(ben), reason="Too slow.")
        return Finish({"late": True})

    ACTS["a"] = act
    plan = start(entity, *STORY)
    engine.answer()
    assert (step(plan, "a").status, step(plan, "a").result) == ("skipped", None)
    replayed()


@pytest.mark.parametrize("how", [Park("Look."), AskPerson([ORDER], "an answer"), Await([ORDER], "the ERP")])
def test_a_person_s_result_ends_a_step_that_stands_still(entity, ben, how):
    ACTS["a"] = lambda context: how
    ACTS["b"] = lambda context: Finish({"saw": context.results["a"]["price"]})
    plan = start(entity, *STORY)
    engine.answer()
    plans.override(step(plan, "a"), {"price": "2"}, actor=Actor.human(ben), reason="I called them.")
    engine.answer()
    assert set(statuses(plan).values()) == {"done"}
    assert (step(plan, "a").result, step(plan, "b").result) == ({"price": "2"}, {"saw": "2"})
    made = StepOverride.objects.get()
    assert (made.person, made.reason, made.result_digest) == (ben, "I called them.", step(plan, "a").result_digest)
    replayed()


def test_another_result_is_read_by_what_comes_after_and_the_own_one_stays(entity, ben):
    ACTS["a"] = lambda context: (
        Finish({"go": 0})
        if not plans.pause(context.plan, actor=Actor.human(ben), reason="Look first.").ended_at
        else None
    )
    ACTS["b"] = lambda context: Finish(dict(context.given) | {"saw": context.results["a"]["go"]})
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"], "given": {"go": "a.go"}})
    engine.answer()
    assert step(plan, "b").status == "ready"
    for go in (1, 2):
        plans.override(step(plan, "a"), {"go": go}, actor=Actor.human(ben), reason="Counted again.")
    assert (step(plan, "a").result, step(plan, "b").status) == ({"go": 0}, "ready")
    replayed()
    plans.resume(plan, actor=Actor.human(ben))
    engine.answer()
    assert step(plan, "b").result == {"go": 2, "saw": 2}
    replayed()


def test_a_condition_is_asked_again_about_the_other_result(entity, ben):
    ACTS["a"] = lambda context: plans.pause(context.plan, actor=Actor.human(ben), reason="Look.") and Finish({"go": 1})
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"], "when": "steps.a.go == 1"})
    engine.answer()
    assert step(plan, "b").status == "ready"
    plans.override(step(plan, "a"), {"go": 0}, actor=Actor.human(ben), reason="Counted again.")
    assert step(plan, "b").status == "skipped"
    replayed()


@pytest.mark.parametrize("b", [Park("Look."), AskPerson([ORDER], "an answer")])
def test_what_was_gone_on_from_stays(entity, ben, b):
    ACTS["b"] = lambda context: b
    plan = start(entity, *STORY)
    engine.answer()
    assert "“B” has gone on from this result" in refused(plan, Stale, "override", ben)


def test_a_step_that_is_not_parked_waiting_or_done_is_not_overridden(entity, ben):
    plan = start(entity, *STORY)
    assert "not parked, waiting or done" in refused(plan, Stale, "override", ben)


def test_a_person_s_result_must_be_of_the_step_s_type(entity, ben, monkeypatch):
    spec = type(acting.SPECIFICATION)(
        name="fake", purpose="", reads=(), may_propose=frozenset(), tasks=acting.SPECIFICATION.tasks,
        gives={"act": {"x": "list of vendor"}},
    )  # fmt: skip
    plan = parked(entity)
    monkeypatch.setattr(acting, "SPECIFICATION", spec)
    assert "x is no list" in refused(plan, InvalidInput, "override", ben)


def test_what_a_person_put_in_place_stays_as_it_was_put(entity, ben, olga):
    plan = parked(entity)
    plans.override(step(plan, "a"), {"x": 1}, actor=Actor.human(ben), reason="I know.")
    made = StepOverride.objects.get()
    for change in (
        {"result": {"x": 2}},
        {"reason": "I do not."},
        {"person": olga},
        {"result_digest": "0" * 64, "erased_at": clock.now()},
    ):
        with pytest.raises(IntegrityError, match="recorded stays"), transaction.atomic():
            StepOverride.objects.filter(pk=made.pk).update(**change)
    StepOverride.objects.filter(pk=made.pk).update(reason="", erased_at=clock.now())
    with pytest.raises(IntegrityError, match="recorded stays"), transaction.atomic():
        StepOverride.objects.filter(pk=made.pk).update(erased_at=None)
    assert StepOverride.objects.get().result == {"x": 1}


TAKEN_AWAY = {
    "sqlite": (
        "DELETE FROM agents_stepoverride",
        "REPLACE INTO agents_stepoverride SELECT * FROM agents_stepoverride",
        "INSERT OR REPLACE INTO agents_stepoverride SELECT * FROM agents_stepoverride",
    ),
    "postgresql": ("DELETE FROM agents_stepoverride", "TRUNCATE agents_stepoverride"),
}


def test_what_a_person_put_in_place_is_never_taken_away(entity, ben):
    plan = parked(entity)
    plans.override(step(plan, "a"), {"x": 1}, actor=Actor.human(ben), reason="I know.")
    before = list(StepOverride.objects.values())
    connection.check_constraints()  # a table with checks still waiting is truncated by nobody
    for sql in TAKEN_AWAY[connection.vendor]:
        for role in (nullcontext(), owner.acting(connection)):
            with role, pytest.raises(DatabaseError) as said, transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql)
            assert list(StepOverride.objects.values()) == before
        assert "append-only" in str(said.value)
    kept = {each.name for each in triggers.declared(connection) if each.table == "agents_stepoverride"}
    assert len(kept) >= 2, "start-up would miss them"
    assert triggers.wanting(connection) == []


def test_the_words_of_who_overrode_go_with_them(entity, ben):
    plan = parked(entity)
    result = {"price": "2", "note": "Trillian said so on the phone"}
    plans.override(step(plan, "a"), result, actor=Actor.human(ben), reason="Trillian said so")
    with transaction.atomic(), importing("tests", "0" * 64):
        erasure.erase(personal.person(ben.pk), actor=Actor.system("tests"), entity=entity)
    made = StepOverride.objects.get()
    assert (made.reason, made.result, made.erased_at is None) == (MARK, {"price": "2", "note": MARK}, False)
    assert step(plan, "a").result == {"price": "2", "note": MARK}
    replayed()


ASK = {"key": "a", "role": "person", "task": "decide", "label": "Shall we?", "deadline": 48, "remind_after": 24}


def test_a_template_asks_a_person_who_answers_with_a_typed_value(entity, ben):
    ACTS["b"] = lambda context: Finish(dict(context.given))
    plan = start(entity, ASK, {"key": "b", "after": ["a"], "when": "steps.a.yes == true", "given": {"n": "a.note"}})
    engine.answer()
    asked = step(plan, "a")
    assert (asked.status, asked.asks_person, asked.waiting_for) == ("waiting", True, "Shall we?")
    assert asked.deadline_at - asked.remind_at == timedelta(hours=24)
    for values in ({"yes": "sure"}, {}, {"yes": True, "more": 1}):
        before = everything(plan)
        with pytest.raises(InvalidInput):
            plans.answer(asked, values, actor=Actor.human(ben))
        assert everything(plan) == before
    plans.answer(asked, {"yes": True, "note": "Go."}, actor=Actor.human(ben))
    engine.answer()
    assert step(plan, "a").result == {"yes": True, "note": "Go.", "answered_by": str(ben.pk)}
    assert step(plan, "b").result == {"n": "Go."}
    replayed()


def test_a_person_chooses_among_what_an_earlier_step_found(entity, ben):
    ACTS["a"] = lambda context: Finish({"names": ["V1", "V2"], "which": "Which of them?"})
    choose = {"key": "b", "role": "person", "task": "choose", "after": ["a"]}
    plan = start(entity, {"key": "a"}, choose | {"given": {"choices": "a.names", "question": "a.which"}})
    engine.answer()
    assert step(plan, "b").waiting_for == "Which of them?"
    with pytest.raises(InvalidInput, match="not among the choices"):
        plans.answer(step(plan, "b"), {"choice": "V3"}, actor=Actor.human(ben))
    plans.answer(step(plan, "b"), {"choice": "V2"}, actor=Actor.human(ben))
    assert step(plan, "b").result["choice"] == "V2"


def test_whoever_asked_for_the_plan_may_answer_and_nobody_answers_what_was_not_asked(entity, rita, ben):
    plan = start(entity, ASK, {"key": "b"})
    Plan.objects.filter(pk=plan.pk).update(requested_by=rita)
    with pytest.raises(Stale):
        plans.answer(step(plan, "a"), {"yes": True}, actor=Actor.human(rita))
    ACTS["b"] = lambda context: Park("Look.")
    engine.answer()
    with pytest.raises(InvalidInput, match="asks no person"):
        plans.answer(step(plan, "b"), {"yes": True}, actor=Actor.human(rita))
    plans.answer(step(plan, "a"), {"yes": False}, actor=Actor.human(rita))
    assert step(plan, "a").result["yes"] is False


@pytest.mark.parametrize("verb", ["pause", "cancel", "undo", "release", "skip", "override"])
def test_a_kill_inside_a_verb_leaves_nothing_of_it(entity, ben, verb):
    plan = parked(entity)
    before = everything(plan)

    def die(point):
        if point == "steered":
            raise KeyboardInterrupt

    crashpoints.hook = die
    with pytest.raises(KeyboardInterrupt):
        VERBS[verb](plan, Actor.human(ben))
    assert everything(plan) == before
    assert ACTED == ["a"]
