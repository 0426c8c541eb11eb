"""A personal link opens one event for one supplier, and leaks nowhere."""

from __future__ import annotations

import html
import logging
from datetime import timedelta

import pytest
from django.test import Client

from ledger import clock
from ledger.models import Entry
from procure.models import Bid, Invitation
from procure.portal import limits
from procure.sourcing import bids
from procure.sourcing.links import fresh_link
from tests.portal.market import after_deadline, invite, post, publish, typed

HEADERS = ("Content-Security-Policy", "Referrer-Policy", "X-Robots-Tag", "Cache-Control", "X-Frame-Options")


def test_unknown_replaced_revoked_and_cancelled_links_are_one_answer(invited, entity, ben) -> None:
    replaced = invited.page
    fresh_link(invited.invitation)
    revoked_invitation, revoked = invite(invited.event, "VEN-R")
    Invitation.objects.filter(pk=revoked_invitation.pk).update(revoked_at=clock.now())
    other = publish(entity, ben)
    _cancelled_invitation, cancelled = invite(other, "VEN-C")
    other.status = "cancelled"
    other.save()
    pages = [f"/s/{'x' * 43}/", "/s/short/", f"/s/{'ä' * 43}/", f"/s/{'a' * 900}/", replaced, revoked, cancelled]
    answers = [Client().get(page) for page in pages] + [post(page, typed()) for page in pages]
    assert {each.status_code for each in answers} == {404}
    assert len({each.content for each in answers}) == 1
    assert len({tuple(each[name] for name in HEADERS) for each in answers}) == 1
    assert not Bid.objects.exists()


def test_an_expired_link_says_so_and_takes_nothing(invited) -> None:
    clock.shift(timedelta(days=60))
    for answer in (Client().get(invited.page), post(invited.page, typed("7.2057"))):
        assert answer.status_code == 410
        assert "expired" in answer.content.decode()
        assert "RFQ-" not in answer.content.decode()


def test_nothing_of_one_supplier_reaches_another(invited) -> None:
    _other, page = invite(invited.event, "VEN-B", name="Maker B")
    post(page, typed("987.6543", "321", remarks="rival words", freight="55.55"))
    post(page, typed("876.5432", do="save"))
    post(invited.page, typed("-1"))
    after_quote = Client().get(invited.page)
    after_deadline(invited.event)
    for seen in (after_quote, Client().get(invited.page)):
        shown = seen.content.decode()
        for secret in ("987.6543", "876.5432", '"321"', "rival words", "55.55", "Maker B", "VEN-B"):
            assert secret not in shown
    assert bids.own(invited.invitation) is None


def test_every_answer_keeps_the_link_to_itself(invited) -> None:
    wrong = post(invited.page, typed("-1"))
    answers = [Client().get(invited.page), wrong, post(invited.page, typed()), Client().put(invited.page)]
    answers += [Client().get(f"/s/{'x' * 43}/"), post(invited.page, typed(remarks="a" * 3_000_000))]
    assert [each.status_code for each in answers] == [200, 422, 302, 405, 404, 413]
    for answer in answers:
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "*" not in policy
        # `no-referrer` would be stricter but makes browsers post with `Origin: null`.
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sessionid" not in answer.cookies


def test_the_page_holds_nothing_inline_and_nothing_from_elsewhere(invited) -> None:
    shown = Client().get(invited.page).content.decode()
    for forbidden in (" style=", "<style", " onclick", "javascript:", "http://", "https://", "//cdn"):
        assert forbidden not in shown
    assert shown.count("<script") == 1
    assert len(shown) < 20_000


def test_no_log_record_names_the_link(invited) -> None:
    seen: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(self.format(record))

    keep = Keep()
    loggers = [logging.getLogger(name) for name in ("django", "django.request", "django.server", "")]
    for logger in loggers:
        logger.addHandler(keep)
    try:
        post(invited.page, typed("-1"))
        Client().put(invited.page)
        Client().get(invited.page.replace("/s/", "/s/x"))
        clock.shift(timedelta(days=60))
        Client().get(invited.page)
        logging.getLogger("django.server").info('"GET %s HTTP/1.1" 200', invited.page)
    finally:
        for logger in loggers:
            logger.removeHandler(keep)
    token = invited.page.split("/")[2]
    assert len(seen) >= 5
    assert any("/s/[hidden]/" in each for each in seen)
    assert not [each for each in seen if token in each]


def test_neither_the_ledger_nor_any_row_holds_the_link(invited) -> None:
    Client().get(invited.page)
    post(invited.page, typed(do="save"))
    post(invited.page, typed())
    token = invited.page.split("/")[2]
    assert Entry.objects.count() >= 2
    assert not [each for each in Entry.objects.values() if token in repr(each)]
    assert token not in repr(list(Invitation.objects.values()))


def test_guesses_meet_a_wall_and_the_right_link_still_opens(invited, monkeypatch) -> None:
    monkeypatch.setattr(limits, "MOST_WRONG_LINKS", 3)
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000.0)
    wrong = f"/s/{'x' * 43}/"
    answers = [Client().get(wrong) for _ in range(4)]
    assert answers[-2].status_code == 404
    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"] == "60"
    assert Client().get(invited.page).status_code == 200
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_061.0)
    assert Client().get(wrong).status_code == 404


def test_a_flood_on_one_link_is_stopped_keeps_what_was_typed_and_leaves_others_alone(invited, monkeypatch) -> None:
    monkeypatch.setattr(limits.time, "time", lambda: 1_000_000.0)
    monkeypatch.setattr(limits, "MOST_A_MINUTE", 0)
    answer = post(invited.page, typed("7.2057"))
    assert answer.status_code == 429
    assert "7.2057" in answer.content.decode()
    assert Client().get(invited.page).status_code == 429
    assert not Bid.objects.exists()
    monkeypatch.setattr(limits, "MOST_A_MINUTE", 2)
    _other, page = invite(invited.event, "VEN-B")
    assert [Client().get(page).status_code for _ in range(3)] == [200, 200, 429]
    monkeypatch.setattr(limits, "MOST_A_MINUTE", 3)
    assert Client().get(page).status_code == 429
    assert Client().get(invite(invited.event, "VEN-D")[1]).status_code == 200


def test_hostile_names_are_shown_as_text(entity, ben) -> None:
    hostile = "\"><script>alert(1)</script><img src=x onerror=alert(2)> {{ 7|add:7 }} {% now 'Y' %}"
    event = publish(entity, ben, title=hostile)
    event.lines.update(description=hostile, unit='"><b>u')
    _invitation, page = invite(event, "VEN-X", name=hostile)
    post(page, typed(remarks=hostile, **{"line-1-remarks": hostile}))
    wrong = post(page, typed(hostile, remarks=hostile, key="q" * 32))
    assert wrong.status_code == 422
    for shown in (Client().get(page).content.decode(), wrong.content.decode()):
        assert shown.count("<script") == 1
        assert "<img" not in shown
        assert "<b>u" not in shown
        assert html.escape(hostile) in shown


@pytest.mark.parametrize(
    ("asked", "lang", "words"),
    [
        ("de-DE,de;q=0.9", "de", "Angebot senden"),
        ("fr", "fr", "Envoyer l’offre"),
        ("sw,xx;q=0.5", "en", "Send the quote"),
        ("'; DROP", "en", "Send the quote"),
    ],
)
def test_the_page_speaks_the_suppliers_language(invited, asked: str, lang: str, words: str) -> None:
    page = Client().get(invited.page, headers={"Accept-Language": asked})
    assert page.status_code == 200
    assert f'<html lang="{lang}">' in page.content.decode()
    assert words in html.unescape(page.content.decode())


def test_amounts_look_the_same_in_every_language(invited) -> None:
    post(invited.page, typed("7.2057"))
    for lang in ("en", "de", "fr"):
        shown = Client().get(invited.page, headers={"Accept-Language": lang}).content.decode()
        assert "14\u202f411.40" in shown
        assert 'value="7.2057"' in shown
