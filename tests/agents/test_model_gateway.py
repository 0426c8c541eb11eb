"""A model may answer, fail, lie or hang: there is always an answer, a record, and a cap."""

import pytest
from pydantic import BaseModel

from agents.model_gateway import Caller, Question, ask
from agents.models import ModelCall
from tests.agents.endpoint import completion, serving

pytestmark = pytest.mark.django_db
TEXT = "We need 2,000 packs by mid September."
GOOD = completion('{"quantity": "2,000"}')


class Reading(BaseModel):
    quantity: str


def not_in_the_text(reading):
    return [] if reading.quantity in TEXT else [f"“{reading.quantity}” is not in the text."]


QUESTION = Question(
    template="Read the quantity.", text=TEXT, shape=Reading, problems=not_in_the_text, labels=("user:1",)
)


@pytest.fixture
def endpoint(settings):
    with serving() as endpoint:
        tier = {"base_url": endpoint.url, "key": "k", "model": "scripted", "timeout": 1, "price_in": 2, "price_out": 10}
        settings.MODEL_TIERS = {"small": tier}
        yield endpoint


def put(entity, tier="small", question=QUESTION):
    return ask(
        question,
        tier=tier,
        caller=Caller(entity, role="intake", plan="PLN-00001", step="understand"),
        rules=lambda: "2000 by rules",
        accept=lambda reading: reading.quantity,
    )


def test_rules_answer_without_any_call(entity, endpoint):
    answer = put(entity, tier="rules")
    assert (answer.value, answer.tier, answer.degraded, answer.call) == ("2000 by rules", "rules", False, None)
    assert (endpoint.asked, ModelCall.objects.count()) == ([], 0)


def test_a_good_answer_is_used_and_recorded_raw(entity, endpoint):
    endpoint.script = [GOOD]
    answer = put(entity)
    assert (answer.value, answer.tier, answer.degraded) == ("2,000", "small", False)
    call = ModelCall.objects.get()
    assert bytes(call.output.content) == GOOD
    assert TEXT in call.input.text
    assert (call.outcome, call.tokens_in, call.tokens_out, call.labels) == ("answered", 120, 30, ["user:1"])
    assert (call.role, call.plan, call.step, call.model) == ("intake", "PLN-00001", "understand", "scripted")
    assert call.cost == (120 * 2 + 30 * 10) / 1_000_000 or str(call.cost) == "0.000540"
    assert call.template_digest == QUESTION.template_digest


def test_the_text_is_marked_as_material(entity, endpoint):
    endpoint.script = [GOOD]
    put(entity)
    system, user = (each["content"] for each in endpoint.asked[0]["messages"])
    mark = user.splitlines()[0]
    assert user == f"{mark}\n{TEXT}\n{mark}"
    assert mark in system
    assert TEXT not in system


def test_the_same_question_is_asked_once(entity, endpoint):
    endpoint.script = [GOOD]
    first, second = put(entity), put(entity)
    assert (second.value, second.call, second.degraded) == (first.value, first.call, False)
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("does", "outcome"),
    [
        ((500, b"{}"), "failed"),
        ((429, b'{"error": {"message": "slow down"}}'), "failed"),
        (b"<html>not json", "malformed"),
        (b"[]", "malformed"),
        (b'{"choices": []}', "malformed"),
        (completion("two thousand"), "malformed"),
        (completion('{"quantity": "2,0', finish="length"), "malformed"),
        (completion(None, refusal="I cannot help with that."), "refused"),
        (completion(None), "refused"),
        (completion('{"quantity": "9,999"}'), "unverified"),
        ("hang", "timed_out"),
    ],
)
def test_whatever_goes_wrong_rules_answer_and_say_so(entity, endpoint, does, outcome):
    endpoint.script = [does]
    answer = put(entity)
    assert (answer.value, answer.tier, answer.degraded) == ("2000 by rules", "rules", True)
    call = ModelCall.objects.get()
    assert (call.outcome, call.degraded) == (outcome, True)
    assert len(endpoint.asked) == 1


def test_a_bad_answer_is_not_remembered(entity, endpoint):
    endpoint.script = [(500, b"{}"), GOOD]
    assert put(entity).degraded
    assert not put(entity).degraded


def test_nobody_at_the_address_is_a_failure_like_any_other(entity, settings):
    settings.MODEL_TIERS = {"small": {"base_url": "http://127.0.0.1:9/v1", "model": "m", "timeout": 1}}
    answer = put(entity)
    assert (answer.degraded, answer.call.outcome) == (True, "failed")


def test_a_tier_without_an_endpoint_falls_back(entity, settings):
    settings.MODEL_TIERS = {}
    assert put(entity, tier="large").degraded
    assert ModelCall.objects.get().detail == "this tier has no endpoint"


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"call_characters": 10}, "10 may be asked about"),
        ({"plan_calls": 1}, "1 calls"),
        ({"plan_tokens": 150}, "150 tokens"),
        ({"day_tokens": 150}, "150 tokens"),
        ({"day_cost": 0.0005}, "cost of 0.0005"),
    ],
)
def test_beyond_a_cap_nothing_is_asked(entity, endpoint, settings, limits, says):
    endpoint.script = [GOOD]
    put(entity)
    settings.MODEL_LIMITS = limits
    other = Question(template="Read it again.", text=TEXT, shape=Reading, problems=not_in_the_text)
    answer = put(entity, question=other)
    assert (answer.degraded, answer.call.outcome) == (True, "over_budget")
    assert says in answer.call.detail
    assert len(endpoint.asked) == 1
