"""Events: closed at the deadline or early, opened once, and told when they cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger import clock, keys
from ledger.actors import Actor
from ledger.errors import NotAllowed
from procure.errors import SealBroken, WrongState
from procure.models import BidVersion, OpenedBid
from procure.sourcing import bids, events
from tests import jumping
from tests.procure.market import invitation, kinds, reach_deadline, submit


def test_an_event_closes_and_opens_at_its_deadline_once(event):
    submit(event, 1)
    assert (events.due(), events.answer()) == (False, 0)
    reach_deadline(event)
    assert (event.status, OpenedBid.objects.count()) == ("opened", 1)
    assert (events.due(), events.answer()) == (False, 0)
    assert [each for each in kinds() if each.startswith("event.")] == ["event.closed", "event.opened"]


def test_no_seal_is_broken_while_the_clock_is_held(event):
    submit(event, 1)
    jumping.jump()
    assert reach_deadline(event).status == "open"
    assert (events.due(), OpenedBid.objects.count()) == (False, 0)
    jumping.confirm()
    assert events.answer() == 1
    assert OpenedBid.objects.count() == 1


def test_an_event_without_a_quote_opens_empty(event):
    assert reach_deadline(event).status == "opened"
    assert not OpenedBid.objects.exists()


def test_an_event_opens_early_only_when_everybody_has_answered(event, ben):
    submit(event, 1)
    with pytest.raises(WrongState):
        events.close_early(event, actor=Actor.human(ben))
    assert not OpenedBid.objects.exists()
    bids.decline(invitation(event, 2), "no stock")
    assert events.close_early(event, actor=Actor.human(ben)).status == "opened"
    with pytest.raises(WrongState):
        events.close_early(event, actor=Actor.human(ben))


def test_who_may_not_open_bids_opens_none(event, rita, ivan):
    for number in (1, 2):
        submit(event, number)
    for person in (rita, ivan):
        for verb in (events.close_early, events.try_again, events.send_now):
            with pytest.raises(NotAllowed):
                verb(event, actor=Actor.human(person))
    assert not OpenedBid.objects.exists()


@pytest.fixture
def broken(event):
    """One of two seals was damaged; the sound one and the damaged bytes are returned."""
    submit(event, 1)
    submit(event, 2)
    version = BidVersion.objects.get(bid__invitation__vendor__key="VEN-002")
    sound = bytes(version.ciphertext)
    BidVersion.objects.filter(pk=version.pk).update(ciphertext=sound[:-1] + bytes([sound[-1] ^ 1]))
    return version.pk, sound


def test_a_broken_seal_leaves_all_closed_and_is_told_once(event, broken):
    reach_deadline(event)
    assert event.status == "closed"
    assert "Maker 2" in event.problem
    assert not OpenedBid.objects.exists()
    for _visit in range(3):
        assert (events.due(), events.answer()) == (False, 0)
    assert [each for each in kinds() if each.startswith("event.")] == ["event.closed", "event.opening_failed"]


def test_other_events_open_although_one_cannot(event, broken, entity, rita):
    clock.shift(timedelta(hours=2))
    other = type(event).objects.create(
        reference="RFQ-00002",
        entity=entity,
        requisition=event.requisition,
        title="Masks",
        deadline=clock.now(),
        currency="USD",
        published_at=clock.now(),
    )
    assert events.answer() == 2
    other.refresh_from_db()
    assert other.status == "opened"


def test_a_person_tries_again_when_the_fault_is_put_right(event, broken, ben):
    reach_deadline(event)
    with pytest.raises(SealBroken):
        events.try_again(event, actor=Actor.human(ben))
    assert kinds().count("event.opening_failed") == 1
    pk, sound = broken
    BidVersion.objects.filter(pk=pk).update(ciphertext=sound)
    opened = events.try_again(event, actor=Actor.human(ben))
    assert (opened.status, opened.problem, OpenedBid.objects.count()) == ("opened", "", 2)
    with pytest.raises(WrongState):
        events.try_again(event, actor=Actor.human(ben))


def test_a_broken_seal_is_told_to_who_opens_early(event, broken, ben):
    with pytest.raises(SealBroken):
        events.close_early(event, actor=Actor.human(ben))
    event.refresh_from_db()
    assert event.status == "closed"
    assert event.problem


def test_a_missing_key_is_told_like_a_broken_seal(event, monkeypatch):
    submit(event, 1)
    monkeypatch.setattr(keys, "ring", lambda: {"00" * 8: b"0" * 32})
    assert reach_deadline(event).status == "closed"
    assert "key" in event.problem
