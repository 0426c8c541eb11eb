"""The journal starts plans: once per fact, whoever reads it."""

import pytest
from django.db import transaction

from agents import templates, trigger_versions, triggers
from agents.models import Plan, PlanTemplate
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of, record
from ledger.models import Cursor
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
