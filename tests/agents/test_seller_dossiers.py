"""The shipped template that looks at sellers one by one: in parallel, and one that fails keeps nobody waiting."""

from __future__ import annotations

import pytest

from agents import plans
from agents.models import Plan, Step
from agents.roles import research
from ledger.actors import Actor
from tests.agents import market, stories
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


@pytest.fixture
def before(entity, ada, amir, ben, cost_centre, rita, olga) -> None:
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    stories.raised(entity)


@pytest.fixture
def plan(before, entity) -> Plan:
    stories.started("seller-dossiers")(entity)
    market.work()
    return Plan.objects.get(template__name="seller-dossiers")


def test_each_seller_has_a_dossier_of_its_own(plan):
    sellers = plan.steps.get(key="market").result["sellers"]
    assert len(sellers) > 1
    branches = plan.steps.filter(fanned__key="dossiers").order_by("branch")
    assert [(each.item, each.status) for each in branches] == [(each, "done") for each in sellers]
    for each in branches:
        shown = {found["vendor"] for item in each.result["items"] for found in item["candidates"]}
        assert shown == {each.item}
    assert plan.steps.get(key="dossiers").result["done"] == len(sellers)


def test_one_that_cannot_be_looked_at_is_left_out_and_keeps_nobody_waiting(before, entity, monkeypatch):
    known = research.vendor_queries.vendor

    def unknown_second(key: str) -> Vendor:
        return known("NOBODY" if key == "VEN-002" else key)

    monkeypatch.setattr(research.vendor_queries, "vendor", unknown_second)
    stories.started("seller-dossiers")(entity)
    market.work()
    plan = Plan.objects.get(template__name="seller-dossiers")
    gathered = plan.steps.get(key="dossiers").result["branches"]
    told = {each["item"]: each["status"] for each in gathered}
    assert told.pop("VEN-002") == "skipped"
    assert set(told.values()) == {"done"}
    assert plan.steps.get(key="decide").status == Step.Status.WAITING


def test_a_person_is_asked_and_then_it_is_done(plan, ben):
    asked = plan.steps.get(key="decide")
    assert (asked.status, asked.asks_person) == (Step.Status.WAITING, True)
    plans.answer(asked, {"yes": True, "note": ""}, actor=Actor.human(ben))
    market.work()
    plan.refresh_from_db()
    assert plan.status == Plan.Status.DONE
