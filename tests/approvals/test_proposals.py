"""Proposing: rights, bounds, keys, revisions; what is refused leaves nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import transaction

from approvals import limits, proposals, queries
from approvals.errors import NoPolicy, OutOfBounds
from approvals.models import Bounds, Proposal, Spend
from ledger import chain, personal, switches
from ledger.actors import Actor
from ledger.authority import importing
from ledger.errors import InvalidInput, NotAllowed, NotFound, Stale, Stopped
from ledger.models import Entry, LegalEntity, PersonalValue
from ledger.rights import Role
from tests.approvals.stage import DIGEST, SOURCING, block, keys, kinds, order, propose, propose_order
from tests.cast import make_person
from vendors.commands import UnblockVendor

pytestmark = pytest.mark.usefixtures("policy", "item", "contract", "budget")


def nothing() -> bool:
    return not Proposal.objects.exists()


def set_bounds(role: str, **fields: object) -> None:
    with importing("tests", DIGEST):
        Bounds.objects.filter(role=role).update(**fields)


def test_a_proposal_is_journaled_with_its_commands_facts_and_policy(entity, rita, policy):
    made = propose_order(entity=entity, requested_by=rita)
    first, second = Entry.objects.order_by("seq").filter(kind__startswith="proposal.")
    told = chain.read(first)
    assert told["actor"] == {"kind": "agent", "id": "sourcing"}
    assert told["on_behalf_of"] == {"kind": "human", "id": str(rita.pk)}
    (command,) = made.commands
    kept = dict(command["fields"]["lines"][0])
    assert kept.pop("description") == "Tablets"
    assert told["data"]["commands"] == [command | {"fields": command["fields"] | {"lines": [kept]}}]
    said = {"commands.0.lines.0.description": "Tablets", "rationale": "because"}
    assert personal.of([first])[first.log_id, first.seq] == said
    assert set(PersonalValue.objects.values_list("subject", flat=True)) == {f"person:{rita.pk}"}
    assert {"kind": "vendor", "key": "VEN-001"} in told["objects"]
    judged = chain.read(second)
    assert (judged["policy"], judged["causes"]) == (policy.digest, [first.seq])
    told = judged["data"]["facts"]
    assert told["amount"] == {
        "state": "known", "type": "number", "value": "1000", "how": "the greatest of: IssueOrder 1,000.00 USD"
    }  # fmt: skip
    assert told["actor_name"]["value"] == "sourcing"


def test_the_sign_in_name_of_a_person_stays_out_of_the_ledger(entity, ben):
    propose(block(), by=ben, entity=entity)
    judged = chain.read(Entry.objects.get(kind="proposal.judged"))
    assert "value" not in judged["data"]["facts"]["actor_name"]
    assert list(judged["commitments"]) == ["facts.actor_name"]
    assert f"'{ben.username}'" not in str(judged)


def test_the_same_key_is_the_same_proposal(entity, rita):
    one = propose_order(entity=entity, requested_by=rita, key="step-1")
    two = propose_order(order(200), entity=entity, requested_by=rita, key="step-1")
    assert (one, Proposal.objects.count()) == (two, 1)
    with pytest.raises(Stale):
        propose(block(), by=rita_as_buyer(entity), entity=entity, key="step-1")


def rita_as_buyer(entity):
    return make_person("berta", Role.BUYER, entity=entity)


def test_a_key_taken_by_a_faster_rival_gives_the_rival_s_proposal(entity, rita, monkeypatch):
    rival = propose_order(entity=entity, requested_by=rita, key="step-1")
    seen = iter([None])
    known = proposals._known
    monkeypatch.setattr(proposals, "_known", lambda *args: next(seen, None) or known(*args))
    calls = []

    def late(key, actor):
        calls.append(key)
        return None if len(calls) == 1 else known(key, actor)

    monkeypatch.setattr(proposals, "_known", late)
    assert propose_order(entity=entity, requested_by=rita, key="step-1") == rival
    assert Proposal.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rationale": "x" * 20_001}, "20000 characters"),
        ({"confidence": Decimal("1.5")}, "between 0 and 1"),
        ({"urgency": "yesterday"}, "hot, normal or cold"),
    ],
)
def test_what_is_not_well_formed_is_refused(entity, ben, fields, words):
    with pytest.raises(InvalidInput, match=words):
        propose(block(), by=ben, entity=entity, **fields)
    assert nothing()


def test_an_empty_or_an_endless_bundle_is_refused(entity, ben):
    with pytest.raises(InvalidInput, match="at least one"):
        propose(by=ben, entity=entity)
    with pytest.raises(InvalidInput, match="at most 50"):
        propose(*[block()] * 51, by=ben, entity=entity)
    assert nothing()


def test_what_could_never_be_carried_out_is_refused(entity, ben):
    with pytest.raises(InvalidInput, match="not blocked"):
        propose(UnblockVendor(vendor="VEN-001", reason="why not"), by=ben, entity=entity)
    with pytest.raises(NotFound):
        propose(block("VEN-999"), by=ben, entity=entity)
    assert nothing()


def test_a_person_needs_the_right_of_every_command(entity, rita, ivan):
    with pytest.raises(NotAllowed, match=r"event\.manage"):
        propose(block(), order(), by=rita, entity=entity)
    with pytest.raises(NotAllowed):
        propose(block(), by=ivan, entity=entity)
    assert nothing()


def test_somebody_of_another_company_proposes_nothing_here(entity):
    other = LegalEntity.objects.create(code="X", name="X", base_currency="USD", log=entity.log)
    stranger = make_person("stranger", Role.BUYER, entity=other)
    with pytest.raises(NotFound):
        propose(block(), by=stranger, entity=entity)
    assert nothing()


@pytest.mark.parametrize("actor", [Actor.supplier("VEN-001"), Actor.policy(1)])
def test_suppliers_and_the_policy_propose_nothing(entity, actor):
    with pytest.raises(NotAllowed):
        propose(block(), by=actor, entity=entity)
    assert nothing()


def test_an_agent_proposes_only_its_own_kinds(entity, rita):
    with pytest.raises(OutOfBounds, match="may not propose BlockVendor"):
        propose(block(), by=SOURCING, entity=entity)
    with pytest.raises(OutOfBounds, match="no bounds yet"):
        propose(block(), by=Actor.agent("stranger"), entity=entity)
    set_bounds("sourcing", on=False)
    with pytest.raises(OutOfBounds, match="switched off"):
        propose_order(entity=entity, requested_by=rita)
    assert nothing()


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"max_amount": Decimal("999.9999")}, "1,000.00 is above 1,000.00 for one action"),
        ({"max_per_day": Decimal(999)}, "1,000.00 is above 999.00 a day"),
        ({"rate_per_hour": 0}, "1 proposals in an hour"),
        ({"suppliers_per_event": 0}, "1 suppliers"),
        ({"currency": "EUR"}, "not the base currency"),
    ],
)
def test_an_agent_over_its_bounds_asks_with_the_reason(entity, rita, bounds, words):
    set_bounds("sourcing", **bounds)
    made = propose_order(entity=entity, requested_by=rita)
    assert keys(made) == ["agent-bounds"]
    assert words in made.judgement.facts["bounds_exceeded"]["how"]


def test_a_day_s_sum_and_an_hour_s_rate_count_what_went_before(entity, rita):
    set_bounds("sourcing", max_per_day=Decimal(1500), rate_per_hour=2)
    first = propose_order(entity=entity, requested_by=rita)
    second = propose_order(entity=entity, requested_by=rita)
    third = propose_order(order(10), entity=entity, requested_by=rita)
    assert (first.status, second.status, third.status) == ("passed", "waiting", "waiting")
    assert "3 proposals in an hour" in third.judgement.facts["bounds_exceeded"]["how"]


def test_everything_stopped_stops_proposing(entity, ben, ada):
    switches.turn("all", stop=True, actor=Actor.human(ada), entity=entity, reason="drill")
    with pytest.raises(Stopped):
        propose(block(), by=ben, entity=entity)
    assert nothing()


def test_without_a_policy_nothing_is_judged(entity, ben, policy):
    with importing("tests", DIGEST):
        type(policy).objects.filter(pk=policy.pk).update(status="retired")
    with pytest.raises(NoPolicy):
        propose(block(), by=ben, entity=entity)
    assert nothing()


def test_a_revision_is_judged_afresh_and_sums_the_new_money(entity, rita):
    made = propose_order(order(2000), entity=entity, requested_by=rita)
    old = made.fingerprint
    from tests.approvals.stage import GOOD_CLAIM

    proposals.revise(made, commands=[order(500)], actor=SOURCING, evidence=[GOOD_CLAIM])
    assert (made.status, made.revision, keys(made)) == ("passed", 2, ["order-at-contract-price"])
    assert made.fingerprint != old
    assert Spend.objects.get().amount == 5000
    assert kinds()[-2:] == ["proposal.revised", "proposal.judged"]


def test_another_agent_does_not_revise_it(entity, rita, vendor):
    made = propose_order(order(2000), entity=entity, requested_by=rita)
    set_bounds("research", commands=["IssueOrder"])
    with pytest.raises(NotAllowed):
        proposals.revise(made, commands=[order(1)], actor=Actor.agent("research"))
    assert queries.outcome(made) == "waiting"


def test_only_who_could_have_proposed_it_withdraws_it(entity, ben, rita, ivan):
    made = propose(block(), by=ben, entity=entity)
    with pytest.raises(NotAllowed):
        proposals.withdraw(made, actor=Actor.human(ivan), reason="no")
    proposals.withdraw(made, actor=Actor.human(ben), reason="no")
    with pytest.raises(Stale):
        proposals.withdraw(made, actor=Actor.human(ben), reason="no")


def test_a_proposal_that_cannot_be_journaled_is_not_made(entity, ben, monkeypatch):
    from ledger.errors import LedgerUnavailable

    def broken(*args: object, **kwargs: object) -> None:
        raise LedgerUnavailable

    monkeypatch.setattr("approvals.entries.record", broken)
    with pytest.raises(LedgerUnavailable), transaction.atomic():
        propose(block(), by=ben, entity=entity)
    assert nothing()


def test_shipped_bounds_are_set_up_once(entity):
    from approvals import bounds

    before = Bounds.objects.count()
    assert bounds.set_up_shipped(entity) == []
    assert (Bounds.objects.count(), limits.of("sourcing", entity).version) == (before, 1)
