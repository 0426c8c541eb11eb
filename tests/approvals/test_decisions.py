"""Deciding: who may, on what, once; and that a refusal changes nothing."""

from __future__ import annotations

import pytest

from approvals import decisions, proposals, queries
from approvals.errors import NotYours, NotYourTurn
from approvals.models import Decision, Proposal
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed, NotFound, Stale
from ledger.models import Entry, GrantedAuthority, LegalEntity, Person
from ledger.rights import Role
from tests import jumping
from tests.approvals.stage import approve, block, kinds, order, propose, propose_order, work
from tests.cast import make_person
from vendors.models import Vendor

pytestmark = pytest.mark.usefixtures("policy", "item", "contract", "budget")


@pytest.fixture
def waiting(entity, ben) -> Proposal:
    """Ben proposes to block Cipla; any approver decides."""
    return propose(block(), by=ben, entity=entity)


@pytest.fixture
def big(entity, rita, ada) -> Proposal:
    """An order worth 60,000: the owner of the cost centre, then a second approver."""
    return propose_order(order(6000), entity=entity, requested_by=rita)


def state(proposal: Proposal) -> tuple[object, ...]:
    """All that a refusal must leave alone."""
    row = Proposal.objects.values_list("status", "revision", "fingerprint", "judgement").get(pk=proposal.pk)
    return (*row, Decision.objects.count(), GrantedAuthority.objects.count(), Entry.objects.count())


def test_a_person_approves_and_the_clerk_carries_out(waiting, ada, vendor):
    assert waiting.status == "waiting"
    approve(waiting, ada)
    assert waiting.status == "approved"
    assert Vendor.objects.get(pk=vendor.pk).status == "approved"
    work()
    assert queries.outcome(waiting) == "carried_out"
    assert Vendor.objects.get(pk=vendor.pk).status == "blocked"
    assert kinds()[-3:] == ["proposal.judged", "vendor.blocked", "proposal.carried_out"]


def test_nothing_approved_is_carried_out_while_the_clock_is_held(waiting, ada, vendor):
    approve(waiting, ada)
    jumping.jump()
    work()
    assert queries.outcome(waiting) == "approved"
    assert Vendor.objects.get(pk=vendor.pk).status == "approved"
    jumping.confirm()
    work()
    assert queries.outcome(waiting) == "carried_out"


def test_nobody_approves_their_own_proposal(entity, ada):
    mine = propose(block(), by=ada, entity=entity)
    before = state(mine)
    with pytest.raises(NotYours, match="proposed or edited"):
        approve(mine, ada)
    assert state(mine) == before


def test_nobody_approves_what_an_agent_proposed_for_them(entity, ada):
    mine = propose_order(order(2000), entity=entity, requested_by=ada)
    before = state(mine)
    with pytest.raises(NotYours, match="requested it"):
        approve(mine, ada)
    assert state(mine) == before


def test_being_superuser_does_not_help(entity):
    root = make_person("root", Role.APPROVER, Role.ADMINISTRATOR, entity=entity, is_superuser=True)
    mine = propose(block(), by=root, entity=entity)
    with pytest.raises(NotYours):
        approve(mine, root)
    bare = make_person("bare", entity=entity, is_superuser=True)
    with pytest.raises(NotAllowed):
        approve(mine, bare)
    assert queries.outcome(mine) == "waiting"


@pytest.mark.parametrize("actor", [Actor.agent("sourcing"), Actor.system("engine"), Actor.supplier("VEN-001")])
def test_only_people_decide(waiting, actor):
    before = state(waiting)
    with pytest.raises(NotYours, match="Only people"):
        decisions.approve(waiting, actor=actor, fingerprint=waiting.fingerprint)
    with pytest.raises(NotYours, match="Only people"):
        decisions.reject(waiting, actor=actor, reason="no")
    assert state(waiting) == before


def test_a_requester_without_the_right_does_not_decide(waiting, rita):
    with pytest.raises(NotAllowed):
        approve(waiting, rita)
    assert queries.may_decide(rita, waiting)[0] is False


def test_people_of_another_company_find_nothing(waiting, entity):
    other = LegalEntity.objects.create(code="X", name="X", base_currency="USD", log=entity.log)
    stranger = make_person("stranger", Role.APPROVER, entity=other)
    with pytest.raises(NotFound):
        approve(waiting, stranger)
    assert queries.queue(stranger, "all") == []


def test_an_approval_of_what_was_edited_meanwhile_is_refused(waiting, ben, ada, vendor):
    looked_at = waiting.fingerprint
    proposals.revise(waiting, commands=[block(reason="Other papers")], actor=Actor.human(ben))
    before = state(waiting)
    with pytest.raises(Stale, match="changed after you looked"):
        decisions.approve(waiting, actor=Actor.human(ada), fingerprint=looked_at)
    assert state(waiting) == before
    work()
    assert Vendor.objects.get(pk=vendor.pk).status == "approved"


def test_an_edit_after_approval_takes_the_approval_back(waiting, ben, ada, amir, vendor):
    approve(waiting, ada)
    proposals.revise(waiting, commands=[block(reason="Other papers")], actor=Actor.human(ben))
    assert (waiting.status, waiting.revision) == ("waiting", 2)
    work()
    assert Vendor.objects.get(pk=vendor.pk).status == "approved"
    approve(waiting, amir)
    work()
    assert Vendor.objects.get(pk=vendor.pk).blocked_reason == "Other papers"


def test_who_edited_does_not_decide(waiting, amir):
    proposals.revise(waiting, commands=[block(reason="Other papers")], actor=Actor.human(amir))
    with pytest.raises(NotYours, match="edited"):
        approve(waiting, amir)


def test_approving_twice_is_refused_with_who_was_first(waiting, ada, amir):
    approve(waiting, ada)
    before = state(waiting)
    with pytest.raises(Stale, match="Ada"):
        approve(waiting, amir)
    with pytest.raises(Stale):
        approve(waiting, ada)
    assert state(waiting) == before


def test_a_decision_is_used_once(waiting, ada):
    approve(waiting, ada)
    work()
    assert work() == 0
    with pytest.raises(Stale, match="decided already"):
        approve(waiting, ada)
    assert kinds().count("proposal.carried_out") == 1


def test_levels_approve_in_order_and_by_different_people(big, ada, amir, ben):
    assert [step.label for step in big.steps.all()] == ["Owner of the cost centre", "A second approver"]
    with pytest.raises(NotYourTurn, match="Owner of the cost centre"):
        approve(big, amir)
    approve(big, ada)
    assert big.status == "waiting"
    with pytest.raises(NotYourTurn, match="A second approver"):
        approve(big, ada)
    approve(big, amir)
    assert big.status == "approved"
    assert GrantedAuthority.objects.filter(purpose="decision").count() == 1


def test_an_owner_who_requested_is_replaced_by_another_approver(entity, ada, amir):
    mine = propose_order(order(2000), entity=entity, requested_by=ada)
    assert [person.username for person in mine.steps.get().people.all()] == ["amir"]
    approve(mine, amir)
    assert mine.status == "approved"


def test_a_rejection_ends_it_and_says_why(waiting, ada, amir):
    with pytest.raises(InvalidInput, match="Say why"):
        decisions.reject(waiting, actor=Actor.human(ada), reason="  ")
    decisions.reject(waiting, actor=Actor.human(ada), reason="Not now")
    assert (waiting.status, waiting.problem) == ("rejected", "Not now")
    with pytest.raises(Stale, match="rejected, by Ada"):
        approve(waiting, amir)
    with pytest.raises(Stale):
        proposals.revise(waiting, commands=[block(reason="Again")], actor=Actor.human(amir))


def test_changes_asked_for_bring_a_new_revision(waiting, ben, ada, vendor):
    decisions.ask_changes(waiting, actor=Actor.human(ada), reason="Say which papers")
    assert (waiting.status, queries.queue(ada)) == ("returned", [])
    proposals.revise(waiting, commands=[block(reason="GMP certificate")], actor=Actor.human(ben))
    approve(waiting, ada)
    work()
    assert Vendor.objects.get(pk=vendor.pk).blocked_reason == "GMP certificate"


def test_an_override_keeps_both_fingerprints_and_needs_somebody_else(big, ada, amir, ben):
    before = big.fingerprint
    ada.groups.add(*ben.groups.all())  # she may issue orders herself
    decision = decisions.edit_and_approve(
        big, actor=Actor.human(ada), fingerprint=before, commands=[order(5900)], comment="Enough for now"
    )
    assert (decision.kind, decision.fingerprint) == ("edit", before)
    assert decision.new_fingerprint == big.fingerprint != before
    assert (big.status, big.revision) == ("waiting", 2)
    with pytest.raises(NotYours):
        approve(big, ada)
    approve(big, amir)
    assert [each.number for each in big.revisions.all()] == [1, 2]


def test_an_override_that_the_policy_lets_pass_is_approved(entity, rita, ada, ben):
    asked = propose_order(order(2000), entity=entity, requested_by=rita)
    ada.groups.add(*ben.groups.all())
    decisions.edit_and_approve(
        asked, actor=Actor.human(ada), fingerprint=asked.fingerprint, commands=[order(500)], comment="Less"
    )
    assert asked.status == "passed"
    work()
    assert queries.outcome(asked) == "carried_out"


def test_an_edit_that_changes_nothing_is_refused(big, ada, ben):
    ada.groups.add(*ben.groups.all())
    before = state(big)
    with pytest.raises(InvalidInput, match="Nothing was changed"):
        decisions.edit_and_approve(
            big, actor=Actor.human(ada), fingerprint=big.fingerprint, commands=[order(6000)], comment="x"
        )
    assert state(big) == before


def test_a_person_without_the_command_s_right_cannot_edit(big, ada):
    before = state(big)
    with pytest.raises(NotAllowed):
        decisions.edit_and_approve(
            big, actor=Actor.human(ada), fingerprint=big.fingerprint, commands=[order(100)], comment="x"
        )
    assert state(big) == before


def test_somebody_who_lost_the_right_meanwhile_does_not_decide(waiting, ada):
    Person.objects.filter(pk=ada.pk).update(is_active=False)
    with pytest.raises(NotAllowed):
        approve(waiting, Person.objects.get(pk=ada.pk))
    assert queries.outcome(waiting) == "waiting"


def test_alone_one_decides_on_one_s_own_and_it_is_marked_for_review(settings, entity, olga, amir):
    settings.SOLO_MODE = True
    mine = propose(block(), by=olga, entity=entity)
    with pytest.raises(NotYourTurn):
        approve(mine, olga)
    own = propose(block(), by=amir, entity=entity)
    decision = decisions.approve(own, actor=Actor.human(amir), fingerprint=own.fingerprint)
    assert decision.for_review is True
    work()
    assert queries.outcome(own) == "carried_out"
