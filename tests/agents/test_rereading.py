"""Reading again: the same words give the same reading; another tier, lost words, another catalogue are said."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from agents.models import ModelCall, Plan, Step
from agents.reexamining import reexamine
from agents.rereading import reread
from agents.roles.intake import reading
from approvals.models import Proposal
from approvals.rejudging import rejudge
from ledger import chain, erasure, personal
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotFound
from ledger.models import Entry, Source
from procure import requisitions
from procure.models import Requisition
from tests.agents import market
from tests.agents.acting import make_template
from tests.agents.endpoint import completion, serving
from tests.agents.market import ask_for, work
from tests.approvals.stage import block, propose
from tests.forging import alter
from vendors.models import Item

pytestmark = pytest.mark.django_db
WORDS = (
    "We need 2,000 packs of Lamivudine/Zidovudine 150/300mg tablets for Nigeria by 15 September 2027, budget 20k USD"
)
GOOD = {
    "kind": "goods",
    "lines": [{"description": "Lamivudine/Zidovudine 150/300mg tablets", "quantity": "2000", "unit": "pack"}],
    "budget": {"amount": "20000", "currency": "USD", "basis": "total"},
    "needed_by": "2027-09-15",
    "deliver_to": "NG",
    "urgency": "hot",
    "evidence": [
        {"path": "lines[0].description", "quote": "Lamivudine/Zidovudine 150/300mg tablets"},
        {"path": "lines[0].quantity", "quote": "2,000"},
        {"path": "budget.amount", "quote": "20k USD"},
        {"path": "needed_by", "quote": "15 September 2027"},
        {"path": "deliver_to", "quote": "Nigeria"},
    ],
}


@pytest.fixture
def endpoint(entity, ada, amir, cost_centre, rita, settings):
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    with serving() as endpoint:
        settings.MODEL_TIERS = {"small": {"base_url": endpoint.url, "model": "scripted", "timeout": 5}}
        yield endpoint


def proposal(entity, rita, *, tier="rules", words=WORDS) -> Proposal:
    """To raise what Rita asked for, read on that tier."""
    make_template(
        entity,
        {"key": "understand", "role": "intake", "task": "understand", "tier": tier},
        {"key": "raise", "role": "intake", "task": "raise", "after": ["understand"]},
        name="intake-to-order",
    )
    ask_for(words, person=rita, entity=entity)
    work()
    return Proposal.objects.get()


def read_step(entity, made, **how):
    (step,) = reread(entity, made.reference, **how).steps
    assert (step.key, step.role) == ("understand", "intake")
    return step


def paths(read):
    return [each.path for each in read.differences]


def forget_source(digest: str) -> None:
    Source.objects.filter(pk=digest).update(content=b"")


@pytest.mark.usefixtures("endpoint")
def test_rules_read_the_same_words_the_same_way(entity, rita):
    made = proposal(entity, rita)
    step = read_step(entity, made)
    assert (step.kept, step.reading.same, step.reading.differences, step.reading.notes) == (True, True, (), ())
    assert step.reading.recorded == step.reading.reread
    entry = chain.read(Entry.objects.get(seq=step.seq))
    assert entry["data"]["result_digest"] == step.result_digest == Step.objects.get(key="understand").result_digest
    assert set(entry["data"]["reader"]) == {"name", "version", "today", "catalogue", "asked"}
    assert set(entry["commitments"]) == {"reader.source", "reader.reading"}
    assert reread(entity, made.reference).same is True


def test_the_recorded_answer_of_a_model_is_read_and_verified_again(entity, rita, endpoint):
    endpoint.script = [completion(json.dumps(GOOD))]
    made = proposal(entity, rita, tier="small")
    step = read_step(entity, made)
    assert (step.reading.same, step.reading.notes) == (True, ())
    assert (step.reading.tier_recorded, step.reading.tier_used) == ("small", "small")
    assert step.model["output"] == ModelCall.objects.get().output_id
    assert (len(endpoint.asked), ModelCall.objects.count()) == (1, 1)


def test_another_tier_shows_the_difference_field_by_field(entity, rita, endpoint):
    endpoint.script = [completion(json.dumps(GOOD))]
    made = proposal(entity, rita, tier="small")
    read = read_step(entity, made, tier="rules").reading
    assert read.same is False
    told = {each.path: (each.recorded, each.reread) for each in read.differences}
    assert told["urgency"] == ("hot", "normal")
    assert told["tier"] == ("small", "rules")
    assert "lines[0].quantity" not in told
    assert reread(entity, made.reference, tier="rules").same is False


def test_a_tier_that_answered_about_these_words_elsewhere_is_shown_and_no_model_is_asked(entity, rita, endpoint):
    endpoint.script = [completion(json.dumps(GOOD))]
    made = proposal(entity, rita)
    read = read_step(entity, made, tier="small").reading
    assert (read.same, read.reread) == (None, None)
    assert "never answered about these words" in read.notes[0]
    assert endpoint.asked == []
    proposal_by_model(entity, rita)
    read = read_step(entity, made, tier="small").reading
    assert read.same is False
    assert "urgency" in paths(read)


def proposal_by_model(entity, rita):
    make_template(
        entity,
        {"key": "understand", "role": "intake", "task": "understand", "tier": "small"},
        name="intake-to-order",
    )
    ask_for(WORDS, person=rita, entity=entity)
    work()


@pytest.mark.parametrize(
    "does",
    [
        completion(json.dumps(GOOD | {"deliver_to": "KE"})),
        completion("two thousand"),
        (500, b"{}"),
    ],
)
def test_rules_that_stood_in_for_a_model_stand_in_again(entity, rita, endpoint, does):
    endpoint.script = [does]
    made = proposal(entity, rita, tier="small")
    step = read_step(entity, made)
    assert (step.reading.tier_recorded, step.reading.same, step.reading.notes) == ("rules", True, ())


def test_an_answer_that_verification_would_refuse_now_is_said(entity, rita, endpoint, monkeypatch):
    endpoint.script = [completion(json.dumps(GOOD))]
    made = proposal(entity, rita, tier="small")
    monkeypatch.setattr(reading, "problems", lambda read, *, text, today: ["Too good to be true."])
    read = read_step(entity, made).reading
    assert read.same is False
    assert "Too good to be true." in read.notes[0]
    assert {"tier", "degraded"} <= set(paths(read))


@pytest.mark.usefixtures("endpoint")
class TestWhatHasChangedSince:
    def test_words_that_were_erased(self, entity, rita):
        made = proposal(entity, rita)
        forget_source(Requisition.objects.get().source_id)
        read = read_step(entity, made).reading
        assert (read.same, read.reread) == (None, None)
        assert read.notes == ("The words that were read were erased or altered.",)
        assert reread(entity, made.reference).same is None

    def test_a_reading_that_was_erased(self, entity, rita):
        made = proposal(entity, rita)
        forget_source(Requisition.objects.get().structured["reader"]["reading"])
        read = read_step(entity, made).reading
        assert (read.same, read.differences) == (True, ())
        assert read.notes == ("The recorded reading was erased or altered: only digests are compared.",)

    def test_a_person_who_was_erased(self, entity, rita):
        made = proposal(entity, rita)
        with transaction.atomic():
            erasure.erase(personal.person(rita.pk), actor=Actor.system("tests"), entity=entity)
        step = read_step(entity, made)
        assert (step.kept, step.reading.same, step.reading.recorded, step.reading.reread) == (None, None, None, None)
        assert "The words that were read were erased or altered." in step.reading.notes
        judged = rejudge(entity, made.reference)
        assert (judged.same, judged.as_json()["commands"]["same"]) == (True, None)

    def test_the_catalogue(self, entity, rita):
        made = proposal(entity, rita)
        Item.objects.update(name="Something else", generic_name="Else", dosage="")
        read = read_step(entity, made).reading
        assert read.same is None
        assert "The catalogue has changed since" in read.notes[0]
        assert "lines[0].item" in paths(read)

    def test_the_reader(self, entity, rita, monkeypatch):
        made = proposal(entity, rita)
        then = reading.version()
        monkeypatch.setattr(reading, "version", lambda: "another")
        read = read_step(entity, made).reading
        assert read.same is True
        assert read.notes == (f"The reader is another version now: another, then {then}.",)

    def test_a_result_altered_behind_the_triggers(self, entity, rita):
        made = proposal(entity, rita)
        alter("agents_step", """result = '{"lines": []}'""")
        step = read_step(entity, made)
        assert (step.kept, step.reading.same) == (False, True)
        assert reread(entity, made.reference).same is False


def test_a_model_s_answer_that_was_erased(entity, rita, endpoint):
    endpoint.script = [completion(json.dumps(GOOD))]
    made = proposal(entity, rita, tier="small")
    forget_source(ModelCall.objects.get().output_id)
    read = read_step(entity, made).reading
    assert (read.same, read.notes) == (None, ("The model's answer was erased or altered.",))


@pytest.mark.usefixtures("endpoint")
def test_the_last_of_several_readings_counts(entity, rita):
    """An answer makes the words be read once more; the step tells of that reading."""
    make_template(
        entity,
        {"key": "understand", "role": "intake", "task": "understand"},
        {"key": "raise", "role": "intake", "task": "raise", "after": ["understand"]},
        name="intake-to-order",
    )
    asked = ask_for(WORDS.replace(" for Nigeria", ""), person=rita, entity=entity)
    work()
    assert not Proposal.objects.exists()
    requisitions.answer(asked, {"deliver_to": "Nigeria"}, actor=Actor.human(rita))
    work()
    assert read_step(entity, Proposal.objects.get()).reading.same is True


@pytest.mark.usefixtures("endpoint")
def test_what_no_plan_made_has_no_steps_and_what_is_unknown_is_said(entity, ben):
    made = propose(block(), by=ben, entity=entity)
    assert (reread(entity, made.reference).steps, reread(entity, made.reference).same) == ((), True)
    with pytest.raises(NotFound, match="PP-99999"):
        reread(entity, "PP-99999")
    with pytest.raises(InvalidInput, match="rules, small, large"):
        reread(entity, made.reference, tier="huge")


@pytest.mark.usefixtures("endpoint")
def test_both_together_are_one_json_object_and_change_nothing(entity, rita):
    made = proposal(entity, rita)
    before = (Entry.objects.count(), Source.objects.count(), ModelCall.objects.count())
    told = json.loads(json.dumps(reexamine(entity, made.reference)))
    assert (told["proposal"], told["same"], told["commands"]["same"]) == (made.reference, True, True)
    plan = Plan.objects.get()
    assert (told["plan"]["reference"], told["plan"]["template"]["digest"]) == (plan.reference, plan.template.digest)
    assert [(each["step"], each["reading"]["same"]) for each in told["steps"]] == [("understand", True)]
    assert reexamine(entity, str(told["seq"]), tier="rules")["steps"] == told["steps"]
    assert (Entry.objects.count(), Source.objects.count(), ModelCall.objects.count()) == before
