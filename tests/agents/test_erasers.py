"""What plans keep of an erased person: the result's words go, and nothing else of it can change."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from agents.models import ModelCall, Plan, Step
from ledger import clock, erasure, personal, sources
from ledger.actors import Actor
from ledger.importing import importing
from ledger.models import Person
from ledger.redaction import MARK
from tests.agents import market
from tests.agents.market import ask_for, work

pytestmark = pytest.mark.django_db
WORDS = "30 boxes of glimmerstuff for the ward of Trillian Astra"


@pytest.fixture
def read(entity, ada, amir, cost_centre, rita):
    """A step that has read the words, though the reader still asks for more."""
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    ask_for(market.WORDS, person=rita, entity=entity)
    work()
    done = Step.objects.filter(status=Step.Status.DONE).first()
    assert done is not None
    return done


def erase(person: Person, entity) -> None:
    with transaction.atomic(), importing("tests", "0" * 64):
        erasure.erase(personal.person(person.pk), actor=Actor.system("tests"), entity=entity)


def test_the_words_go_and_the_figures_and_the_digest_stay(read, entity, rita):
    before = read.result
    erase(rita, entity)
    read.refresh_from_db()
    assert read.erased_at is not None
    assert [each["description"] for each in read.result["lines"]] == [MARK]
    kept = ("quantity", "item", "unit", "number")
    assert [[line[name] for name in kept] for line in read.result["lines"]] == [
        [line[name] for name in kept] for line in before["lines"]
    ]
    assert len(read.result_digest) == 64


def test_nothing_but_an_erasure_changes_a_recorded_result(read):
    for change in (
        {"result": {"quantity": "1"}},
        {"evidence": []},
        {"result": {}, "erased_at": None},
        {"result_digest": "0" * 64, "erased_at": clock.now()},
        {"status": "pending", "erased_at": clock.now()},
    ):
        with pytest.raises(IntegrityError, match="recorded stays"), transaction.atomic():
            Step.objects.filter(pk=read.pk).update(**change)


def test_an_erasure_cannot_be_hidden_nor_used_again(read, entity, rita):
    erase(rita, entity)
    for change in ({"erased_at": None}, {"result": {"quantity": "1"}}):
        with pytest.raises(IntegrityError, match="recorded stays"), transaction.atomic():
            Step.objects.filter(pk=read.pk).update(**change)


def test_what_a_model_was_asked_and_said_goes_by_its_label(entity, rita, ada):
    def call(person: Person) -> ModelCall:
        asked, said = (sources.keep(f"{word} {person.pk}", origin="model:small") for word in ("asked", "said"))
        return ModelCall.objects.create(
            entity=entity, role="intake", tier="small", template_digest="0" * 64, question_digest="0" * 64,
            input=asked, output=said, outcome="answered", labels=[f"user:{person.pk}"], called_at=clock.now(),
            detail=f"{WORDS} {person.pk}",
        )  # fmt: skip

    theirs, others = call(rita), call(ada)
    erase(rita, entity)
    for each in (theirs, others):
        each.refresh_from_db()
    assert [bytes(each.content) for each in (theirs.input, theirs.output)] == [b"", b""]
    assert theirs.detail == MARK
    assert others.input.text == f"asked {ada.pk}"
    assert not Plan.objects.exists()
