"""Followers read every entry once, in order, and never lose their place."""

import pytest
from django.db import transaction

from ledger import feed
from ledger.models import CostCentre, Cursor


@pytest.fixture
def three(append):
    return [append(kind) for kind in ("order.issued", "order.changed", "order.issued")]


def test_a_reader_gets_what_lies_after_its_place(three):
    assert feed.read("reader") == three
    assert feed.advance("reader", to=2)
    assert feed.read("reader") == three[2:]
    assert feed.read("another") == three


def test_a_place_never_moves_back(three):
    feed.read("reader")
    assert feed.advance("reader", to=3)
    assert not feed.advance("reader", to=2)
    assert Cursor.objects.get().seq == 3


def test_a_reader_takes_at_most_what_it_asks_for(three):
    assert feed.read("reader", limit=2) == three[:2]


def test_it_is_due_as_long_as_something_is_unread(three, append):
    assert feed.due("reader")
    feed.advance("reader", to=3)
    assert not feed.due("reader")
    append()
    assert feed.due("reader")


def test_a_follower_is_handed_each_entry_of_its_kinds_once(three):
    seen = []
    assert feed.follow("follower", seen.append, kinds=["order.issued"]) == 2
    assert feed.follow("follower", seen.append, kinds=["order.issued"]) == 0
    assert seen == [three[0], three[2]]
    assert Cursor.objects.get().seq == 3


def test_an_entry_whose_handling_fails_comes_again_and_leaves_nothing(three, entity):
    handled = []

    def fail_at_second(entry):
        CostCentre.objects.create(entity=entity, code=str(entry.seq), name="trace")
        if entry.seq == 2 and not handled:
            handled.append(entry)
            raise ValueError("bug")

    with pytest.raises(ValueError, match="bug"):
        feed.follow("follower", fail_at_second)
    assert Cursor.objects.get().seq == 1
    assert list(CostCentre.objects.values_list("code", flat=True)) == ["1"]
    assert feed.follow("follower", fail_at_second) == 2
    assert list(CostCentre.objects.values_list("code", flat=True)) == ["1", "2", "3"]


def test_of_two_followers_one_gets_an_entry(three):
    seen = []

    def another_is_faster(entry):
        seen.append(entry.seq)
        if entry.seq == 1:
            Cursor.objects.update(seq=3)

    assert feed.follow("follower", another_is_faster) == 1
    assert seen == [1]


def test_what_is_not_committed_is_not_read(append):
    with transaction.atomic():
        append()
        transaction.set_rollback(True)
    assert not feed.read("reader")
