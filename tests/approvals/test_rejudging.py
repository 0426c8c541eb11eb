"""Judging again from the ledger alone: nothing differs with the same policy, and what differs otherwise is said."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approvals import entries, policies, proposals
from approvals.errors import NotRejudgeable
from approvals.models import PolicyVersion
from approvals.rejudging import rejudge, rejudge_all
from approvals.vocabulary import VOCABULARY, Facts, Known, NotApplicable, Type, Uncomputable, answer_from_json
from ledger import chain, journal, personal
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, NotFound
from ledger.importing import importing
from ledger.models import Entry, LegalEntity, PersonalValue
from tests.approvals.stage import BAD_CLAIM, DIGEST, approve, block, judged_again, order, propose, propose_order, work
from tests.cast import make_person

texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=40)
answers_by_type = {
    Type.TEXT: texts | st.dates().map(str),
    Type.TEXTS: st.lists(texts, max_size=5).map(tuple),
    Type.NUMBER: st.decimals(-(10**11), 10**11, places=4) | st.integers(-(10**15), 10**15).map(Decimal),
    Type.FLAG: st.booleans(),
}


@st.composite
def made_facts(draw) -> Facts:
    answers: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(sorted(VOCABULARY)))):
        known = st.builds(Known, answers_by_type[VOCABULARY[name].type], texts)
        answers[name] = draw(known | st.builds(NotApplicable, texts) | st.builds(Uncomputable, texts))
    return Facts(answers)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(made_facts())
def test_facts_come_back_from_the_bytes_of_an_entry_exactly(facts):
    told = {name: entries.answer(name, each) for name, each in facts.as_json().items()}
    before, after = chain.halves(
        {"actor": {"kind": "system", "id": "x"}, "data": told, "entity": "HQ", "kind": "x", "objects": []}
    )
    kept = json.loads(f'{before},"origin":"o"{after}}}')["data"]
    again = Facts({name: answer_from_json(each) for name, each in kept.items()})
    assert again == facts
    assert again.as_json() == facts.as_json()


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"state": "known", "how": "x"},
        {"state": "guessed", "how": "x"},
        {"state": "known", "type": "number", "value": "many", "how": "x"},
        {"state": "known", "type": "number", "value": 5, "how": "x"},
        {"state": "known", "type": "flag", "value": "true", "how": "x"},
        {"state": "known", "type": "texts", "value": "abc", "how": "x"},
        {"state": "known", "type": "colour", "value": "red", "how": "x"},
        {"state": "uncomputable", "how": None},
    ],
)
def test_what_is_no_answer_of_ours_is_refused(told):
    with pytest.raises((ValueError, KeyError)):
        answer_from_json(told)


@pytest.fixture
def under_contract(policy, item, contract, budget):
    """An order of the item at 10.00 passes up to the threshold."""


def publish(entity: LegalEntity, **changes: Any) -> PolicyVersion:
    """A later version in force: the shipped document with these fields, and rules by key (None: taken out)."""
    base = policies.version_in_force(entity)
    rules = {each["key"]: each for each in base.document["rules"]}
    for key, change in changes.pop("rules", {}).items():
        rules[key] = None if change is None else {**(rules.get(key) or {"key": key}), **change}
    document = base.document | {"rules": [each for each in rules.values() if each]} | changes
    with transaction.atomic(), importing("tests", DIGEST):
        version = policies.replace(base, document, published_by="tests")
        entries.policy_published(version, actor=Actor.system("tests"), by=[])
    return version


ONE_BID = {"effect": "ask", "checkpoint": "Bids", "reason": "x", "when": ["bids_received < 2"]}


def judged(reference: str) -> Entry:
    return Entry.objects.filter(kind="proposal.judged", objects_index__key=reference).order_by("seq").last()


def rewrite(entry: Entry, **changes: Any) -> Entry:
    """A judgement with other data, appended as a program that lies would append it."""
    record = chain.read(entry)
    facts = record["data"]["facts"] | changes.pop("facts", {})
    return append(record | {"data": record["data"] | changes | {"facts": facts}})


def append(record: dict[str, Any]) -> Entry:
    with transaction.atomic():
        return journal.record(
            "proposal.judged",
            actor=Actor.policy(1),
            entity=LegalEntity.objects.get(code=record["entity"]),
            objects=[ObjectRef(each["kind"], each["key"]) for each in record["objects"]],
            data=record["data"],
            policy=record["policy"],
            causes=record["causes"],
        )


@pytest.mark.usefixtures("under_contract")
@pytest.mark.django_db
class TestTheSamePolicy:
    def test_gives_the_same_and_says_so(self, entity, rita):
        made = propose_order(order(5000), entity=entity, requested_by=rita)
        again = rejudge(entity, made.reference)
        assert again.same
        assert again.sentences()[1] == "Judged again, nothing differs."
        told = again.as_json()
        assert told["recorded"] == told["rejudged"]
        assert told["rejudged"]["levels"] == ["owner", "second"]
        assert told["rejudged"]["checkpoint"] == made.checkpoint == "Value threshold; High value"
        assert told["commands"] == {
            "seq": Entry.objects.get(kind="proposal.made").seq,
            "fingerprint": made.fingerprint,
            "recomputed": made.fingerprint,
            "erased": [],
            "same": True,
            "kinds": ["IssueOrder"],
        }
        assert told["policy"]["recorded"]["digest"] == told["policy"]["used"]["digest"]
        json.dumps(told)

    def test_says_which_facts_follow_from_the_commands_and_which_are_of_the_world(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        origin = {each.name: (each.origin, each.same) for each in rejudge(entity, made.reference).facts}
        of_commands = {name for name, told in origin.items() if told == ("commands", True)}
        assert {"amount", "command_kinds", "vendor_count", "cost_centre", "reversible", "urgency"} <= of_commands
        assert origin["order_threshold"] == ("policy", True)
        for name in ("budget_remaining_after", "vendor_status", "late_risk", "evidence_coverage", "bounds_exceeded"):
            assert origin[name] == ("world", None)
        assert set(origin) == set(VOCABULARY)

    def test_finds_the_judgement_by_any_entry_about_it(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        work()
        numbers = dict(Entry.objects.filter(kind__startswith="proposal.").values_list("kind", "seq"))
        proposed, executed = rejudge_all(entity, made.reference)
        assert (proposed.record.stage, executed.record.stage) == ("propose", "execute")
        assert rejudge(entity, numbers["proposal.made"]).record.seq == proposed.record.seq
        assert rejudge(entity, numbers["proposal.passed"]).record.seq == proposed.record.seq
        assert rejudge(entity, str(numbers["proposal.carried_out"])).record.seq == executed.record.seq
        assert rejudge(entity, made.reference).record.seq == executed.record.seq

    def test_takes_the_commands_of_the_revision_judged(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        proposals.revise(made, commands=[order(200)], actor=made.author)
        first, second = rejudge_all(entity, made.reference)
        assert [each.record.bundle.commands[0]["fields"]["total"] for each in (first, second)] == ["1000.00", "2000.00"]
        assert first.same
        assert second.same

    @pytest.mark.parametrize("claims", [[BAD_CLAIM], []])
    def test_gives_the_same_for_one_that_asks(self, entity, rita, claims):
        propose_order(entity=entity, requested_by=rita, claims=claims, confidence=None)
        judged_again(entity)

    def test_reads_no_row_of_proposals_judgements_or_policies(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        seq, read = judged(made.reference).seq, []

        def listen(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            read.append(sql)
            return result

        with connection.execute_wrapper(listen):
            rejudge(entity, seq)
        tables = {name for each in read for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', each)}
        assert tables == {"ledger_entry", "ledger_entryobject", "ledger_personalvalue", "ledger_subjectkey"}


@pytest.mark.usefixtures("under_contract")
@pytest.mark.django_db
class TestAnotherPolicy:
    def test_names_rules_that_newly_fire_the_verdict_and_the_levels(self, entity, rita):
        made = propose_order(order(600), entity=entity, requested_by=rita)
        publish(entity, order_threshold="5000")
        assert rejudge(entity, made.reference).same
        told = rejudge(entity, made.reference, policy=2).as_json()
        assert told["policy"]["used"]["number"] == 2
        assert [(each["what"], each["name"]) for each in told["differences"]] == [
            ("verdict", "verdict"),
            ("fired", "order-at-contract-price"),
            ("fired", "order-value"),
            ("levels", "levels"),
            ("checkpoint", "checkpoint"),
        ]
        assert told["sentences"][1:4] == [
            "The verdict was pass and is ask.",
            "The rule “order-at-contract-price” (pass) fired and does not any more.",
            "The rule “order-value” (ask) fires, which it did not.",
        ]
        levels = told["differences"][3]
        assert (levels["recorded"], levels["rejudged"]) == ([], ["owner"])

    def test_names_rules_that_no_longer_fire(self, entity, rita):
        made = propose_order(order(1000), entity=entity, requested_by=rita)
        publish(entity, rules={"order-value": None})
        texts = [each.text for each in rejudge(entity, made.reference, policy=2).differences]
        assert "The rule “order-value” (ask) fired and does not any more." in texts

    def test_a_draft_can_be_tried_and_is_checked_first(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        draft = policies.shipped() | {"order_threshold": "10", "name": "Draft"}
        tried = rejudge(entity, made.reference, policy=draft)
        assert (tried.rejudged.verdict, tried.used.number, tried.used.name) == ("ask", None, "Draft")
        with pytest.raises(InvalidInput, match="problem"):
            rejudge(entity, made.reference, policy=draft | {"default_chain": "nobody"})

    def test_a_version_published_later_or_never(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        with pytest.raises(NotRejudgeable, match="no policy version 2"):
            rejudge(entity, made.reference, policy=2)

    def test_a_fact_that_it_reads_and_the_entry_lacks_is_named(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        record = chain.read(judged(made.reference))
        del record["data"]["facts"]["bids_received"]
        older = append(record)
        publish(entity, rules={"bids": ONE_BID})
        assert rejudge(entity, older.seq).same
        again = rejudge(entity, older.seq, policy=2)
        assert again.lacking == {"bids_received": "not a fact yet when this was judged"}
        assert "“bids_received” cannot be computed any more" in again.sentences()[-1]
        fired = next(each for each in again.rejudged.fired if each.key == "bids")
        assert fired.undecided == "bids_received: nobody computed it"

    def test_a_version_of_another_company_is_not_this_one_s(self, entity, rita, ada, amir):
        made = propose_order(entity=entity, requested_by=rita)
        other = LegalEntity.objects.create(code="OTHER", name="Other", base_currency="USD", log=entity.log)
        people = [make_person(name, entity=other) for name in ("uma", "udo")]
        policies.publish_genesis(entity=other, by=people, document=policies.shipped() | {"order_threshold": "1"})
        assert rejudge(entity, made.reference, policy=1).same
        with pytest.raises(NotFound):
            rejudge(other, made.reference)
        with pytest.raises(NotFound):
            rejudge(other, judged(made.reference).seq)


@pytest.mark.usefixtures("under_contract")
@pytest.mark.django_db
class TestAPersonalFact:
    @pytest.fixture
    def about_ben(self, entity, ben):
        """A block that Ben proposed, under a policy that reads his sign-in name."""
        publish(entity, rules={"ben": {**ONE_BID, "checkpoint": "Ben", "when": ["actor_name == 'ben'"]}})
        return propose(block(), by=ben, entity=entity)

    def test_is_read_from_beside_the_chain(self, entity, about_ben):
        again = rejudge(entity, about_ben.reference)
        assert again.same
        assert again.record.facts.value("actor_name") == "ben"
        assert "ben" in {each.key for each in again.rejudged.fired}

    def test_cannot_be_computed_once_it_is_erased_and_that_is_said(self, entity, ben, about_ben):
        personal.forget(personal.person(ben.pk))
        again = rejudge(entity, about_ben.reference)
        assert again.lacking == {"actor_name": "erased"}
        assert [each.name for each in again.differences] == ["ben"]
        assert again.differences[0].text == "The rule “ben” fires for another reason: actor_name: erased."
        assert "“actor_name” cannot be computed any more: erased." in again.sentences()
        told = next(each for each in again.as_json()["facts"] if each["name"] == "actor_name")
        assert (told["state"], told["how"]) == ("uncomputable", "erased")

    def test_that_no_rule_reads_may_be_erased_without_any_difference(self, entity, ben):
        made = propose(block(), by=ben, entity=entity)
        personal.forget(personal.person(ben.pk))
        again = rejudge(entity, made.reference)
        assert (again.same, again.lacking) == (True, {})

    def test_words_in_the_commands_are_put_back_and_once_erased_it_is_said(self, entity, ben):
        made = propose(block(), by=ben, entity=entity)
        assert made.commands[0]["fields"]["reason"] not in str(chain.read(Entry.objects.get(kind="proposal.made")))
        whole = rejudge(entity, made.reference)
        assert whole.record.bundle.commands == tuple(made.commands)
        assert whole.as_json()["commands"]["same"] is True
        personal.forget(personal.person(ben.pk))
        again = rejudge(entity, made.reference)
        told = again.as_json()["commands"]
        assert (again.same, told["same"], told["recomputed"], told["erased"]) == (True, None, None, ["0.reason"])
        assert "their fingerprint cannot be computed any more" in again.sentences()[-1]
        assert {each.name for each in again.facts if each.origin == "commands"} == {
            each.name for each in whole.facts if each.origin == "commands"
        }

    def test_that_the_entry_did_not_commit_to_counts_as_erased(self, entity, about_ben):
        (row,) = PersonalValue.objects.filter(seq=judged(about_ben.reference).seq)
        other = personal.Committed(row.subject, row.path, "rita", b"0" * 32)
        sealed = personal._seal(personal._known_key(row.subject), other, personal._bound(row.log_id, row.seq, row.path))
        PersonalValue.objects.filter(pk=row.pk).update(sealed=sealed)
        assert rejudge(entity, about_ben.reference).lacking == {"actor_name": "erased"}


@pytest.mark.usefixtures("under_contract")
@pytest.mark.django_db
class TestAForgedEntry:
    def test_a_fact_that_the_commands_do_not_bear_out_is_noticed(self, entity, rita):
        made = propose_order(order(1200), entity=entity, requested_by=rita)
        assert made.verdict == "ask"
        smaller = {"state": "known", "type": "number", "value": "9000", "how": "believe me"}
        rule = {"key": "order-at-contract-price", "effect": "pass", "checkpoint": "Contract price"}
        forged = rewrite(
            judged(made.reference),
            facts={"amount": smaller, "rolling_30d_amount": smaller},
            verdict="pass",
            fired=[rule],
            levels=[],
            checkpoint="Contract price",
        )
        again = rejudge(entity, forged.seq)
        texts = [each.text for each in again.differences]
        assert texts[0] == "amount: recorded 9,000, the commands say 12,000."
        assert texts[1:] == ["By what the commands say the verdict is ask (owner), not pass."]
        assert not again.same
        fact = next(each for each in again.facts if each.name == "amount")
        assert (fact.same, fact.as_json()["recomputed"]) == (False, "12000")

    @pytest.mark.parametrize(
        ("fact", "told", "words"),
        [
            ("cost_centre", {"type": "text", "value": "LAB"}, "recorded LAB, the commands say PROG"),
            ("command_kinds", {"type": "texts", "value": ["BlockVendor"]}, "the commands say IssueOrder"),
            ("new_money_out", {"type": "flag", "value": False}, "recorded false, the commands say true"),
            ("order_threshold", {"type": "number", "value": "99999"}, "recorded 99,999, the policy says 10,000"),
            ("confidence", {"type": "number", "value": "1"}, "recorded 1, the proposal says 0.9"),
        ],
    )
    def test_other_facts_too(self, entity, rita, fact, told, words):
        made = propose_order(entity=entity, requested_by=rita)
        forged = rewrite(judged(made.reference), facts={fact: {"state": "known", "how": "x", **told}})
        assert words in " ".join(each.text for each in rejudge(entity, forged.seq).differences)

    def test_a_verdict_that_the_facts_do_not_give_is_noticed(self, entity, rita):
        made = propose_order(order(1200), entity=entity, requested_by=rita)
        forged = rewrite(judged(made.reference), verdict="pass", levels=[], fired=[])
        whats = {each.what for each in rejudge(entity, forged.seq).differences}
        assert whats == {"verdict", "fired", "levels"}

    def test_a_fingerprint_that_the_commands_do_not_give_is_noticed(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        forged = rewrite(judged(made.reference), fingerprint="f" * 64)
        again = rejudge(entity, forged.seq)
        assert [each.what for each in again.differences] == ["commands"]
        assert again.as_json()["commands"]["same"] is False

    def test_a_judgement_without_its_answers_is_refused(self, entity, rita):
        made = propose_order(entity=entity, requested_by=rita)
        good = judged(made.reference)
        old = rewrite(good, policy=None)
        with pytest.raises(NotRejudgeable, match="before judgements kept their answers"):
            rejudge(entity, old.seq)
        broken = rewrite(good, facts={"amount": {"state": "known", "how": "x"}})
        with pytest.raises(NotRejudgeable, match="does not hold what a judgement needs"):
            rejudge(entity, broken.seq)


@pytest.mark.usefixtures("under_contract")
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        (999, NotFound, "no entry 999"),
        (10**30, NotFound, "no entry"),
        ("PP-99999", NotFound, "no judgement of “PP-99999”"),
        (1, InvalidInput, "“bounds.adjusted” and judges nothing"),
    ],
)
def test_what_cannot_be_found_is_said(entity, asked, error, words):
    with pytest.raises(error, match=words):
        rejudge(entity, asked)


@pytest.mark.usefixtures("under_contract")
@pytest.mark.django_db
def test_an_approved_and_undone_order_can_be_judged_again_at_every_stage(entity, rita, ada):
    made = propose_order(order(1200), entity=entity, requested_by=rita)
    approve(made, ada)
    work()
    assert judged_again(entity) == 2
