"""Asking in one's own words, and answering what was not clear."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ledger.models import CostCentre, Entry
from procure.models import Requisition
from tests.agents import market
from tests.console.conftest import SignIn, Story

ASK = "/ask/"
LOOK = "/ask/understand/"


def test_asking_keeps_the_words_as_said_and_opens_the_request(company, rita, cost_centre, sign_in: SignIn):
    response = sign_in(rita).post(ASK, {"words": market.WORDS, "cost_centre": "PROG"})
    made = Requisition.objects.get()
    assert response.headers["Location"] == reverse("console:requisition", args=[made.reference])
    assert (made.words, made.requested_by, made.cost_centre) == (market.WORDS, rita, cost_centre)


def test_looking_at_what_is_understood_leaves_nothing_behind(company, rita, sign_in: SignIn):
    entries = Entry.objects.count()
    text = sign_in(rita).post(LOOK, {"words": market.WORDS}).content.decode()
    assert 'class="used"' in text
    assert "Nigeria" in text
    assert "20,000.00" in text
    assert "ITM-0118" in text
    assert not Requisition.objects.exists()
    assert Entry.objects.count() == entries


def test_what_is_missing_shows_as_a_question_before_anything_is_kept(company, rita, sign_in: SignIn):
    text = sign_in(rita).post(LOOK, {"words": "Some tablets please"}).content.decode()
    assert "Will be asked" in text


def test_the_page_asks_what_the_agent_will_ask(company, rita, entity, sign_in: SignIn):
    CostCentre.objects.create(entity=entity, code="OPS", name="Operations")
    rita.manager = None
    rita.save(update_fields=["manager"])
    wanted = "Which cost centre pays?"
    assert wanted in sign_in(rita).post(LOOK, {"words": market.WORDS}).content.decode()
    assert wanted not in sign_in(rita).post(LOOK, {"words": market.WORDS, "cost_centre": "PROG"}).content.decode()
    asked = market.ask_for(market.WORDS, person=rita, entity=entity)
    market.work()
    assert [each.text for each in asked.questions.all()] == [wanted]


@pytest.mark.parametrize("words", ["", "   ", "!!! ???", "\n\n"])
def test_nothing_understood_yet_says_what_would_come_there(words, company, rita, sign_in: SignIn):
    text = sign_in(rita).post(LOOK, {"words": words}).content.decode()
    assert "Your request builds up here" in text


def test_words_that_are_no_words_are_refused_and_kept_in_the_field(company, rita, sign_in: SignIn):
    response = sign_in(rita).post(ASK, {"words": "?!?"})
    assert response.status_code == 422
    text = response.content.decode()
    assert "Say in a sentence what is needed" in text
    assert "?!?</textarea>" in text
    assert not Requisition.objects.exists()


def test_a_sentence_of_300_000_characters_is_refused_clearly(company, rita, sign_in: SignIn):
    response = sign_in(rita).post(ASK, {"words": "tablets " * 37_500})
    assert response.status_code == 422
    assert "200,000" in response.content.decode()
    assert not Requisition.objects.exists()


def test_markup_in_the_words_is_shown_as_text(company, rita, sign_in: SignIn):
    words = "2,000 packs of <img src=x onerror=alert(1)> tablets for Nigeria"
    client = sign_in(rita)
    assert "<img src=x" not in client.post(LOOK, {"words": words}).content.decode()
    client.post(ASK, {"words": words})
    page = client.get(reverse("console:requisition", args=[Requisition.objects.get().reference])).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_an_auditor_asks_for_nothing(company, ivan, sign_in: SignIn):
    assert sign_in(ivan).post(ASK, {"words": market.WORDS}).status_code == 403
    assert not Requisition.objects.exists()


def test_the_request_shows_the_used_words_and_where_it_stands(story: Story, sign_in: SignIn):
    address = reverse("console:requisition", args=[story.requisition.reference])
    text = sign_in(story.cast["rita"]).get(address).content.decode()
    assert '<mark class="used" title="line 1, quantity">2,000</mark>' in text
    assert "Award and order" in text
    assert story.event.reference in text
    assert story.award.reference in text


def test_questions_are_answered_on_the_page_and_blanks_stay_open(story: Story, sign_in: SignIn):
    rita = sign_in(story.cast["rita"])
    address = reverse("console:requisition", args=[story.asked.reference])
    assert "before it goes on" in rita.get(address).content.decode()
    first, *others = story.asked.questions.filter(answered_at=None)
    response = rita.post(reverse("console:answer", args=[story.asked.reference]), {f"q{first.pk}": "20"})
    assert response.status_code == 302
    first.refresh_from_db()
    assert (first.answer, first.answered_by) == ("20", story.cast["rita"])
    assert all(each.answered_at is None for each in others)


def test_answering_nothing_is_refused_and_the_form_stays(story: Story, sign_in: SignIn):
    response = sign_in(story.cast["rita"]).post(reverse("console:answer", args=[story.asked.reference]), {})
    assert response.status_code == 422
    assert "Answer at least one question" in response.content.decode()


def test_who_may_not_answer_sees_who_is_asked(story: Story, sign_in: SignIn):
    address = reverse("console:requisition", args=[story.asked.reference])
    assert "Rita is asked" in sign_in(story.cast["ada"]).get(address).content.decode()
    posted = sign_in(story.cast["ada"]).post(reverse("console:answer", args=[story.asked.reference]), {})
    assert posted.status_code == 403


def test_a_page_that_waits_for_the_reader_follows_by_itself(story: Story, sign_in: SignIn):
    made = market.ask_for(market.WORDS, person=story.cast["rita"], entity=story.entity)
    client = sign_in(story.cast["rita"])
    assert "every 2s" in client.get(reverse("console:requisition", args=[made.reference])).content.decode()
    address = reverse("console:requisition-state", args=[made.reference])
    assert "HX-Refresh" not in client.get(address).headers
    market.work()
    assert client.get(address).headers["HX-Refresh"] == "true"
