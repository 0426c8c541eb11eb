"""Rows of the task queue: oldest first, one worker each, and none that could lose, repeat or stall anything."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from ledger import doorbell, queue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(monkeypatch):
    """As in a cluster's pusher, except that nobody waits for a bell."""
    monkeypatch.setattr(queue, "SILENCE", 0.0)
    monkeypatch.setattr(queue, "PAUSE_AFTER_ERROR", 0.0)
    broker = get_broker()
    yield broker
    if connection.vendor == "postgresql":
        broker._listener().close()


def put(number=1):
    for each in range(number):
        async_task("ledger.heartbeat.beat", f"task {each}")


def taken(rows):
    return [SignedPackage.loads(payload)["args"] for _, payload in rows or []]


def test_the_settings_name_our_queue(broker):
    assert isinstance(broker, queue.BellQueue)
    assert broker.info() == "ORM default, by a bell"


def test_rows_come_oldest_first_and_each_once(broker):
    put(3)
    assert [taken(broker.dequeue()) for _ in range(4)] == [[("task 0",)], [("task 1",)], [("task 2",)], []]
    assert OrmQ.objects.count() == 3, "they stay until they are acknowledged"


def test_an_acknowledged_row_is_gone(broker):
    put()
    [(pk, _)] = broker.dequeue()
    broker.acknowledge(pk)
    assert not OrmQ.objects.exists()


def test_a_row_whose_worker_never_came_back_is_offered_again_much_later(broker):
    put()
    broker.dequeue()
    lock = OrmQ.objects.get().lock
    assert timedelta(seconds=Conf.RETRY - 60) < lock - timezone.now() <= timedelta(seconds=Conf.RETRY)
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
    assert taken(broker.dequeue()) == [("task 0",)]


def test_a_clock_set_back_hides_no_row(broker, monkeypatch):
    put()
    monkeypatch.setattr(queue.timezone, "now", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    assert taken(broker.dequeue()) == [("task 0",)]


@pytest.mark.parametrize("spoil", [lambda payload: payload[:-3], lambda payload: "not a payload", lambda payload: ""])
def test_a_row_that_cannot_be_read_is_dropped_and_stops_nobody(spoil, broker, caplog):
    put(2)
    first = OrmQ.objects.order_by("pk").first()
    OrmQ.objects.filter(pk=first.pk).update(payload=spoil(first.payload))
    assert broker.dequeue() == []
    assert f"row {first.pk} of the task queue cannot be read" in caplog.text
    assert taken(broker.dequeue()) == [("task 1",)]


def test_rows_of_another_secret_key_are_dropped(broker, monkeypatch):
    put(2)
    monkeypatch.setattr(Conf, "SECRET_KEY", "a new one")
    assert [broker.dequeue() for _ in range(2)] == [[], []]
    assert not OrmQ.objects.exists()


def away(*_):
    raise OperationalError("gone")


def test_a_database_that_is_away_does_not_end_the_pusher(broker, monkeypatch, caplog):
    put()
    with monkeypatch.context() as broken:
        broken.setattr(broker, "_claim", away)
        assert broker.dequeue() is None
    assert "the task queue cannot be read" in caplog.text
    assert taken(broker.dequeue()) == [("task 0",)]


def test_nor_does_it_end_the_monitor_when_a_row_cannot_be_acknowledged(broker, monkeypatch, caplog):
    put()
    [(pk, _)] = broker.dequeue()
    with monkeypatch.context() as broken:
        broken.setattr(broker, "delete", away)
        broker.acknowledge(pk)
    assert f"row {pk} of the task queue could not be taken off" in caplog.text
    assert broker.dequeue() is None, "it is locked until long after"


def test_as_many_visits_wait_as_there_are_workers(broker):
    for _ in range(Conf.WORKERS + 3):
        doorbell.ring("again")
    assert OrmQ.objects.count() == Conf.WORKERS
    [(_, payload)] = broker.dequeue()
    assert SignedPackage.loads(payload)["func"] == "ledger.doorbell.answer"
    doorbell.ring("one has begun, so that one more is needed")
    assert OrmQ.objects.count() == Conf.WORKERS + 1


def test_visits_keep_no_other_task_from_its_place(broker):
    doorbell.ring("first")
    put()
    names = [SignedPackage.loads(broker.dequeue()[0][1])["func"] for _ in range(2)]
    assert names == ["ledger.doorbell.answer", "ledger.heartbeat.beat"]


def test_what_waits_is_told_by_number(broker):
    put(2)
    first, second = OrmQ.objects.order_by("pk").values_list("pk", flat=True)
    assert queue.waiting() == [first, second]
    broker.dequeue()
    assert queue.waiting() == [second]


@pytest.mark.postgres
def test_rival_clusters_share_the_rows(broker):
    if connection.vendor != "postgresql":
        pytest.skip("rival connections need PostgreSQL (set TEST_DATABASE_URL); SQLite lets in one writer at a time")
    put(40)
    barrier, got = threading.Barrier(4), []

    def take():
        barrier.wait()
        while rows := broker._claim():
            got.extend(pk for pk, _ in rows)
        connection.close()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert sorted(got) == sorted(set(got))
    assert len(got) == 40
