"""Notices are kept as they were told, and quotes that ran out before an award are told once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from ledger import chain, clock, personal, replay
from ledger.actors import Actor
from ledger.erasure import Erasing
from ledger.errors import InvalidInput, NotAllowed, NotFound
from ledger.models import Entry
from ledger.redaction import MARK, Words
from procure import erasers, notices
from procure.models import Notice, OpenedBid, SourcingEvent
from procure.sourcing import events, expiry
from tests import jumping
from tests.procure.market import invitation, reach_deadline, submit
from tests.vendors.rows import make_item, make_vendor

pytestmark = pytest.mark.django_db
WORDS = "Mrs Nobody says: resin is dear."


@pytest.fixture
def seller(entity):
    make_item("ITM-0001", name="Gloves")
    return make_vendor("VEN-001", entity=entity, name="Maker 1")


def record(by, entity, **fields):
    given = {"kind": "price_change", "vendor": "VEN-001", "item": "itm-0001", "new_price": "7.5", "currency": "usd"}
    return notices.record(**given | fields, actor=Actor.human(by), entity=entity)


def test_a_notice_is_kept_and_told_without_the_words(seller, entity, ben):
    made = record(ben, entity, text=WORDS)
    body = chain.read(Entry.objects.get(kind="notice.recorded"))
    assert [(each["kind"], each["key"]) for each in body["objects"]] == [
        ("notice", made.reference),
        ("vendor", "VEN-001"),
        ("item", "ITM-0001"),
    ]
    assert body["data"]["new_price"] == "7.5"
    assert WORDS not in str(body)
    assert personal.value("main", body["seq"], "text") == WORDS
    assert [each for each in replay.differences() if each.kind == "notice"] == []


def test_without_a_day_it_holds_from_the_business_date(seller, entity, ben):
    assert record(ben, entity).effective_on == clock.business_date(entity)
    assert record(ben, entity, effective_on=date(2026, 12, 1)).effective_on == date(2026, 12, 1)


REFUSED = {
    "no kind of ours": {"kind": "gossip"},
    "about nothing": {"vendor": " ", "item": ""},
    "a vendor that is not there": {"vendor": "VEN-999"},
    "an item that is not there": {"item": "ITM-9999"},
    "no amount": {"new_price": "cheap"},
    "nothing": {"new_price": "0"},
    "no currency": {"currency": ""},
    "a price of a delay": {"kind": "delay"},
    "a price of no item": {"item": ""},
    "a day too far": {"effective_on": date(1999, 1, 1)},
    "too long": {"text": "x" * 4001},
    "half a letter": {"text": "\ud800"},
    "a null": {"text": "a\x00b"},
}


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_is_refused_and_leaves_nothing(seller, entity, ben, fields):
    before = Entry.objects.count()
    with pytest.raises((InvalidInput, NotFound)):
        record(ben, entity, **fields)
    assert (Notice.objects.count(), Entry.objects.count()) == (0, before)


@pytest.mark.parametrize("who", ["rita", "ada", "ivan"])
def test_who_may_not_record_notices_records_none(seller, entity, who, request):
    before = Entry.objects.count()
    with pytest.raises(NotAllowed):
        record(request.getfixturevalue(who), entity)
    assert (Notice.objects.count(), Entry.objects.count()) == (0, before)


def test_the_database_keeps_no_notice_about_nothing(seller, entity, ben):
    made = record(ben, entity)
    for wrong in ({"vendor": None, "item": None}, {"currency": ""}, {"new_price": Decimal(0)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Notice.objects.filter(pk=made.pk).update(**wrong)


def test_the_words_are_known_to_whoever_erases_a_person(seller, entity, ben):
    record(ben, entity, text=WORDS)
    record(ben, entity)
    assert WORDS in list(erasers.texts(f"person:{ben.pk}"))
    assert erasers.count(f"person:{ben.pk}") == 1


def test_with_the_person_go_the_words_and_the_notice_stays(seller, entity, ben, olga):
    own, other = record(ben, entity, text=WORDS), record(olga, entity, text="Others’ words.")
    subject = personal.person(ben.pk)
    erasers.erase(Erasing(subject, Words.of([]), clock.now()))
    assert Notice.objects.get(pk=own.pk).text == MARK
    assert Notice.objects.get(pk=own.pk).new_price == Decimal("7.5")
    assert Notice.objects.get(pk=other.pk).text == "Others’ words."


def expiring(event, days: int) -> OpenedBid:
    until = clock.business_date(event.entity) + timedelta(days=days)
    submit(event, 1, validity_until=until.isoformat())
    reach_deadline(event)
    return OpenedBid.objects.get()


def expired() -> int:
    return Entry.objects.filter(kind="bid.expired").count()


def test_a_quote_runs_out_when_the_business_date_has_passed_its_last_day(event):
    expiring(event, 2)
    assert (expiry.due(), expiry.answer(), expired()) == (False, 0, 0)
    clock.shift(timedelta(0))
    clock.shift(timedelta(days=2))
    assert (expiry.due(), expiry.answer(), expired()) == (False, 0, 0)
    clock.shift(timedelta(days=3, hours=1))
    assert (expiry.due(), expiry.answer(), expired()) == (True, 1, 1)
    assert (expiry.due(), expiry.answer(), expired()) == (False, 0, 1)
    assert OpenedBid.objects.get().expired_at is not None
    assert [each for each in replay.differences() if each.kind == "bid"] == []


def test_the_business_date_counts_where_it_stands_still(event):
    expiring(event, 2)
    type(event.entity).objects.update(frozen_date=clock.business_date(event.entity))
    clock.shift(timedelta(days=30))
    assert (expiry.due(), expiry.answer()) == (False, 0)


@pytest.mark.parametrize("status", [SourcingEvent.Status.AWARDED, SourcingEvent.Status.CANCELLED])
def test_a_quote_that_is_no_longer_in_play_is_not_told(event, status):
    expiring(event, 2)
    SourcingEvent.objects.update(status=status)
    clock.shift(timedelta(days=30))
    assert (expiry.due(), expiry.answer(), expired()) == (False, 0, 0)


def test_a_quote_without_a_last_day_never_runs_out(event):
    submit(event, 1)
    reach_deadline(event)
    OpenedBid.objects.update(validity_until=None)
    clock.shift(timedelta(days=3000))
    assert (expiry.due(), expiry.answer()) == (False, 0)


def test_nothing_runs_out_while_the_clock_is_held(event):
    expiring(event, 2)
    clock.shift(timedelta(days=30))
    jumping.jump()
    assert (expiry.due(), expiry.answer(), expired()) == (False, 0, 0)
    jumping.confirm()
    assert expiry.answer() == 1


def test_one_that_was_awarded_while_it_was_looked_for_is_not_told(event):
    opened = expiring(event, 2)
    clock.shift(timedelta(days=30))
    SourcingEvent.objects.update(status=SourcingEvent.Status.AWARDED)
    assert expiry._tell(opened.pk) == 0
    assert (expired(), OpenedBid.objects.get().expired_at) == (0, None)


def test_sealed_quotes_never_run_out(event):
    submit(event, 1)
    assert invitation(event, 1).status == "submitted"
    assert (events.due(), expiry.due()) == (False, False)
