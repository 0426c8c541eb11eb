"""Requisitions: kept as said, read, asked about, answered."""

from __future__ import annotations

import pytest

from ledger.actors import Actor
from ledger.errors import InvalidInput, NotAllowed
from procure import requisitions
from procure.errors import WrongState
from procure.models import Requisition, RequisitionQuestion
from procure.requisitions import Question
from tests.procure.market import kinds

READER = Actor.agent("intake")
READING = {"tier": "rules", "lines": [{"description": "Gloves", "quantity": "10", "unit": "pack"}]}
WHEN, WHERE = Question("needed_by", "By when?", ("30 June",)), Question("deliver_to", "Where to?")


@pytest.fixture
def captured(entity, rita) -> Requisition:
    return requisitions.capture(words="10 packs of gloves", actor=Actor.human(rita), entity=entity)


def read(requisition: Requisition, *questions: Question) -> Requisition:
    return requisitions.record_reading(requisition, READING, questions, actor=READER)


def test_words_are_kept_as_said_under_a_number(captured):
    assert (captured.words, captured.status) == ("10 packs of gloves", "captured")
    assert bytes(captured.source.content) == b"10 packs of gloves"
    assert kinds() == ["requisition.captured"]


@pytest.mark.parametrize("words", ["", "   ", "…!?", "\x00 gloves", "gloves \ud800", "x" * 200_001])
def test_what_cannot_be_read_or_kept_is_refused(entity, rita, words):
    with pytest.raises(InvalidInput):
        requisitions.capture(words=words, actor=Actor.human(rita), entity=entity)
    assert not Requisition.objects.exists()


def test_who_may_not_ask_captures_nothing(entity, ivan):
    for actor in (Actor.human(ivan), READER, Actor.system("clock")):
        with pytest.raises(NotAllowed):
            requisitions.capture(words="gloves", actor=actor, entity=entity)
    assert not Requisition.objects.exists()


def test_a_second_reading_keeps_answers_and_asks_only_what_is_open(captured, rita):
    read(captured, WHEN, WHERE)
    requisitions.answer(captured, {"needed_by": "1 July", "deliver_to": " "}, actor=Actor.human(rita))
    again = read(captured, Question("needed_by", "When?"), Question("budget", "How much?"))
    assert again.status == "questions"
    asked = {each.path: each for each in RequisitionQuestion.objects.all()}
    assert set(asked) == {"needed_by", "budget"}
    assert (asked["needed_by"].text, asked["needed_by"].answer) == ("By when?", "1 July")
    assert asked["needed_by"].answered_by == rita
    assert read(captured, WHEN).status == "captured"


def test_only_the_requester_or_staff_answer_and_only_what_is_asked(captured, rita, ben, ivan, ada):
    read(captured, WHEN)
    for person in (ivan, ada):
        with pytest.raises(NotAllowed):
            requisitions.answer(captured, {"needed_by": "now"}, actor=Actor.human(person))
    for given in ({"budget": "1"}, {"needed_by": " "}, {"needed_by": "x" * 501}, {"needed_by": "\x00"}, {}):
        with pytest.raises(InvalidInput):
            requisitions.answer(captured, given, actor=Actor.human(rita))
    assert RequisitionQuestion.objects.get().answer == ""
    requisitions.answer(captured, {"needed_by": "now"}, actor=Actor.human(ben))
    with pytest.raises((InvalidInput, WrongState)):
        requisitions.answer(captured, {"needed_by": "later"}, actor=Actor.human(rita))
    assert RequisitionQuestion.objects.get().answer == "now"


def test_what_is_raised_is_not_read_again(captured):
    Requisition.objects.update(status="raised")
    with pytest.raises(WrongState):
        read(captured, WHEN)
    assert not RequisitionQuestion.objects.exists()
