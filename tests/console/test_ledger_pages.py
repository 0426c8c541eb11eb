"""The ledger explorer over a whole story: what it finds, an object as of a time, a decision judged again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse

from approvals.models import Judgement
from ledger import clock, journal
from ledger.command import ObjectRef
from ledger.models import Entry, SubjectKey
from tests.console.conftest import SignIn, Story

LIST = "/ledger/"


def kinds(text: str) -> list[str]:
    """Kinds of the listed entries, newest first."""
    return [part.split('"')[0] for part in text.split('<span title="')[1:] if "." in part.split('"')[0]]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"kind": "award"}, {"award.made"}),
        ({"kind": "proposal.passed"}, {"proposal.passed"}),
        ({"actor": "policy", "kind": "proposal"}, {"proposal.judged", "proposal.passed", "proposal.carried_out"}),
        ({"actor": "supplier", "kind": "bid"}, {"bid.submitted"}),
        ({"actor": "agent", "kind": "step"}, {"step.finished"}),
        ({"kind": "award", "actor": "supplier"}, set()),
    ],
)
def test_the_search_finds_just_what_it_names(story: Story, sign_in: SignIn, asked, expected):
    text = sign_in(story.cast["ivan"]).get(LIST, asked).content.decode()
    assert set(kinds(text)) == expected


def test_days_are_those_of_the_reader_and_narrow_both_ways(story: Story, sign_in: SignIn):
    ivan, today = sign_in(story.cast["ivan"]), clock.now().date()
    assert kinds(ivan.get(LIST, {"since": today.isoformat(), "until": today.isoformat()}).content.decode())
    gone = (today - timedelta(days=400)).isoformat()
    assert not kinds(ivan.get(LIST, {"until": gone}).content.decode())


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("since", "31.12.2026", "year-month-day"),
        ("object", "PO-00001", "kind and number with a colon"),
        ("seq", "abc", "digits"),
    ],
)
def test_what_cannot_be_read_is_said_at_its_field_and_kept_there(story: Story, sign_in: SignIn, field, typed, said):
    response = sign_in(story.cast["ivan"]).get(LIST, {field: typed})
    text = response.content.decode()
    assert response.status_code == 200
    assert said in text
    assert f'value="{typed}"' in text
    assert 'aria-invalid="true"' in text


def test_a_number_leads_to_its_entry_and_a_wrong_one_says_so(story: Story, sign_in: SignIn):
    ivan = sign_in(story.cast["ivan"])
    assert ivan.get(LIST, {"seq": "2"}).headers["Location"] == "/ledger/2/"
    assert ivan.get("/ledger/999999/").status_code == 404


def test_entries_over_time_are_drawn_with_their_number(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ivan"]).get(LIST).content.decode()
    assert 'class="activity"' in text
    assert 'class="column"' in text


def test_the_slider_shows_an_order_as_it_was_after_each_of_its_entries(story: Story, sign_in: SignIn):
    ivan = sign_in(story.cast["ivan"])
    about = {"object": f"order:{story.order.reference}"}
    now = ivan.get("/ledger/object/", about).content.decode()
    assert "16,000" in now or "lines.1.unit_price" in now
    stops = journal.history_of(ObjectRef("order", story.order.reference)).count()
    assert f'max="{stops}"' in now
    first = ivan.get("/ledger/object/", about | {"stop": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in first
    assert f"1 / {stops}" in first
    assert ivan.get("/ledger/object/", about | {"stop": "9" * 30}).status_code == 200


def test_an_object_nobody_named_is_not_there_and_one_without_a_kind_is_asked_for(story: Story, sign_in: SignIn):
    ivan = sign_in(story.cast["ivan"])
    assert ivan.get("/ledger/object/", {"object": "order:PO-99999"}).status_code == 404
    assert ivan.get("/ledger/object/").status_code == 422


def test_the_auditor_judges_again_and_an_altered_row_changes_nothing(story: Story, sign_in: SignIn):
    ivan = sign_in(story.cast["ivan"])
    judged = Entry.objects.filter(kind="proposal.judged").order_by("-seq")[0]
    assert "Judge it again" in ivan.get(f"/ledger/{judged.seq}/").content.decode()
    with transaction.atomic():
        Judgement.objects.update(verdict="pass", fired=[])
        text = ivan.get(f"/ledger/{judged.seq}/rejudge/", headers={"HX-Request": "true"}).content.decode()
        transaction.set_rollback(True)
    assert "Judged again, nothing differs." in text
    assert "<html" not in text
    whole = ivan.get(f"/ledger/{judged.seq}/rejudge/", {"policy": "1"})
    assert whole.status_code == 200
    assert ivan.get(f"/ledger/{judged.seq}/rejudge/", {"policy": "77"}).status_code >= 400
    assert ivan.get(f"/ledger/{judged.seq}/rejudge/", {"policy": "x"}).status_code == 422


def test_the_pages_ask_the_database_a_bounded_number_of_times(
    story: Story, sign_in: SignIn, django_assert_max_num_queries
):
    ivan = sign_in(story.cast["ivan"])
    judged = Entry.objects.filter(kind="proposal.judged").order_by("-seq")[0]
    for address in (LIST, f"/ledger/{judged.seq}/", f"{reverse('console:checkpoints')}"):
        with django_assert_max_num_queries(60):
            ivan.get(address)


def test_what_was_erased_and_is_not_overwritten_yet_is_told_where_the_ledger_stands(story: Story, sign_in: SignIn):
    ivan, ready = sign_in(story.cast["ivan"]), "/health/ready"
    pages = (LIST, "/ledger/checkpoints/", "/")
    assert not any("still to be overwritten" in ivan.get(each).content.decode() for each in pages)
    assert ivan.get(ready).json()["checks"]["scrub"]["detail"] == "nothing is due"
    SubjectKey.objects.filter(erased_at=None).update(wrapped_key=b"", erased_at=clock.now())
    assert all("still to be overwritten" in ivan.get(each).content.decode() for each in pages)
    told = ivan.get(ready).json()["checks"]["scrub"]
    assert told["ok"], "it is no reason to send nobody here"
    assert told["detail"].startswith("due for ")
