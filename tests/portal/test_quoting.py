"""A supplier quotes: drafts, versions, receipts, refusals that keep what was typed."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from ledger import anchors, checkpoints, journal
from ledger.checkpoints import WORKER
from ledger.models import Anchoring, Checkpoint, Entry
from procure.models import Bid, BidVersion, Invitation
from procure.sourcing import bids, events
from tests.portal.market import after_deadline, post, typed


def text(response: Any) -> str:
    return html.unescape(response.content.decode())


def value(response: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, f"{name} is not in the page"
    return html.unescape(found[1])


def beside(response: Any, name: str) -> str:
    """The error shown beside a field."""
    found = re.search(rf'class="error" id="f-{name}-note">([^<]*)<', response.content.decode())
    return html.unescape(found[1]) if found else ""


def nothing_came_in(invitation: Invitation) -> bool:
    return not BidVersion.objects.exists() and not Entry.objects.filter(kind="bid.submitted").exists()


def test_a_draft_is_kept_then_sent_then_replaced_with_a_receipt_each(invited) -> None:
    client = Client()
    assert client.post(invited.page, typed("7.2", "", do="save", remarks="half done")).status_code == 302
    page = client.get(invited.page)
    assert value(page, "line-1-unit_price") == "7.2"
    assert "half done" in text(page)
    assert nothing_came_in(invited.invitation)

    first = client.post(invited.page, typed("7.2", "45", key="first-key"), follow=True)
    assert "Your quote is in" in text(first)
    receipt = bids.own(invited.invitation)[1]
    assert receipt.version == 1
    assert receipt.commitment in text(first)
    assert "14\u202f400.00" in text(first)

    second = client.post(invited.page, typed("6.90", "40", key="second-key"), follow=True)
    quote, receipt = bids.own(invited.invitation)
    assert (receipt.version, quote.lines[0].unit_price) == (2, Decimal("6.90"))
    assert receipt.commitment in text(second)
    assert "13\u202f800.00" in text(second)


def test_the_same_post_twice_is_one_version(invited) -> None:
    answers = [post(invited.page, typed()) for _ in range(2)]
    assert [each.status_code for each in answers] == [302, 302]
    assert BidVersion.objects.count() == Entry.objects.filter(kind="bid.submitted").count() == 1


def test_another_quote_under_a_used_key_is_kept_in_the_form_and_can_then_be_sent(invited) -> None:
    post(invited.page, typed("7.20"))
    answer = post(invited.page, typed("6.50"))
    assert answer.status_code == 409
    assert value(answer, "line-1-unit_price") == "6.50"
    assert BidVersion.objects.count() == 1
    assert post(invited.page, typed("6.50", key=value(answer, "key"))).status_code == 302
    assert bids.own(invited.invitation)[0].lines[0].unit_price == Decimal("6.50")


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("line-1-unit_price", "-5", "not a plain amount"),
        ("line-1-unit_price", "0", "above zero"),
        ("line-1-unit_price", "9" * 400, "not a plain amount"),
        ("line-1-unit_price", "9" * 4000, "4\u202f000 characters"),
        ("line-1-unit_price", "7,20", "has a comma"),
        ("line-1-unit_price", "NaN", "not a plain amount"),
        ("line-1-unit_price", "1e5", "not a plain amount"),
        ("line-1-unit_price", "1.23456", "at most four decimals"),
        ("line-1-unit_price", "", "Give an amount"),
        ("line-1-lead_time_days", "", "whole number"),
        ("line-1-lead_time_days", "731", "At most 730 days"),
        ("line-1-lead_time_days", "4.5", "whole number"),
        ("line-1-delivery_date", "2030-02-30", "no such day"),
        ("line-1-quantity_offered", "0", "above zero"),
        ("freight", "-1", "not a plain amount"),
        ("incoterm", "XYZ", "Choose one"),
        ("validity_until", "tomorrow", "year-month-day"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field_and_kept(invited, name: str, wrong: str, said: str) -> None:
    data = typed() | {"line-1-remarks": "keep me", name: wrong}
    answer = post(invited.page, data)
    assert answer.status_code == 422
    assert said in beside(answer, name)
    assert f'href="#f-{name}"' in text(answer)
    assert "keep me" in text(answer)
    if name != "incoterm":
        assert value(answer, name) == wrong
    assert nothing_came_in(invited.invitation)
    assert not Bid.objects.exists()


@pytest.mark.parametrize("do", ["submit", "save"])
def test_a_remark_that_is_too_long_is_refused_whole_not_cut(invited, do: str) -> None:
    remark = "ä" * 300_000
    answer = post(invited.page, typed(do=do, remarks=remark))
    assert answer.status_code == 422
    assert "300\u202f000 characters" in beside(answer, "remarks")
    assert remark in text(answer)
    assert not Bid.objects.exists()


def test_new_lines_count_once_as_they_do_in_the_browser(invited) -> None:
    assert post(invited.page, typed(remarks="line\r\n" * 400)).status_code == 302
    assert bids.own(invited.invitation)[0].remarks.count("\n") == 399


def test_a_body_beyond_every_form_is_refused_with_a_page(invited) -> None:
    answer = post(invited.page, typed(remarks="a" * 3_000_000))
    assert answer.status_code == 413
    assert "Go back" in text(answer)
    assert nothing_came_in(invited.invitation)


def test_an_empty_form_is_asked_for_at_least_one_line(invited) -> None:
    answer = post(invited.page, {"do": "submit", "key": "k" * 32})
    assert answer.status_code == 422
    assert "at least one line" in text(answer)


def test_an_event_takes_nothing_after_the_deadline_but_shows_what_was_typed(invited) -> None:
    after_deadline(invited.event)
    for do in ("submit", "save"):
        answer = post(invited.page, typed("7.2057", "45", do=do, remarks="typed at night"))
        assert answer.status_code == 409
        assert "Not taken." in text(answer)
        assert "7.2057" in text(answer)
        assert "typed at night" in text(answer)
        assert "<form" not in text(answer)
    assert post(invited.page, typed(do="decline", reason="No")).status_code == 409
    assert not Bid.objects.exists()
    assert "<form" not in text(Client().get(invited.page))


def test_after_the_opening_a_supplier_still_reads_its_own_quote(invited) -> None:
    post(invited.page, typed("7.2057"))
    after_deadline(invited.event)
    events.answer()
    page = Client().get(invited.page)
    assert page.status_code == 200
    assert "7.2057" in text(page)
    assert "<form" not in text(page)


def test_a_draft_that_was_never_sent_is_shown_as_such_after_the_deadline(invited) -> None:
    post(invited.page, typed("7.2057", do="save"))
    after_deadline(invited.event)
    page = text(Client().get(invited.page))
    assert "What you had typed, not sent" in page
    assert "7.2057" in page


def test_declining_is_told_and_can_be_taken_back(invited) -> None:
    post(invited.page, typed("7.2057", do="save"))
    page = Client().post(invited.page, {"do": "decline", "reason": "No stock"}, follow=True)
    assert "You declined to quote." in text(page)
    assert value(page, "line-1-unit_price") == "7.2057"
    invited.invitation.refresh_from_db()
    assert (invited.invitation.status, invited.invitation.decline_reason) == ("declined", "No stock")
    post(invited.page, typed())
    invited.invitation.refresh_from_db()
    assert invited.invitation.status == "submitted"


def test_a_long_reason_is_refused_and_kept_and_the_draft_too(invited) -> None:
    post(invited.page, typed("7.2057", do="save"))
    answer = post(invited.page, {"do": "decline", "reason": "r" * 501})
    assert answer.status_code == 422
    assert "501" in beside(answer, "reason")
    assert "r" * 501 in text(answer)
    assert value(answer, "line-1-unit_price") == "7.2057"
    invited.invitation.refresh_from_db()
    assert invited.invitation.status != "declined"


def test_autosave_answers_the_script_shortly(invited) -> None:
    assert post(invited.page, typed(do="save"), **{"X-Autosave": "1"}).status_code == 204
    refused = post(invited.page, typed(do="save", remarks="a" * 2001), **{"X-Autosave": "1"})
    assert (refused.status_code, refused["Content-Type"]) == (422, "text/plain")
    assert "2\u202f001 characters" in text(refused)
    after_deadline(invited.event)
    late = post(invited.page, typed(do="save"), **{"X-Autosave": "1"})
    assert late.status_code == 409
    assert len(late.content) < 200


def test_an_autosave_that_arrives_after_the_quote_leaves_no_draft(invited) -> None:
    post(invited.page, typed())
    assert post(invited.page, typed(do="save"), **{"X-Autosave": "1"}).status_code == 204
    assert bids.draft_of(invited.invitation) is None


def test_looking_leaves_one_mark_and_nothing_else(invited) -> None:
    assert Client().head(invited.page).status_code == 200
    invited.invitation.refresh_from_db()
    assert invited.invitation.first_opened_at is None
    for _ in range(3):
        Client().get(f"{invited.page}?do=submit&key={'k' * 32}&line-1-unit_price=7&line-1-lead_time_days=4&said=submit")
    invited.invitation.refresh_from_db()
    assert invited.invitation.first_opened_at is not None
    assert not Bid.objects.exists()
    assert Entry.objects.filter(kind="invitation.opened").count() == 1


def test_a_page_that_claims_a_quote_shows_none_when_there_is_none(invited) -> None:
    assert "Your quote is in" not in text(Client().get(f"{invited.page}?said=submit"))


def test_methods_beyond_looking_and_posting_are_refused(invited) -> None:
    for method in ("put", "patch", "delete", "options"):
        assert getattr(Client(), method)(invited.page).status_code == 405


def test_posting_needs_the_cookie_of_the_page_and_keeps_what_was_typed_without(invited) -> None:
    bare = Client(enforce_csrf_checks=True)
    refused = bare.post(invited.page, typed("7.2057"))
    assert refused.status_code == 403
    assert "cookie" in text(refused)
    assert value(refused, "line-1-unit_price") == "7.2057"
    assert nothing_came_in(invited.invitation)
    page = bare.get(invited.page)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[1]
    assert bare.post(invited.page, typed() | {"csrfmiddlewaretoken": token}).status_code == 302
    elsewhere = bare.post(
        invited.page, typed(key="z" * 32) | {"csrfmiddlewaretoken": token}, headers={"Origin": "https://evil.example"}
    )
    assert elsewhere.status_code == 403
    assert BidVersion.objects.count() == 1


def test_a_quote_whose_key_is_missing_is_a_page_not_a_failure(invited) -> None:
    post(invited.page, typed())
    BidVersion.objects.update(ciphertext=b"broken")
    page = Client().get(invited.page)
    assert page.status_code == 503
    assert "cannot be shown" in text(page)


def checkpoint(invited) -> Checkpoint:
    with transaction.atomic():
        journal.record("tests.happened", actor=WORKER, entity=invited.event.entity)
    made = checkpoints.make(actor=WORKER)
    assert made is not None
    return made


def test_a_supplier_sees_the_state_of_the_ledger_and_its_first_look_is_an_anchor(invited) -> None:
    first = checkpoint(invited)
    page = Client().get(invited.page)
    assert anchors.line_of(first) in text(page)
    kept = Anchoring.objects.get(anchor="supplier-page")
    assert (kept.checkpoint, kept.reference) == (first, f"invitation {invited.invitation.pk}")
    second = checkpoint(invited)
    assert anchors.line_of(second) in text(Client().get(invited.page))
    assert list(Anchoring.objects.filter(anchor="supplier-page")) == [kept]


def test_the_receipt_shows_the_state_of_the_ledger_once(invited) -> None:
    made = checkpoint(invited)
    receipt = Client().post(invited.page, typed("7.2", "45"), follow=True)
    assert text(receipt).count(anchors.line_of(made)) == 1


def test_without_a_checkpoint_the_page_says_nothing_of_one(invited) -> None:
    page = Client().get(invited.page)
    assert "checkpoint" not in text(page)
    assert not Anchoring.objects.exists()
