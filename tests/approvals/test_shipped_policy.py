"""The shipped policy as a table: which order, invitation, requisition asks, and why."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from approvals import queries
from ledger import clock
from ledger.actors import Actor
from ledger.commands import EraseSubject
from ledger.importing import importing
from procure import requisitions
from procure.commands import ChangeBudget, InviteSuppliers, NeededLine, RaiseRequisition
from procure.models import Budget
from tests.approvals.stage import (
    BAD_CLAIM,
    DIGEST,
    approve,
    block,
    judged_again,
    keys,
    order,
    propose,
    propose_order,
    work,
)
from tests.vendors.rows import make_vendor
from vendors.commands import QualifyVendor
from vendors.models import Certificate, Vendor

pytestmark = pytest.mark.usefixtures("policy", "item", "budget")


@pytest.fixture(autouse=True)
def _each_judgement_can_be_made_again(entity):
    """From the ledger alone, with nothing to tell apart."""
    yield
    assert judged_again(entity)


@pytest.mark.usefixtures("contract")
@pytest.mark.parametrize(
    ("changes", "fired", "levels"),
    [
        ({"quantity": 999}, ["order-at-contract-price"], []),
        ({"quantity": 1000}, ["order-value"], ["owner"]),
        ({"quantity": 5000}, ["order-value", "order-value-high"], ["owner", "second"]),
        ({"quantity": 10001}, ["budget-overrun", "order-value", "order-value-high"], ["owner", "second"]),
        ({"price": "10.01"}, ["contract-deviation"], ["owner"]),
        ({"price": "11.51"}, ["contract-deviation", "price-above-benchmark"], ["owner"]),
    ],
)
def test_orders_under_contract(entity, rita, changes, fired, levels):
    made = propose_order(order(**{"quantity": 100} | changes), entity=entity, requested_by=rita)
    assert keys(made) == fired
    assert [each["key"] for each in made.judgement.levels] == levels


def test_an_order_without_contract_or_quotes_is_single_source(entity, rita):
    made = propose_order(entity=entity, requested_by=rita)
    assert keys(made) == ["single-source"]


@pytest.mark.usefixtures("contract")
@pytest.mark.parametrize(
    ("status", "outcome", "rule"),
    [
        ("approved", "passed", "order-at-contract-price"),
        ("conditional", "waiting", "unapproved-vendor"),
        ("prospect", "waiting", "unapproved-vendor"),
        ("blocked", "blocked", "vendor-blocked"),
        ("retired", "blocked", "vendor-blocked"),
    ],
)
def test_vendor_status(entity, rita, vendor, status, outcome, rule):
    with importing("tests", DIGEST):
        Vendor.objects.filter(pk=vendor.pk).update(status=status, blocked_reason="x")
    made = propose_order(entity=entity, requested_by=rita)
    assert made.status == outcome
    assert rule in keys(made)


@pytest.mark.usefixtures("contract")
def test_a_certificate_that_ran_out_asks_procurement(entity, rita, vendor):
    yesterday = clock.business_date(entity) - timedelta(days=1)
    Certificate.objects.create(vendor=vendor, kind="GMP", valid_until=yesterday)
    made = propose_order(entity=entity, requested_by=rita)
    assert keys(made) == ["certificate-problem"]
    assert made.steps.get().level == "buyer"


@pytest.mark.usefixtures("contract")
@pytest.mark.parametrize(
    ("fields", "fired"),
    [
        ({"claims": [BAD_CLAIM]}, "thin-evidence"),
        ({"claims": []}, "thin-evidence"),
        ({"confidence": Decimal("0.5")}, "low-confidence"),
        ({"confidence": None}, "low-confidence"),
    ],
)
def test_an_agent_that_is_unsure_or_cannot_prove_asks(entity, rita, fields, fired):
    made = propose_order(entity=entity, requested_by=rita, **fields)
    assert (made.status, keys(made)) == ("waiting", [fired])


@pytest.mark.usefixtures("contract", "next_budget")
def test_orders_split_below_the_threshold_are_summed(entity, rita, ada):
    first = propose_order(order(600), entity=entity, requested_by=rita)
    work()
    assert queries.outcome(first) == "carried_out"
    second = propose_order(order(600), entity=entity, requested_by=rita)
    assert keys(second) == ["split-purchase"]
    fact = second.judgement.facts["rolling_30d_amount"]
    assert fact["value"] == "12000"
    third = propose_order(order(600), entity=entity, requested_by=ada)
    assert "split-purchase" in keys(third), "another requester of the same cost centre"
    clock.shift(timedelta(days=31))
    later = propose_order(order(600), entity=entity, requested_by=rita)
    assert keys(later) == ["order-at-contract-price"]


@pytest.mark.usefixtures("contract")
def test_an_order_without_a_budget_asks_because_nobody_can_tell(entity, rita, budget):
    with importing("tests", DIGEST):
        Budget.objects.all().delete()
    made = propose_order(entity=entity, requested_by=rita)
    assert (made.status, keys(made)) == ("waiting", ["budget-overrun"])
    assert "has no budget" in made.judgement.fired[0]["reason"]


@pytest.mark.usefixtures("contract")
def test_an_order_in_a_currency_without_a_rate_asks(entity, rita):
    made = propose_order(order(currency="CHF"), entity=entity, requested_by=rita)
    assert made.status == "waiting"
    assert made.judgement.facts["amount"]["state"] == "uncomputable"
    assert "no exchange rate" in made.judgement.facts["amount"]["how"]
    assert made.amount is None


@pytest.mark.usefixtures("contract", "next_budget")
def test_an_order_proposed_long_ago_counts_from_the_day_it_was_carried_out(entity, rita, ada):
    slow = propose_order(order(600), entity=entity, requested_by=rita, confidence=Decimal("0.5"))
    clock.shift(timedelta(days=40))
    approve(slow, slow.steps.get().people.first())
    work()
    assert queries.outcome(slow) == "carried_out"
    assert keys(propose_order(order(600), entity=entity, requested_by=rita)) == ["split-purchase"]


def raised(entity, rita, **fields):
    captured = requisitions.capture(words="100 packs of tablets", actor=Actor.human(rita), entity=entity)
    line = NeededLine(item="ITM-0001", description="Tablets", quantity=Decimal(100))
    body = {"cost_centre": "PROG", "budget": Decimal(20000), "currency": "USD"} | fields
    return RaiseRequisition(requisition=captured.reference, lines=[line], **body)


@pytest.mark.parametrize(
    ("fields", "status", "fired"),
    [
        ({}, "passed", "requisition-within-budget"),
        ({"budget": Decimal(100_000)}, "passed", "requisition-within-budget"),
        ({"budget": Decimal("100000.01")}, "waiting", "budget-overrun"),
        ({"budget": None}, "waiting", "standing-default"),
        ({"cost_centre": ""}, "waiting", "budget-overrun requisition-within-budget"),
    ],
)
def test_requisitions(entity, rita, fields, status, fired):
    command = raised(entity, rita, **fields)
    for by in (rita, Actor.agent("intake")):
        made = propose(command, by=by, entity=entity, requested_by=rita, confidence=Decimal("0.9"))
        assert (made.status, keys(made)) == (status, fired.split())


def test_a_requisition_s_own_hold_does_not_count_against_its_order(entity, rita, budget):
    command = raised(entity, rita, budget=Decimal(90_000))
    propose(command, by=rita, entity=entity)
    work()
    budget.refresh_from_db()
    assert budget.committed == 90_000
    made = propose_order(order(2000, requisition=command.requisition), entity=entity, requested_by=rita)
    assert made.judgement.facts["budget_remaining_after"]["value"] == "80000"


@pytest.mark.parametrize(
    ("count", "status", "fired"),
    [
        (2, "passed", ["invitation-approved"]),
        (6, "passed", ["invitation-approved"]),
        (7, "waiting", ["many-suppliers"]),
    ],
)
def test_invitations(entity, rita, ben, count, status, fired, vendor):
    from tests.vendors.rows import make_contact

    command = raised(entity, rita)
    propose(command, by=rita, entity=entity)
    work()
    for number in range(count):
        make_contact(make_vendor(f"VEN-2{number:02}", entity=entity))
    invite = InviteSuppliers(
        requisition=command.requisition,
        title="Tablets",
        vendors=[f"VEN-2{number:02}" for number in range(count)],
        deadline_hours=24,
    )
    made = propose(invite, by=ben, entity=entity)
    assert (made.status, keys(made)) == (status, fired)


@pytest.mark.parametrize(
    ("command", "level"),
    [
        (block(), "approver"),
        (QualifyVendor(vendor="VEN-001"), "approver"),
    ],
)
def test_vendor_status_changes_ask_an_approver(entity, ben, vendor, command, level):
    made = propose(command, by=ben, entity=entity)
    assert (keys(made), made.steps.get().level) == (["vendor-status-change"], level)


def test_budgets_are_changed_by_two_administrators(entity, olga):
    command = ChangeBudget(cost_centre="PROG", year=2026, amount=Decimal(1), currency="USD")
    made = propose(command, by=olga, entity=entity)
    assert (keys(made), made.steps.get().level) == (["policy-change"], "administrator")


def test_erasing_somebody_asks_an_approver_because_it_cannot_be_undone(entity, olga, rita):
    made = propose(EraseSubject(subject=f"person:{rita.pk}", reason="by letter"), by=olga, entity=entity)
    assert (keys(made), made.steps.get().level) == (["irreversible"], "approver")


def test_a_bundle_passes_only_when_all_of_it_may(entity, rita, ben, vendor):
    made = propose(raised(entity, rita), block(), by=ben, entity=entity)
    assert (made.status, keys(made)) == ("waiting", ["vendor-status-change"])


@pytest.mark.usefixtures("contract")
def test_an_approved_split_purchase_is_carried_out(entity, rita, ada):
    propose_order(order(600), entity=entity, requested_by=rita)
    work()
    second = propose_order(order(600), entity=entity, requested_by=rita)
    approve(second, ada)
    work()
    assert queries.outcome(second) == "carried_out"
