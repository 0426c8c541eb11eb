"""States from the journal alone, compared with the rows: a kind of object that only the tests know."""

from __future__ import annotations

import threading
from datetime import datetime
from decimal import Decimal

import pytest
from django.db import connections, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import chain, entries, journal, replay, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import NotFound
from ledger.models import Entry, LedgerHead, LegalEntity, Source, Switch
from ledger.records import amount
from ledger.replay import CannotReplay, Difference

#: The rows of the tests' kind, by key.
ROWS: dict[str, dict] = {}
BOX = "tests.ledger.test_replay"


def box(state, record):
    """`box.filled` says what is in it, `box.lost` ends it; others only mention it."""
    if record.kind == "box.filled":
        return {**(state or {"fillings": 0}), **record.data, "fillings": (state or {"fillings": 0})["fillings"] + 1}
    return None if record.kind == "box.lost" else state


def boxes(log, keys=None):
    yield from ((key, row) for key, row in ROWS.items() if keys is None or key in keys)


@pytest.fixture(autouse=True)
def _boxes(monkeypatch):
    monkeypatch.setattr(replay, "_registry", {})
    replay.register("box", reduce=f"{BOX}.box", live=f"{BOX}.boxes")
    yield
    ROWS.clear()


@pytest.fixture
def say(entity):
    """Records one fact about boxes, and returns its number."""

    def say(kind, *keys, of=entity, **data):
        with transaction.atomic():
            objects = [ObjectRef("box", key) for key in keys]
            return journal.record(kind, actor=Actor.system("tests"), entity=of, objects=objects, data=data).seq

    return say


def test_states_follow_from_the_entries_in_order(say):
    say("box.filled", "A", colour="red")
    say("box.filled", "B", colour="blue")
    say("box.seen", "A", colour="nobody asked")
    say("box.filled", "A", colour="green", count="2")
    say("box.lost", "B")
    assert replay.states() == {("box", "A"): {"colour": "green", "count": "2", "fillings": 2}}


def test_until_a_number_or_an_instant(say):
    first, second = say("box.filled", "A", colour="red"), say("box.filled", "A", colour="blue")
    before, after = ({("box", "A"): {"colour": each, "fillings": n}} for each, n in (("red", 1), ("blue", 2)))
    assert replay.states(until=0) == {}
    assert replay.states(until=first) == before
    assert replay.states(until=second) == replay.states(until=second + 10) == after
    at = Entry.objects.get(seq=second).time
    assert replay.states(until=at) == after
    assert replay.states(until=datetime(2000, 1, 1, tzinfo=at.tzinfo)) == {}


def test_an_entry_that_names_an_object_twice_moves_it_once(say):
    say("box.filled", "A", "A")
    assert replay.states() == {("box", "A"): {"fillings": 1}}


def test_keys_that_repeat_between_companies_are_told_apart(say, entity):
    replay.register("box", reduce=f"{BOX}.box", live=f"{BOX}.boxes", per_entity=True)
    other = LegalEntity.objects.create(code="X", name="X", base_currency="EUR", log=entity.log)
    say("box.filled", "A", colour="red")
    seq = say("box.filled", "A", colour="blue", of=other)
    assert replay.states() == {
        ("box", "HQ/A"): {"colour": "red", "fillings": 1},
        ("box", "X/A"): {"colour": "blue", "fillings": 1},
    }
    assert replay.as_of("main", "box", "X/A") == replay.AsOf({"colour": "blue", "fillings": 1}, seq)


def test_another_log_has_states_of_its_own(say, entity):
    chain.begin("second", origin="procure.example/second")
    other = LegalEntity.objects.create(code="X", name="X", base_currency="EUR", log_id="second")
    say("box.filled", "A")
    say("box.filled", "B", of=other)
    assert list(replay.states()) == [("box", "A")]
    assert list(replay.states("second")) == [("box", "B")]


def test_no_difference_where_rows_and_entries_agree(say):
    say("box.filled", "A", colour="red")
    ROWS["A"] = {"colour": "red", "fillings": 1}
    assert list(replay.differences()) == []


def test_a_difference_names_kind_key_and_field(say):
    say("box.filled", "A", lines={"1": {"price": "2.5", "unit": "pack"}})
    say("box.filled", "GONE")
    ROWS["A"] = {"lines": {"1": {"price": "9", "unit": "pack"}}, "fillings": 1, "new": True}
    ROWS["NEW"] = {"fillings": 1}
    assert list(replay.differences()) == [
        Difference("box", "A", "lines.1.price", "2.5", "9"),
        Difference("box", "A", "new", None, True),
        Difference("box", "NEW", "", None, {"fillings": 1}),
        Difference("box", "GONE", "", {"fillings": 1}, None),
    ]


def imported(entity, *keys):
    with transaction.atomic():
        return entries.batch_imported(
            batch="boxes", digest="0" * 64, counts={}, actor=Actor.system("tests"), entity=entity, opens={"box": keys}
        )


@pytest.mark.parametrize("most", [200, 1])
def test_what_came_by_import_opens_with_its_batch(entity, say, monkeypatch, most):
    monkeypatch.setattr(replay, "MOST_IN_ENTRY", most)
    ROWS.update({key: {"colour": "red", "fillings": 0} for key in "ABC"})
    entry = imported(entity, "A", "B")
    assert ("source" in chain.read(entry)["data"]["opening"]) == (most == 1)
    ROWS["A"] = {"colour": "green", "fillings": 1}
    seq = say("box.filled", "A", colour="green")
    assert list(replay.differences()) == [Difference("box", "C", "", None, ROWS["C"])]
    assert replay.as_of("main", "box", "B") == replay.AsOf(ROWS["B"], entry.seq)
    assert replay.as_of("main", "box", "A") == replay.AsOf(ROWS["A"], seq)
    assert replay.as_of("main", "box", "A", seq - 1).seq == entry.seq


def test_an_opening_whose_source_was_altered_opens_nothing(entity, monkeypatch):
    monkeypatch.setattr(replay, "MOST_IN_ENTRY", 0)
    ROWS["A"] = {"fillings": 0}
    imported(entity, "A")
    assert list(replay.differences()) == []
    Source.objects.update(content=b'{"box":{"A":{"fillings":7}}}')
    assert list(replay.differences()) == [Difference("box", "A", "", None, {"fillings": 0})]
    Source.objects.all().delete()
    assert list(replay.differences()) == [Difference("box", "A", "", None, {"fillings": 0})]


def test_one_object_as_of_a_moment_and_the_entry_that_made_it_so(say):
    say("box.filled", "B")
    first = say("box.filled", "A", colour="red")
    say("box.seen", "A")
    second = say("box.filled", "A", colour="blue")
    lost = say("box.lost", "A")
    found = [replay.as_of("main", "box", "A", until) for until in (1, first, first + 1, second)]
    assert [each.seq for each in found] == [None, first, first, second]
    assert [each.state and each.state["colour"] for each in found] == [None, "red", "red", "blue"]
    assert replay.as_of("main", "box", "A") == replay.AsOf(None, lost)
    assert replay.as_of("main", "box", "never") == replay.AsOf(None, None)


def test_a_kind_that_nobody_rebuilds_is_refused(entity):
    with pytest.raises(NotFound, match="Known: box"):
        replay.as_of("main", "moon", "1")


def late_writer(log, keys=None):
    """Reads no rows, but lets somebody else turn a switch and commit it, while the replay is at work."""

    def turn():
        try:
            with transaction.atomic():
                Switch.objects.filter(scope="all").update(stopped=True)
                switch = Switch.objects.get(scope="all")
                entity = LegalEntity.objects.get(code="HQ")
                entries.switch_turned(switch, actor=Actor.system("tests"), entity=entity)
        finally:
            connections.close_all()

    writer = threading.Thread(target=turn)
    writer.start()
    writer.join(30)
    assert not writer.is_alive(), "the replay holds up a writer"
    yield from ()


@pytest.mark.django_db(transaction=True)
def test_a_portal_at_work_makes_no_difference(entity, olga):
    actor = Actor.human(olga)
    switches.turn("all", stop=True, actor=actor, entity=entity, reason="drill")
    switches.turn("all", stop=False, actor=actor, entity=entity)
    replay.register("a writer", reduce=f"{BOX}.box", live=f"{BOX}.late_writer")
    replay.register("switch", reduce="ledger.live.switch", live="ledger.live.switches")
    seq = LedgerHead.objects.get().seq
    assert list(replay.differences()) == []
    assert LedgerHead.objects.get().seq == seq + 1
    assert Switch.objects.get().stopped is True


AMOUNTS = [
    (None, None),
    ("", None),
    ("2.5000", "2.5"),
    ("2.50", "2.5"),
    ("100", "100"),
    ("100.0000", "100"),
    ("0.0000", "0"),
    (Decimal("0E-4"), "0"),
    (Decimal("1E+2"), "100"),
    (Decimal("12345678901234.5670"), "12345678901234.567"),
]


@pytest.mark.parametrize(("value", "text"), AMOUNTS)
def test_an_amount_has_one_form(value, text):
    assert amount(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4), st.integers(0, 6))
def test_noughts_at_the_end_make_no_other_amount(value, noughts):
    text = format(value, "f")
    assert amount(text + "0" * noughts) == amount(value)
    assert Decimal(amount(value)) == value


def test_an_entry_that_does_not_tell_enough_is_named_with_what_it_lacks(entity):
    replay.register("order", reduce="procure.reducers.order", live="procure.live.orders")
    with transaction.atomic():
        for kind in ("order.issued", "order.cancelled"):
            made = journal.record(
                kind, actor=Actor.system("t"), entity=entity, objects=[ObjectRef("order", "PO-1")], data={}
            )
    with pytest.raises(
        CannotReplay, match=rf"Entry {made.seq} \(order.cancelled\) does not tell the state of order PO-1"
    ):
        replay.states()
