"""The shipped template that looks at each seller in a branch of its own: enough of them, whatever becomes of some."""

from __future__ import annotations

import pytest

from agents.models import Plan, Step
from agents.roles import research
from ledger.errors import InvalidInput
from tests.agents import market, stories
from tests.agents.acting import step

pytestmark = pytest.mark.django_db


@pytest.fixture
def look(entity, ada, amir, rita, cost_centre):
    """Runs it to its end, for a requisition that so many sell."""

    def looked(sellers: int) -> Plan:
        market.open_market(entity, sellers=sellers)
        market.set_up(entity, ada, amir, cost_centre)
        stories.raised(entity)
        stories.started("market-dossier")(entity)
        market.work()
        return Plan.objects.get(template__name="market-dossier")

    return looked


def branches(plan: Plan) -> dict[str, str]:
    return {each.item["vendor"]: str(each.status) for each in Step.objects.filter(plan=plan, branch__gt=0)}


def test_three_dossiers_are_enough_and_each_is_of_its_own_seller(look):
    plan = look(4)
    assert plan.status == Plan.Status.DONE
    assert [each["vendor"] for each in step(plan, "sellers").result["vendors"]] == [f"VEN-00{n}" for n in range(1, 5)]
    result = step(plan, "dossier").result
    assert result["done"] == 3
    assert sorted(branches(plan).values()) == ["done", "done", "done", "skipped"]
    for each in result["branches"]:
        if each["status"] == "done":
            told = each["result"]
            assert told["vendor"] == each["item"]["vendor"]
            assert (told["lines"][0]["item"], told["lines"][0]["deliveries_of_item"]) == (market.ITEM, 8)
            assert told["lines"][0]["unknown"] == ["No certificate on file."]
    assert step(plan, "benchmark").status == "done"


def test_one_that_fails_is_replaced_by_another(look, monkeypatch):
    profile = research.profile

    def fails_for_the_first(context):
        if context.given["vendor"] == "VEN-001":
            raise InvalidInput("The records of this one cannot be read.")
        return profile(context)

    monkeypatch.setitem(research.SPECIFICATION.tasks, "profile", fails_for_the_first)
    plan = look(4)
    assert (plan.status, step(plan, "dossier").result["done"]) == (Plan.Status.DONE, 3)
    assert branches(plan)["VEN-001"] != "done"


@pytest.mark.parametrize("sellers", [2, 0])
def test_where_few_sell_it_each_of_them_is_looked_at(look, sellers):
    plan = look(sellers)
    assert plan.status == Plan.Status.DONE
    assert step(plan, "dossier").status == "skipped"
    assert branches(plan) == {f"VEN-00{number}": "done" for number in range(1, sellers + 1)}
    assert step(plan, "benchmark").status == "done"
