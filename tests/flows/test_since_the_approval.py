"""What changed between approval and carrying out sends the proposal back, with the difference, and does nothing."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings

from approvals import decisions
from approvals.models import Proposal
from ledger import clock, doorbell
from ledger.actors import Actor
from ledger.errors import DomainError
from ledger.importing import importing
from ledger.models import Effect, Entry, Person
from procure.demo import intake_to_order as tale
from procure.demo.story import staged
from procure.models import Award, Budget, Commitment, Order, SandboxOrder
from tests.flows.conftest import one_transaction
from tests.told import for_a_module
from vendors.models import Vendor


@pytest.fixture(scope="module")
def _told(_loaded, django_db_blocker, own_var) -> Iterator[int]:
    """The story up to the moment when the award waits for Ada, told once."""
    places = override_settings(VAR_DIR=own_var, STATIC_ROOT=own_var / "static")
    told = staged(inline=True, patience=30, say=lambda text: None)
    with django_db_blocker.unblock(), for_a_module():
        with places, one_transaction(), told as stage:
            requisition = tale._ask(stage, tale.WORDS)
            event = tale._invited(stage, requisition)
            tale._suppliers_answer(stage, event, {})
            tale._open_early(stage, event)
            award = tale._award_proposed(stage, requisition).pk
            connection.check_constraints()
        yield award


@pytest.fixture
def waiting(_told, demo) -> Proposal:
    return Proposal.objects.get(pk=_told)


def approve(proposal):
    ada = Actor.human(Person.objects.get(username="ada"))
    decisions.approve(proposal, actor=ada, fingerprint=proposal.fingerprint)
    proposal.refresh_from_db()
    assert proposal.status == Proposal.Status.APPROVED


def footprint():
    return (
        Order.objects.count(),
        Award.objects.count(),
        SandboxOrder.objects.count(),
        Effect.objects.filter(sender="erp").count(),
        list(Commitment.objects.order_by("pk").values_list("pk", "status", "amount")),
    )


def as_imported():
    return importing("a change made elsewhere", "0" * 64)


def test_a_vendor_blocked_since_sends_it_back_with_the_difference(waiting):
    approve(waiting)
    vendor = waiting.commands[-1]["fields"]["vendor"]
    with as_imported():
        Vendor.objects.filter(key=vendor).update(status="blocked", blocked_reason="sanctions hit")
    before = footprint()
    doorbell.answer()
    waiting.refresh_from_db()
    assert waiting.status in (Proposal.Status.WAITING, Proposal.Status.BLOCKED)
    assert footprint() == before
    judged_again = waiting.judgements.order_by("-pk")[0]
    assert judged_again.stage == "execute"
    assert judged_again.verdict == "block"
    assert judged_again.difference
    assert Entry.objects.filter(kind="proposal.returned").exists()


def test_a_budget_used_up_since_sends_it_back(waiting):
    approve(waiting)
    requisition = waiting.commands[-1]["fields"]["requisition"]
    with as_imported():
        held = Commitment.objects.get(object_kind="requisition", object_key=requisition, status="held")
        Commitment.objects.filter(pk=held.pk).update(status="spent")
        Budget.objects.filter(pk=held.budget_id).update(amount=held.budget.committed)
    before = footprint()
    doorbell.answer()
    waiting.refresh_from_db()
    assert waiting.status in (Proposal.Status.WAITING, Proposal.Status.FAILED)
    assert footprint() == before


def test_an_approval_is_for_the_version_that_was_seen(waiting):
    seen = waiting.fingerprint
    Proposal.objects.filter(pk=waiting.pk).update(fingerprint="f" * 64)
    waiting.refresh_from_db()
    before = footprint()
    with pytest.raises(DomainError):
        decisions.approve(waiting, actor=Actor.human(Person.objects.get(username="ada")), fingerprint=seen)
    assert footprint() == before


def test_a_stale_authority_opens_nothing(waiting):
    approve(waiting)
    clock.shift(timedelta(days=400))
    before = footprint()
    doorbell.answer()
    assert footprint() == before
