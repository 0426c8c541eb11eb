"""Carrying out: judged again, all or nothing, back to the queue with the difference."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from approvals import clerk, decisions, execution, policies, queries, rulebook
from approvals.errors import NotDue
from approvals.models import Bounds, PolicyVersion, Proposal
from ledger import clock, switches
from ledger.actors import Actor
from ledger.authority import Authority
from ledger.errors import NoAuthority, Stopped
from ledger.importing import importing
from ledger.models import Effect, Entry, GrantedAuthority
from ledger.spending import spending
from procure.handlers import issue_order
from procure.models import Budget, Order
from tests.approvals.stage import BAD_CLAIM, DIGEST, approve, block, keys, kinds, order, propose, propose_order, work
from tests.vendors.rows import make_vendor
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("policy", "item", "contract", "budget")


@pytest.fixture
def approved(entity, rita, ada) -> Proposal:
    """An order worth 20,000, approved by Ada and not yet carried out."""
    made = propose_order(order(2000), entity=entity, requested_by=rita)
    approve(made, ada)
    assert made.status == "approved"
    return made


def set_budget(amount: int) -> None:
    with importing("tests", DIGEST):
        Budget.objects.update(amount=Decimal(amount))


def set_status(vendor: Vendor, status: str) -> None:
    with importing("tests", DIGEST):
        Vendor.objects.filter(pk=vendor.pk).update(status=status, blocked_reason="x" if status == "blocked" else "")


def nothing_ordered() -> bool:
    return not (Order.objects.exists() or Effect.objects.exists() or Budget.objects.filter(committed__gt=0).exists())


def test_an_order_at_contract_price_passes_by_policy(entity, rita, budget):
    made = propose_order(order(500), entity=entity, requested_by=rita)
    assert (made.status, keys(made)) == ("passed", ["order-at-contract-price"])
    work()
    made.refresh_from_db()
    assert made.status == "carried_out"
    decision = made.decisions.get()
    assert (decision.kind, decision.actor_id) == ("pass", "policy:1")
    assert Order.objects.get().reference == made.carried.get().result["order"]
    assert Effect.objects.get().object_key == Order.objects.get().reference
    budget.refresh_from_db()
    assert budget.committed == 5000
    trail = [kind for kind in kinds() if kind.startswith("proposal.")]
    assert trail == [
        "proposal.made",
        "proposal.judged",
        "proposal.passed",
        "proposal.judged",
        "proposal.carried_out",
    ]


def test_a_budget_used_up_since_the_approval_brings_it_back(approved, entity, ada):
    set_budget(15_000)
    work()
    approved.refresh_from_db()
    assert approved.status == "waiting"
    assert "budget" in approved.problem
    assert nothing_ordered()
    difference = approved.judgement.difference
    assert {"rule": "budget-overrun", "checkpoint": "Budget overrun"}.items() <= difference[0].items()
    assert {"fact": "budget_remaining_after", "was": "80000", "now": "-5000"} in difference
    assert [step.level for step in approved.steps.filter(status__in=["open", "waiting"])] == ["owner", "second"]
    assert "proposal.returned" in kinds()
    assert approved in [row.proposal for row in [queries.detail(approved, ada)]]
    assert [row.reference for row in queries.queue(ada)] == [approved.reference]
    assert work() == 0


def test_what_came_back_goes_through_once_it_is_approved_again(approved, ada, amir):
    set_budget(15_000)
    work()
    approved.refresh_from_db()
    approve(approved, ada)
    approve(approved, amir)
    set_budget(100_000)
    work()
    approved.refresh_from_db()
    assert (approved.status, Order.objects.count()) == ("carried_out", 1)


def test_a_handler_that_refuses_rolls_everything_back(approved, ada, amir):
    """Two people may want it; the budget's hard limit still holds."""
    set_budget(15_000)
    work()
    approved.refresh_from_db()
    approve(approved, ada)
    approve(approved, amir)
    work()
    approved.refresh_from_db()
    assert approved.status == "failed"
    assert "20,000.00 USD is needed" in approved.problem
    assert nothing_ordered()
    assert not GrantedAuthority.objects.filter(purpose="decision", spent_at__isnull=False).exists()
    assert work() == 0


def test_a_vendor_blocked_since_the_approval_brings_it_back(approved, vendor, ada):
    set_status(vendor, "blocked")
    work()
    approved.refresh_from_db()
    assert (approved.status, approved.verdict) == ("waiting", "block")
    assert nothing_ordered()
    assert {"fact": "vendor_status", "was": "approved", "now": "blocked"} in approved.judgement.difference or {
        "fact": "vendor_statuses",
        "was": ["approved"],
        "now": ["blocked"],
    } in approved.judgement.difference
    step = approved.steps.get(status="open")
    with pytest.raises(Exception, match="policy blocks this"):
        approve(approved, step.people.first())
    decisions.reject(approved, actor=Actor.human(step.people.first()), reason="Blocked")
    assert approved.status == "rejected"


def test_a_passed_order_whose_vendor_was_blocked_before_the_clerk_came_is_not_issued(entity, rita, vendor):
    made = propose_order(order(500), entity=entity, requested_by=rita)
    set_status(vendor, "blocked")
    work()
    assert (queries.outcome(made), nothing_ordered()) == ("waiting", True)


def test_evidence_that_no_longer_holds_brings_it_back(entity, rita, item):
    made = propose_order(order(500), entity=entity, requested_by=rita)
    type(item).objects.filter(pk=item.pk).update(price_median=Decimal("10.5"))
    work()
    made.refresh_from_db()
    assert (made.status, nothing_ordered()) == ("waiting", True)
    assert "thin-evidence" in keys(made)
    assert made.evidence.get().problem == "The source says 10.5, not 10."


def test_a_stricter_policy_brings_back_what_was_approved_under_the_old_one(approved, entity, ada):
    document = rulebook.shipped()
    document["rules"] = [each for each in document["rules"] if each["key"] != "order-value"]
    document["rules"].append(
        {
            "key": "all-orders",
            "checkpoint": "All orders",
            "effect": "ask",
            "chain": "administrators",
            "commands": ["IssueOrder"],
            "reason": "Every order.",
        }
    )
    with importing("tests", DIGEST):
        policies.replace(rulebook.version_in_force(entity), document, published_by="test")
    work()
    approved.refresh_from_db()
    assert (approved.status, nothing_ordered()) == ("waiting", True)
    assert approved.steps.get(status="open").level == "administrator"
    assert approved.judgement.policy.number == 2


def test_an_approval_runs_out(approved, ada):
    clock.shift(timedelta(days=15))
    work()
    approved.refresh_from_db()
    assert (approved.status, nothing_ordered()) == ("waiting", True)
    assert "expired" in approved.problem
    approve(approved, ada)
    work()
    approved.refresh_from_db()
    assert approved.status == "carried_out"


def test_what_was_tampered_with_after_the_approval_is_not_carried_out(approved):
    Proposal.objects.filter(pk=approved.pk).update(commands=[order(9000).as_json()])
    work()
    assert (queries.outcome(approved), nothing_ordered()) == ("waiting", True)


def test_a_bundle_is_carried_out_whole_or_not_at_all(entity, ben, ada, vendor):
    other = make_vendor("VEN-002", entity=entity)
    made = propose(block(), block("VEN-002"), by=ben, entity=entity)
    approve(made, ada)
    set_status(other, "blocked")
    work()
    made.refresh_from_db()
    assert made.status == "failed"
    assert Vendor.objects.get(pk=vendor.pk).status == "approved"
    assert "vendor.blocked" not in kinds()


def test_a_handler_refuses_without_the_authority_in_force(entity, ben, ada):
    before = Entry.objects.count()
    for given in (None, Authority(1, "f" * 64, "PP-00001/1")):
        with pytest.raises(NoAuthority):
            issue_order(order(100), authority=given, actor=Actor.human(ben), entity=entity, cause=1)
    assert (nothing_ordered(), Entry.objects.count()) == (True, before)


def test_an_authority_for_something_else_opens_nothing(approved, entity, ben, ada):
    other = propose(block(), by=ben, entity=entity)
    approve(other, ada)
    granted = approved.decisions.get(final=True).authority_id
    with (
        pytest.raises(NoAuthority),
        transaction.atomic(),
        spending(granted, other.fingerprint, policy="b" * 64),
    ):
        pytest.fail("it was spent for another fingerprint")
    assert GrantedAuthority.objects.get(pk=granted).spent_at is None


def test_a_script_that_writes_rows_itself_is_refused_by_the_database(entity, vendor, policy):
    for attempt in (
        lambda: Vendor.objects.filter(pk=vendor.pk).update(status="blocked", blocked_reason="x"),
        lambda: PolicyVersion.objects.filter(pk=policy.pk).update(document={}),
        lambda: PolicyVersion.objects.filter(pk=policy.pk).delete(),
        lambda: Bounds.objects.update(max_amount=None),
        lambda: Order.objects.create(
            reference="PO-X", entity=entity, vendor=vendor, currency="USD", issued_at=clock.now()
        ),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()
    assert Vendor.objects.get(pk=vendor.pk).status == "approved"
    assert PolicyVersion.objects.get(pk=policy.pk).document == rulebook.shipped()


def test_a_script_that_sets_the_status_carries_nothing_out(entity, rita):
    made = propose_order(order(2000), entity=entity, requested_by=rita)
    Proposal.objects.filter(pk=made.pk).update(status="approved")
    work()
    with pytest.raises(NotDue):
        execution.carry_out(made)
    assert nothing_ordered()


def test_the_stop_button_holds_back_what_the_agent_proposed(entity, rita, ada, olga):
    made = propose_order(order(500), entity=entity, requested_by=rita)
    switches.turn("role:sourcing", stop=True, actor=Actor.human(ada), entity=entity, reason="look")
    assert (clerk.answer(), queries.outcome(made), nothing_ordered()) == (0, "passed", True)
    with pytest.raises(Stopped):
        propose_order(order(100), entity=entity, requested_by=rita)
    switches.turn("role:sourcing", stop=False, actor=Actor.human(olga), entity=entity)
    work()
    assert queries.outcome(made) == "carried_out"


def test_an_error_in_a_handler_leaves_the_proposal_failed_and_the_others_alone(entity, rita, ben, ada, monkeypatch):
    first = propose(block(), by=ben, entity=entity)
    approve(first, ada)
    second = propose_order(order(500), entity=entity, requested_by=rita)

    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("vendors.handlers.block_vendor", broken)
    work()
    assert (queries.outcome(first), queries.outcome(second)) == ("failed", "carried_out")


def test_a_failed_proposal_can_be_revised_and_withdrawn(entity, rita, ben):
    from approvals import proposals

    made = propose_order(order(500), entity=entity, requested_by=rita, claims=[BAD_CLAIM])
    assert made.status == "waiting"
    proposals.withdraw(made, actor=Actor.human(rita), reason="Not needed")
    assert (made.status, made.problem) == ("withdrawn", "Not needed")
    assert kinds()[-1] == "proposal.withdrawn"
