"""The journal starts plans: once per fact, whoever reads it."""

import pytest
from django.db import transaction

from agents import happenings, templates, trigger_versions, triggers
from agents.models import Plan, PlanTemplate
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of, record
from ledger.models import Cursor
from procure.console import timeline
from tests.agents.acting import make_template

pytestmark = pytest.mark.django_db
REQUISITION = ObjectRef("requisition", "PR-00001")


@pytest.fixture(autouse=True)
def _short_template(entity, monkeypatch):
    make_template(entity, {"key": "a"}, name="intake-to-order")


def capture(entity, person, *objects):
    with transaction.atomic():
        return record("requisition.captured", actor=Actor.human(person), entity=entity, objects=objects)


def test_a_captured_requisition_starts_the_plan_for_its_requester(entity, rita):
    entry = capture(entity, rita, REQUISITION)
    assert triggers.answer() == 1
    plan = Plan.objects.get()
    assert (plan.subject_key, plan.requested_by, plan.template.name) == ("PR-00001", rita, "intake-to-order")
    started = history_of(ObjectRef("plan", plan.reference)).get(kind="plan.started")
    assert triggers.chain.read(started)["causes"] == [entry.seq]


def test_reading_the_same_fact_again_starts_nothing(entity, rita):
    capture(entity, rita, REQUISITION)
    triggers.answer()
    Cursor.objects.filter(name="triggers").update(seq=0)
    triggers.answer()
    assert triggers.answer() == 0
    assert Plan.objects.count() == 1


def test_two_facts_start_two_plans(entity, rita):
    capture(entity, rita, REQUISITION)
    capture(entity, rita, ObjectRef("requisition", "PR-00002"))
    assert triggers.answer() == 2


def test_other_facts_start_nothing(entity, rita):
    with transaction.atomic():
        record("requisition.raised", actor=Actor.human(rita), entity=entity, objects=[REQUISITION])
    assert triggers.answer() == 0
    assert Cursor.objects.get(name="triggers").seq > 0


def test_a_rule_that_cannot_be_followed_holds_up_no_other(entity, rita, monkeypatch):
    lost = {"name": "lost", "on": "requisition.captured", "start": "unheard-of", "subject": "requisition"}
    broken = {"name": "broken", "on": "requisition.captured", "when": "data.status > 3", "reconsider": ["requisition"]}
    shipped = trigger_versions.shipped()
    monkeypatch.setattr(trigger_versions, "shipped", lambda: [lost, broken, *shipped])
    monkeypatch.setattr(templates, "shipped", dict)
    capture(entity, rita, REQUISITION)
    assert triggers.answer() == 1
    assert PlanTemplate.objects.count() == 1


def happen(entity, fact, *objects, **data):
    with transaction.atomic():
        return record(fact, actor=Actor.system("tests"), entity=entity, objects=objects, data=data)


def ruled(monkeypatch, *rules):
    monkeypatch.setattr(trigger_versions, "shipped", lambda: list(rules))


WHEN = {
    'data.kind == "delay"': True,
    'data.kind == "quality"': False,
    'data.new_price == ""': True,
    'data.vendor.startsWith("VEN") && data.kind in ["delay", "other"]': True,
    "int(data.vendor) > 3": False,
}


@pytest.mark.parametrize("when", WHEN)
def test_a_rule_is_followed_when_its_condition_holds_of_what_the_entry_says(entity, monkeypatch, when):
    make_template(entity, {"key": "a"}, name="other")
    ruled(monkeypatch, {"name": "x", "on": "notice.recorded", "when": when, "start": "other", "subject": "item"})
    monkeypatch.setattr(triggers.plans, "start", lambda **given: started.append(given["subject"]))
    started: list[ObjectRef] = []
    happen(entity, "notice.recorded", ObjectRef("item", "ITM-1"), kind="delay", vendor="VEN-1", new_price=None)
    triggers.answer()
    assert bool(started) is WHEN[when]


def test_what_plans_write_themselves_is_heard_by_no_rule():
    assert not [each for each in happenings.FACTS if each.split(".")[0] in ("plan", "step", "proposal")]


def test_every_fact_that_rules_may_listen_to_has_words_on_the_pages():
    assert not [each for each in happenings.FACTS if each not in timeline.WORDS or not happenings.FACTS[each].said]


def test_a_rule_starts_so_many_plans_a_day_for_one_object_and_then_rests(entity, rita, monkeypatch):
    monkeypatch.setattr(triggers, "MOST_STARTED", 2)
    for _ in range(4):
        capture(entity, rita, REQUISITION)
    capture(entity, rita, ObjectRef("requisition", "PR-00002"))
    assert triggers.answer() == 3
    assert Plan.objects.filter(subject_key="PR-00001").count() == 2


def test_what_ships_is_sound(entity):
    assert trigger_versions.problems(trigger_versions.shipped(), entity=entity) == []


@pytest.mark.parametrize(
    "data", [None, 3, {}, [3], [{}], [{"name": 3, "on": []}], [{"x": {"y": [{"z": "\x00"}]}}], [[]]]
)
def test_what_are_no_rules_is_said_and_never_a_crash(entity, data):
    found = trigger_versions.problems(data, entity=entity)
    assert found
    assert all(str(each) for each in found)


def test_rules_that_this_release_cannot_read_leave_the_others_in_force(entity, monkeypatch):
    ruled(monkeypatch, {"name": "x", "on": "vendor.blocked", "then": "run"}, *trigger_versions.shipped())
    assert "intake" in [each.name for each in trigger_versions.in_force(entity)]
