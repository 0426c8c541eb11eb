"""The sweeper carries out what is due, shows a sign of life and ends when asked."""

import signal
import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils.module_loading import import_string
from django_q.brokers import get_broker
from django_q.models import OrmQ, Schedule
from django_q.scheduler import scheduler

from ledger import clock, doorbell, heartbeat
from procure.console.management.commands import sweep


@pytest.fixture
def visits(monkeypatch):
    visits = []
    monkeypatch.setattr(doorbell, "due", lambda: ["somebody"])
    monkeypatch.setattr(doorbell, "answer", lambda: visits.append("visit") or 1)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    # It would take the test's own transaction away.
    monkeypatch.setattr(sweep, "close_old_connections", lambda: None)
    return visits


class FewRounds:
    """Does not sleep, and asks to stop after some rounds; the bell is struck in those that are named."""

    def __init__(self, rounds, struck=()):
        self.stop, self.rounds, self.struck, self.round = threading.Event(), rounds, struck, 0

    def wait(self, seconds):
        self.round += 1
        if self.round >= self.rounds:
            self.stop.set()
        return self.round in self.struck


def loop(rounds=3, struck=()):
    bell = FewRounds(rounds, struck)
    sweep.Command()._loop(bell.stop, bell)


def test_once_is_one_visit(visits, db):
    out = StringIO()
    call_command("sweep", "--once", stdout=out)
    assert visits == ["visit"]
    assert out.getvalue() == "1 done\n"
    assert heartbeat.age("sweeper") is not None


def test_it_does_not_visit_when_nothing_is_due(visits, db, monkeypatch):
    monkeypatch.setattr(doorbell, "due", list)
    call_command("sweep", "--once", stdout=StringIO())
    loop()
    assert visits == []
    assert heartbeat.age("sweeper") is not None


def test_a_bell_is_answered_without_asking_first(visits, db, monkeypatch):
    monkeypatch.setattr(doorbell, "due", list)
    loop(4, struck=[2])
    assert visits == ["visit"]


def test_it_sees_to_it_that_the_cluster_beats_too(visits, db, monkeypatch):
    monkeypatch.setattr("django_q.scheduler.close_old_django_connections", lambda: None)
    loop()
    loop()
    [waiting, _] = OrmQ.objects.all()
    assert waiting.func() == "ledger.heartbeat.beat"
    [schedule] = Schedule.objects.all()
    schedule.next_run = clock.now() - timedelta(minutes=1)
    schedule.save()
    scheduler(broker=get_broker())
    beats = [each.task for each in OrmQ.objects.order_by("pk")]
    assert [each["args"] for each in beats] == [("worker",)] * 3
    assert not any(each.get("save", True) for each in beats)
    assert heartbeat.age("worker") is None
    import_string(beats[-1]["func"])(*beats[-1]["args"])
    assert heartbeat.age("worker") is not None


def test_the_loop_goes_on_until_it_is_asked_to_stop(visits, db):
    loop(3)
    assert visits == ["visit"] * 3


def test_the_loop_survives_a_database_that_is_away(visits, db, monkeypatch):
    failures = [OperationalError("gone")]

    def due():
        if failures:
            raise failures.pop()
        return ["somebody"]

    monkeypatch.setattr(doorbell, "due", due)
    loop(3)
    assert visits == ["visit"] * 2


@pytest.mark.parametrize("arguments", [[], ["--once", "--loop"]])
def test_it_says_how_it_wants_to_be_called(arguments, db):
    with pytest.raises(CommandError):
        call_command("sweep", *arguments)
