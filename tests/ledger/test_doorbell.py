"""Ringing wakes a worker after commit; answering runs everybody until nothing is left."""

import pytest
from django.db import transaction
from django_q.models import OrmQ

from ledger import doorbell

answers: list[str] = []
left = {"first": 0, "second": 0}


def answer_first():
    return take("first")


def answer_second():
    return take("second")


def take(name):
    if left[name] == 0:
        return 0
    left[name] -= 1
    answers.append(name)
    return 1


def answer_badly():
    raise ValueError("bug")


def first_is_due():
    return left["first"] > 0


@pytest.fixture(autouse=True)
def answerers(monkeypatch):
    monkeypatch.setattr(doorbell, "_answerers", {})
    answers.clear()
    left.update(first=0, second=0)
    doorbell.register("bad", answerer=f"{__name__}.answer_badly", due=f"{__name__}.answer_badly")
    doorbell.register("first", answerer=f"{__name__}.answer_first", due=f"{__name__}.first_is_due")


def test_a_visit_ends_when_nobody_has_anything_left(db):
    doorbell.register("second", answerer=f"{__name__}.answer_second")
    left.update(first=2, second=1)
    assert doorbell.answer() == 3
    assert answers == ["first", "second", "first"]


def test_a_visit_ends_after_its_rounds(db):
    left.update(first=100)
    assert doorbell.answer(rounds=5) == 5


def test_one_that_fails_keeps_nobody_from_theirs(db, caplog):
    left.update(first=1)
    assert doorbell.answer() == 1
    assert "answerer bad failed" in caplog.text


def test_only_those_with_something_to_do_are_due(db):
    assert doorbell.due() == []
    left.update(first=1)
    assert doorbell.due() == ["first"]


def test_one_that_does_not_say_is_always_asked(db):
    doorbell.register("second", answerer=f"{__name__}.answer_second")
    assert doorbell.due() == ["second"]


@pytest.mark.django_db(transaction=True)
def test_many_rings_in_one_transaction_are_one_visit_after_commit():
    with transaction.atomic():
        doorbell.ring("one")
        with transaction.atomic():
            doorbell.ring("two")
        assert OrmQ.objects.count() == 0
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_ring_after_one_that_was_rolled_back_is_heard():
    with transaction.atomic():
        with transaction.atomic():
            doorbell.ring("lost with its savepoint")
            transaction.set_rollback(True)
        doorbell.ring("heard")
    assert OrmQ.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_rings_no_bell():
    with transaction.atomic():
        doorbell.ring("never")
        transaction.set_rollback(True)
    assert OrmQ.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_queue_that_is_down_does_not_undo_the_change(monkeypatch, django_user_model):
    def down(*args, **kwargs):
        raise ConnectionError("no broker")

    monkeypatch.setattr("django_q.tasks.async_task", down)
    with transaction.atomic():
        django_user_model.objects.create(username="kept")
        doorbell.ring("unheard")
    assert django_user_model.objects.filter(username="kept").exists()
