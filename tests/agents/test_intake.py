"""Reading by a model that may lie, questions for what is missing, and answers put where they belong."""

from dataclasses import replace
from datetime import date

import pytest

from agents.models import ModelCall
from agents.readers.catalogue import CatalogueItem
from agents.roles.intake import answers, gaps, reading
from agents.roles.intake.reading import ReadRequest
from approvals.models import Bounds
from ledger import chain
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.importing import importing
from ledger.journal import history_of
from procure import requisitions
from procure.models import Requisition
from tests.agents import market
from tests.agents.acting import make_template
from tests.agents.endpoint import completion, serving
from tests.agents.market import WORDS, ask_for, work

TODAY = date(2026, 3, 1)
ITEMS = (
    CatalogueItem("ITM-0001", "Aspirin 100mg, tablets", "Aspirin", "", "100mg", "Tablet", 30),
    CatalogueItem("ITM-0002", "Aspirin 300mg, tablets", "Aspirin", "", "300mg", "Tablet", 30),
)
KNOWN = gaps.Known(today=TODAY, items=ITEMS, centres={"PROG": "Programmes", "LAB": "Laboratory"}, base_currency="USD")


def structured(**fields):
    line = {"description": "aspirin", "quantity": None, "unit": None, "item": None, "candidates": []}
    return {
        "kind": "goods",
        "lines": [line | fields.pop("line", {})],
        "budget": None,
        "needed_by": "2026-05-01",
        "deliver_to": "NG",
        "cost_centre": "PROG",
    } | fields


def paths(read):
    return [each.path for each in gaps.find(read, KNOWN)]


@pytest.mark.parametrize(
    ("read", "asked"),
    [
        (structured(line={"quantity": "5", "item": "ITM-0001"}), []),
        (structured(), ["lines[0].quantity", "lines[0].item"]),
        (structured(line={"quantity": "5", "item": "ITM-0001"}, deliver_to=None), ["deliver_to"]),
        (structured(line={"quantity": "5", "item": "ITM-0001"}, needed_by=None), ["needed_by"]),
        (structured(line={"quantity": "5", "item": "ITM-0001"}, needed_by="2025-12-31"), ["needed_by"]),
        (structured(line={"quantity": "5", "item": "ITM-0001"}, cost_centre=None), ["cost_centre"]),
        (structured(line={"quantity": "5", "item": "ITM-0001"}, cost_centre="NONE"), ["cost_centre"]),
        (structured(line={"quantity": "5", "item": "ITM-0001", "unit": "tablet"}), ["lines[0].unit"]),
        (structured(line={"quantity": "5"}, kind="service", deliver_to=None), []),
        (structured(lines=[]), ["lines[0]"]),
        (
            structured(line={"quantity": "5", "item": "ITM-0001"}, budget={"amount": "9", "currency": None}),
            ["budget.currency"],
        ),
    ],
)
def test_one_question_is_asked_for_each_thing_that_is_missing(read, asked):
    assert paths(read) == asked


def test_the_cost_centre_of_the_country_of_delivery_is_offered_first():
    centres = {"LAB": "Laboratory", "PROG-KE": "Programme Kenya", "PROG-NG": "Programme Nigeria"}
    known = replace(KNOWN, centres=centres)
    read = structured(line={"quantity": "5", "item": "ITM-0001"}, cost_centre=None)
    (question,) = gaps.find(read, known)
    assert question.suggestions[0] == "PROG-NG · Programme Nigeria"


def test_items_that_fit_are_offered_with_their_names():
    read = structured(line={"quantity": "5", "candidates": [{"item": "ITM-0002", "score": 0.9}]})
    (question,) = gaps.find(read, KNOWN)
    assert question.suggestions == ("ITM-0002 · Aspirin 300mg, tablets",)


def test_what_was_answered_but_not_understood_is_asked_anew_and_says_so():
    read = structured(line={"quantity": "5", "item": "ITM-0001"}, needed_by=None)
    (question,) = gaps.find(read, KNOWN, unclear={"needed_by": "whenever"}, times={"needed_by": 2})
    assert question.path == "needed_by.3"
    assert question.text == "“whenever” was not understood. By which date do you need it?"


@pytest.mark.parametrize(
    ("path", "answer", "value"),
    [
        ("lines[0].quantity", "2,000", "2000"),
        ("lines[0].quantity", "about 20 packs", "20"),
        ("lines[0].quantity", "two dozen", "24"),
        ("lines[0].item", "ITM-0002 · Aspirin 300mg, tablets", "ITM-0002"),
        ("lines[0].item", "itm-0001", "ITM-0001"),
        ("lines[0].item", "aspirin 300mg tablets", "ITM-0002"),
        ("deliver_to", "Nigeria", "NG"),
        ("deliver_to", "ke", "KE"),
        ("deliver_to", "kenya", "KE"),
        ("needed_by", "2026-06-30", "2026-06-30"),
        ("needed_by", "15 June", "2026-06-15"),
        ("budget.currency", "eur", "EUR"),
        ("cost_centre", "lab", "LAB"),
        ("cost_centre", "PROG · Programmes", "PROG"),
    ],
)
def test_an_answer_is_read_for_its_own_field(path, answer, value):
    read = structured(cost_centre=None, deliver_to=None, needed_by=None, budget={"amount": "9", "currency": None})
    assert answers.apply(read, {path: answer}, KNOWN) == {}
    found = read["lines"][0][path.partition(".")[2]] if path.startswith("lines") else read.get(path)
    assert (read["budget"]["currency"] if path == "budget.currency" else found) == value
    assert read["answers"] == {path: answer}


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("lines[0].quantity", "many"),
        ("lines[0].quantity", "0"),
        ("lines[0].quantity", "9" * 400),
        ("lines[0].item", "unobtainium"),
        ("lines[7].item", "ITM-0001"),
        ("deliver_to", "somewhere"),
        ("deliver_to", "Kenya or Nigeria"),
        ("needed_by", "soon enough"),
        ("budget.currency", "some money"),
        ("cost_centre", "yours"),
        ("vendor", "VEN-001"),
        ("lines[0].unit_price", "5"),
    ],
)
def test_an_answer_that_cannot_be_read_changes_nothing_and_is_asked_again(path, answer):
    read = structured(deliver_to=None, needed_by=None)
    before = structured(deliver_to=None, needed_by=None)
    assert answers.apply(read, {path: answer}, KNOWN) == {path: answer}
    assert read == before | {"answers": {}}


def test_a_count_of_tablets_becomes_the_packs_that_hold_them():
    read = structured(line={"quantity": "100", "item": "ITM-0001", "unit": "tablet"})
    answers.apply(read, {"lines[0].unit": "tablets"}, KNOWN)
    assert (read["lines"][0]["quantity"], read["lines"][0]["unit"]) == ("4", "pack")


def test_packs_stay_as_many_as_were_said():
    read = structured(line={"quantity": "100", "item": "ITM-0001", "unit": "tablet"})
    answers.apply(read, {"lines[0].unit": "packs"}, KNOWN)
    assert (read["lines"][0]["quantity"], read["lines"][0]["unit"]) == ("100", "pack")


def model_answer(**fields):
    evidence = {
        "lines[0].description": "Lamivudine/Zidovudine 150/300mg tablets",
        "lines[0].quantity": "2,000",
        "budget.amount": "20k USD",
        "needed_by": "by mid September",
        "deliver_to": "for Nigeria",
    } | fields.pop("quotes", {})
    read = {
        "kind": "goods",
        "lines": [
            {"description": "Lamivudine/Zidovudine 150/300mg tablets", "quantity": "2000", "unit": "pack"}
            | fields.pop("line", {})
        ],
        "budget": {"amount": "20000", "currency": "USD", "basis": "total"},
        "needed_by": "2026-09-15",
        "deliver_to": "NG",
        "evidence": [{"path": path, "quote": quote} for path, quote in evidence.items()],
    }
    return ReadRequest.model_validate(read | fields)


def test_what_the_text_bears_out_is_accepted():
    assert list(reading.problems(model_answer(), text=WORDS, today=TODAY)) == []


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        ({"line": {"quantity": "9000"}}, "9000 is not in its quote"),
        ({"line": {"quantity": "-5"}}, "-5 is not in its quote"),
        ({"budget": {"amount": "99999", "currency": "USD"}}, "99999 is not in its quote"),
        ({"needed_by": "2026-12-24"}, "not a date of the text"),
        ({"deliver_to": "KE"}, "not a country of the text"),
        ({"vendor_mentioned": "Cipla"}, "vendor_mentioned has no quote"),
        ({"quotes": {"deliver_to": "to Kenya"}}, "“to Kenya” is not in the text"),
        ({"evidence": []}, "no quote"),
    ],
)
def test_what_the_text_does_not_bear_out_is_named(lie, says):
    assert says in " ".join(reading.problems(model_answer(**lie), text=WORDS, today=TODAY))


@pytest.fixture
def company(entity, ada, amir, cost_centre, rita, settings):
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    step = {"key": "understand", "role": "intake", "task": "understand", "tier": "small"}
    make_template(entity, step, name="intake-to-order")
    with serving() as endpoint:
        settings.MODEL_TIERS = {"small": {"base_url": endpoint.url, "model": "scripted", "timeout": 5}}
        yield endpoint


def read_by_model(endpoint, answer, *, entity, rita):
    endpoint.script = [completion(answer)]
    requisition = ask_for(WORDS, person=rita, entity=entity)
    work()
    return Requisition.objects.get(pk=requisition.pk)


@pytest.mark.django_db
def test_a_model_that_tells_the_truth_is_believed(company, entity, rita):
    this_year = model_answer().model_copy(update={"needed_by": None})
    requisition = read_by_model(company, this_year.model_dump_json(), entity=entity, rita=rita)
    assert (requisition.structured["tier"], requisition.structured["degraded"]) == ("small", False)
    assert requisition.lines.get().item.key == market.ITEM
    assert [each.path for each in requisition.questions.all()] == ["needed_by"]
    call = ModelCall.objects.get()
    assert call.plan.startswith("PLN-")
    assert call.degraded is False
    finished = history_of(ObjectRef("step", f"{call.plan}/understand"))
    assert not finished.exists()
    requisitions.answer(requisition, {"needed_by": "15 September 2027"}, actor=Actor.human(rita))
    work()
    told = chain.read(finished.get(kind="step.finished"))["model"]
    assert (told["input"], told["output"]) == (call.input_id, call.output_id)
    assert len(company.asked) == 1


@pytest.mark.django_db
def test_a_tier_beyond_the_roles_bounds_is_not_asked(company, entity, rita):
    with importing("tests", "0" * 64):
        Bounds.objects.filter(role="intake").update(tiers=["rules"])
    company.script = [completion("{}")]
    requisition = ask_for(WORDS, person=rita, entity=entity)
    work()
    requisition.refresh_from_db()
    assert requisition.structured["tier"] == "rules"
    assert company.asked == []


@pytest.mark.django_db
def test_a_model_that_lies_is_replaced_by_rules_and_it_shows(company, entity, rita):
    lie = model_answer(line={"quantity": "9000"})
    requisition = read_by_model(company, lie.model_dump_json(), entity=entity, rita=rita)
    assert (requisition.structured["tier"], requisition.structured["degraded"]) == ("rules", True)
    assert requisition.lines.get().quantity == 2000
    assert ModelCall.objects.get().outcome == "unverified"


@pytest.mark.django_db
@pytest.mark.parametrize("quantity", ["NaN", "1e999", "-5", "a lot", "9" * 400, "0"])
def test_a_number_that_is_none_is_no_reason_to_stop(company, entity, rita, quantity):
    lie = model_answer(line={"quantity": quantity})
    requisition = read_by_model(company, lie.model_dump_json(), entity=entity, rita=rita)
    assert requisition.structured["degraded"] is True
    assert requisition.lines.get().quantity == 2000
