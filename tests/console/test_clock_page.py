"""The clock's page: what was noticed, what waits, and the word of a person who may give it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import clock, personal
from ledger.models import ClockJump, Entry
from procure.models import SourcingEvent
from tests.console.conftest import SignIn, Story

PAGE, BANNER = "/clock/", "The clock has jumped."


@pytest.fixture
def jump(story: Story) -> ClockJump:
    at = clock.now()
    return ClockJump.objects.create(
        noticed_at=at, expected_at=at - timedelta(days=1), noticed_by="sweeper, process 77 on lighthouse"
    )


def text(client, address: str = PAGE) -> str:
    return client.get(address).content.decode()


def state() -> list[object]:
    return [*ClockJump.objects.values_list("pk", "confirmed_at", "reason"), Entry.objects.count()]


def test_a_clock_that_runs_true_says_so_and_no_page_has_a_banner(story: Story, sign_in: SignIn):
    olga = sign_in(story.cast["olga"])
    assert "It runs true, and nothing is held" in text(olga)
    assert BANNER not in text(olga, "/")


@pytest.mark.parametrize(("who", "told"), [("olga", True), ("ben", True), ("ivan", True), ("rita", False)])
def test_the_banner_is_for_those_who_may_see_what_waits(story: Story, sign_in: SignIn, jump, who, told):
    client = sign_in(story.cast[who])
    assert (BANNER in text(client, "/")) is told
    assert client.get(PAGE).status_code == (200 if told else 403)


def test_it_tells_by_how_much_when_who_noticed_and_what_waits(story: Story, sign_in: SignIn, jump):
    SourcingEvent.objects.filter(pk=story.event.pk).update(
        status=SourcingEvent.Status.OPEN, deadline=clock.now() - timedelta(hours=1)
    )
    told = text(sign_in(story.cast["ben"]))
    assert "1 d ahead" in told
    assert "sweeper, process 77 on lighthouse" in told
    row = told.split("Sourcing events past their deadline")[0].rsplit("<tr", 1)[1]
    assert ">1<" in "".join(row.split())
    assert 'href="/events/"' in row
    assert "An administrator confirms" in told
    assert 'name="reason"' not in told


def test_only_who_may_confirms_and_says_how_they_know(story: Story, sign_in: SignIn, jump):
    before = state()
    assert sign_in(story.cast["ben"]).post(f"{PAGE}confirm/", {"reason": "It is right."}).status_code == 403
    olga = sign_in(story.cast["olga"])
    refused = olga.post(f"{PAGE}confirm/", {"reason": "   "})
    assert refused.status_code == 422
    assert "Say how you know that the clock is right." in refused.content.decode()
    assert state() == before
    assert olga.post(f"{PAGE}confirm/", {"reason": "It agrees with my own."}).headers["Location"] == PAGE
    assert not clock.held()
    entry = Entry.objects.get(kind="clock.confirmed")
    assert personal.value("main", entry.seq, "reason") == "It agrees with my own."
    told = text(olga)
    assert "It runs true" in told
    assert "It agrees with my own." in told
    assert olga.post(f"{PAGE}confirm/", {"reason": "Once more."}).status_code == 422
