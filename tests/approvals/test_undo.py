"""Undo: the declared compensations, in reverse, judged like anything else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from approvals import queries, undo
from approvals.errors import CannotUndo
from approvals.models import CarriedOut, Proposal
from ledger import clock
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed
from procure.models import Budget, Order
from tests.approvals.stage import approve, block, keys, kinds, order, propose, propose_order, work
from tests.vendors.rows import make_vendor
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("policy", "item", "contract", "budget")


@pytest.fixture
def ordered(entity, rita, ada) -> Proposal:
    """An order worth 20,000, approved by Ada and carried out."""
    made = propose_order(order(2000), entity=entity, requested_by=rita)
    approve(made, ada)
    work()
    made.refresh_from_db()
    assert made.status == "carried_out"
    return made


def take_back(proposal: Proposal, by) -> Proposal:
    return undo.propose(proposal, actor=Actor.human(by), reason="Wrong pack size")


def test_who_may_decide_on_the_original_undoes_it_by_policy(ordered, ada):
    undoing = take_back(ordered, ada)
    assert (undoing.status, keys(undoing)) == ("passed", ["declared-undo"])
    work()
    ordered.refresh_from_db()
    assert ordered.status == "undone"
    assert Order.objects.get().status == "cancelled"
    assert Budget.objects.get().committed == 0
    assert "proposal.undone" in kinds()
    assert queries.outcome(undoing) == "carried_out"


def test_the_requester_may_ask_but_somebody_decides(ordered, rita, ben, ada):
    with pytest.raises(NotAllowed):
        take_back(ordered, rita)
    undoing = take_back(ordered, ben)
    assert undoing.status == "passed"


def test_who_proposed_it_cannot_undo_it_alone(entity, ben, ada):
    made = propose(block(), by=ben, entity=entity)
    approve(made, ada)
    work()
    undoing = take_back(made, ben)
    assert (undoing.status, Vendor.objects.get().status) == ("waiting", "blocked")
    approve(undoing, ada)
    work()
    assert Vendor.objects.get().status == "approved"
    assert queries.outcome(made) == "undone"


def test_a_bundle_is_undone_in_reverse(entity, ben, ada):
    make_vendor("VEN-002", entity=entity)
    made = propose(block(), block("VEN-002"), by=ben, entity=entity)
    approve(made, ada)
    work()
    undoing = take_back(made, ada)
    assert [each["fields"]["vendor"] for each in undoing.commands] == ["VEN-002", "VEN-001"]


def test_asking_twice_is_one_undo_and_after_it_there_is_none(ordered, ada, amir):
    first = take_back(ordered, ada)
    assert take_back(ordered, amir) == first
    work()
    ordered.refresh_from_db()
    with pytest.raises(CannotUndo):
        take_back(ordered, ada)


def test_after_its_deadline_nothing_is_undone(ordered, ada):
    CarriedOut.objects.update(undo_until=clock.now() + timedelta(hours=1))
    assert undo.way_back(ordered).possible
    clock.shift(timedelta(hours=2))
    before = Proposal.objects.count()
    with pytest.raises(CannotUndo, match="time to undo"):
        take_back(ordered, ada)
    assert Proposal.objects.count() == before


def test_an_undo_that_waits_beyond_its_deadline_needs_people(ordered, ada):
    CarriedOut.objects.update(undo_until=clock.now() + timedelta(hours=1))
    undoing = take_back(ordered, ada)
    clock.shift(timedelta(hours=2))
    work()
    undoing.refresh_from_db()
    assert undoing.status == "waiting"
    assert Order.objects.get().status == "issued"


def test_other_commands_under_the_flag_of_an_undo_are_refused(ordered, entity, ada):
    before = Proposal.objects.count()
    with pytest.raises(InvalidInput, match="not the commands that undo"):
        propose(block(), by=ada, entity=entity, undo_of=ordered)
    assert Proposal.objects.count() == before


def test_what_was_not_carried_out_or_has_no_way_back_cannot_be_undone(entity, ben, ada, ordered):
    waiting = propose(block(), by=ben, entity=entity)
    with pytest.raises(CannotUndo):
        take_back(waiting, ada)
    undoing = take_back(ordered, ada)
    work()
    undoing.refresh_from_db()
    with pytest.raises(CannotUndo, match="CancelOrder"):
        take_back(undoing, ada)


def test_a_reason_is_asked_for(ordered, ada):
    with pytest.raises(InvalidInput):
        undo.propose(ordered, actor=Actor.human(ada), reason=" ")


def test_what_can_be_undone_is_said_before_the_click(ordered, entity, rita):
    waiting = propose_order(order(3000), entity=entity, requested_by=rita)
    assert "cancelled here and in the ERP" in queries.gist(waiting).undo_line
    assert undo.way_back(ordered).how == (waiting and ordered.carried.get().how,)
