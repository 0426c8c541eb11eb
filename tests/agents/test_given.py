"""What a template hands a task and takes back from it; and what this version does not know it does not guess."""

from __future__ import annotations

import pytest

from agents import engine, given, plans
from agents.errors import Unresolved
from agents.models import Plan, PlanTemplate, Step
from agents.outcomes import Finish
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.importing import importing
from tests.agents import acting
from tests.agents.acting import ACTS, make_template, start, statuses, step

WHERE = {"inputs": {"site": "NG"}, "results": {"a": {"price": "1.5", "of": {"x": 1}}}, "item": {"name": "V1"}}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("plan.site", "NG"),
        ("plan.nothing", None),
        ("a.price", "1.5"),
        ("a.of.x", 1),
        ("a.price.deeper", None),
        ("a", {"price": "1.5", "of": {"x": 1}}),
        ("item", {"name": "V1"}),
        ("item.name", "V1"),
    ],
)
def test_where_a_value_comes_from(source, found):
    assert given.resolve({"it": source}, **WHERE) == {"it": found}


def test_a_step_without_a_result_hands_nothing_on():
    with pytest.raises(Unresolved, match="“b” has no result"):
        given.resolve({"it": "b.price"}, **WHERE)


@pytest.fixture
def typed(monkeypatch):
    def declare(*, takes=None, gives=None):
        monkeypatch.setattr(
            acting,
            "SPECIFICATION",
            type(acting.SPECIFICATION)(
                name="fake", purpose="", reads=(), may_propose=frozenset(), tasks=acting.SPECIFICATION.tasks,
                takes={"act": takes or {}}, gives={"act": gives or {}},
            ),
        )  # fmt: skip

    return declare


@pytest.mark.django_db
def test_inputs_of_the_plan_reach_the_task(entity):
    ACTS["a"] = lambda context: Finish(dict(context.given))
    plan = plans.start(
        template=make_template(entity, {"key": "a", "given": {"site": "plan.site"}}, inputs={"site": "text"}),
        subject=ObjectRef("requisition", "PR-00001"),
        entity=entity,
        actor=Actor.system("tests"),
        inputs={"site": "NG"},
    )
    engine.answer()
    assert step(plan, "a").result == {"site": "NG"}


@pytest.mark.django_db
def test_what_is_handed_must_be_of_the_type_that_the_role_takes(entity, typed):
    ACTS["a"] = lambda context: Finish({"price": "dear"})
    plan = start(
        entity, {"key": "b", "after": ["a"], "given": {"price": "a.price"}, "on_failure": "skip"}, {"key": "a"}
    )
    Step.objects.filter(plan=plan, key="a").update(spec=step(plan, "a").spec | {"given": {"price": "plan.price"}})
    Plan.objects.filter(pk=plan.pk).update(inputs={"price": "1"})
    typed(takes={"price": "decimal"})
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "parked"}
    assert "price is not a decimal" in step(plan, "b").error


@pytest.mark.django_db
def test_a_result_of_the_wrong_type_is_a_failure_and_is_not_stored(entity, typed):
    typed(gives={"bids": "integer"})
    ACTS["a"] = lambda context: Finish({"bids": "three"})
    plan = start(entity, {"key": "a", "attempts": 2})
    engine.answer()
    failed = step(plan, "a")
    assert (failed.status, failed.result, failed.attempts) == ("ready", None, 1)
    assert "wrong type: bids is not an integer" in failed.error


def unknown_role(plan):
    Step.objects.filter(plan=plan).update(role="oracle")


def unknown_task(plan):
    Step.objects.filter(plan=plan).update(spec=step(plan, "a").spec | {"task": "divine"})


def unknown_field(plan):
    Step.objects.filter(plan=plan).update(spec=step(plan, "a").spec | {"from_the_future": 1})


def unknown_source(plan):
    Step.objects.filter(plan=plan).update(spec=step(plan, "a").spec | {"given": {"x": "nobody.y"}})


def another_version(plan):
    with importing("tests", "0" * 64):
        other = PlanTemplate.objects.create(
            entity=plan.entity, name="other", version=1, definition={"steps": []}, digest="0" * 64,
            published_at=plan.started_at,
        )  # fmt: skip
    Plan.objects.filter(pk=plan.pk).update(template=other)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (unknown_role, "no role “oracle”"),
        (unknown_task, "no task “divine”"),
        (unknown_field, "from_the_future"),
        (unknown_source, "“nobody” has no result"),
        (another_version, "not what this plan began with"),
    ],
)
def test_what_is_unknown_parks_the_step_at_once_whatever_is_said_about_failures(entity, later, change, says):
    plan = start(entity, {"key": "a", "on_failure": "skip"})
    change(plan)
    for hour in range(3):
        later(3600 * hour)
        engine.answer()
    parked = step(plan, "a")
    assert (parked.status, parked.attempts) == ("parked", 1)
    assert says in parked.error
