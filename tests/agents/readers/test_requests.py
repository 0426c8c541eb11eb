"""Whole requests, with what each of their fields must be. A unit or description that is null there may be anything."""

import json
import re
from datetime import date

import pytest

from agents.readers.request import read_request
from tests.agents.readers.shelf import HERE, ITEMS

CASES = [json.loads(line) for line in (HERE / "requests.jsonl").read_text().splitlines()]
ASKED = {
    "item": "item do you mean|in the catalogue as",
    "quantity": "How many",
    "place": "be delivered|places of delivery",
    "date": "which date",
    "currency": "currency",
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_request_is_read_as_its_writer_meant_it(case):
    answer = read_request(case["text"], today=date.fromisoformat(case["today"]), catalogue=ITEMS)
    expected = dict(case["expect"])
    lines = expected.pop("lines")
    assert {name: answer[name] for name in expected} == expected
    assert len(answer["lines"]) == len(lines)
    for wanted, line in zip(lines, answer["lines"], strict=True):
        assert (line["quantity"], line["item"]) == (wanted["quantity"], wanted["item"])
        assert wanted["unit"] in (None, line["unit"])
        assert (wanted["description"] or line["description"]).casefold() == line["description"].casefold()
    for topic in case["ask"]:
        assert any(re.search(ASKED[topic], question) for question in answer["questions"])
    assert bool(answer["suspicious"]) == bool(case["suspicious"])


def test_the_key_sentence_needs_no_question_and_shows_where_each_value_stands():
    text = CASES[0]["text"]
    answer = read_request(text, today=date(2014, 5, 23), catalogue=ITEMS)
    assert answer["questions"] == []
    assert {each["path"]: each["quote"] for each in answer["evidence"]} == {
        "lines[0].quantity": "2,000",
        "lines[0].unit": "packs",
        "lines[0].description": "Lamivudine/Zidovudine 150/300mg tablets",
        "lines[0].item": "Lamivudine/Zidovudine 150/300mg tablets",
        "budget.amount": "20k USD",
        "budget.currency": "USD",
        "needed_by": "mid September",
        "deliver_to": "Nigeria",
    }


def test_an_item_that_fits_several_is_asked_about_with_those_that_fit():
    answer = read_request("300 packs of Kaletra oral solution", today=date(2014, 5, 23), catalogue=ITEMS)
    line = answer["lines"][0]
    assert line["item"] is None
    assert {each["item"] for each in line["candidates"]} == {"ITM-0132", "ITM-0133"}
    assert any("ITM-0132" in question and "ITM-0133" in question for question in answer["questions"])


def test_without_a_catalogue_the_words_are_read_all_the_same():
    answer = read_request(CASES[0]["text"], today=date(2014, 5, 23))
    assert (answer["lines"][0]["quantity"], answer["lines"][0]["item"]) == ("2000", None)


def test_another_tier_is_stood_in_for_and_says_so():
    answer = read_request("5 chairs", today=date(2014, 5, 23), tier="small")
    assert (answer["tier"], answer["degraded"]) == ("rules", True)


def test_a_date_that_has_passed_is_kept_and_asked_about():
    answer = read_request("5 chairs for Kenya by 3 May 2013", today=date(2014, 5, 23))
    assert answer["needed_by"] == "2013-05-03"
    assert any("has passed" in question for question in answer["questions"])
