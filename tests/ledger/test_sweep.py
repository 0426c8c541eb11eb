"""The sweeper carries out what is due, shows a sign of life and ends when asked."""

import os
import signal
import subprocess
import sys
import threading
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from ledger import doorbell, heartbeat
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


def test_it_asks_the_cluster_to_beat_too(visits, db):
    loop()
    [row] = OrmQ.objects.all()
    assert (row.task["func"], row.task["args"], row.task["save"]) == ("ledger.heartbeat.beat", ("worker",), False)
    assert heartbeat.age("worker") is None
    import_string(row.task["func"])(*row.task["args"])
    assert heartbeat.age("worker") is not None


def test_a_cluster_that_takes_nothing_is_not_asked_without_end(visits, db):
    for _ in range(heartbeat.ENOUGH + 5):
        loop(1)
    assert OrmQ.objects.count() == heartbeat.ENOUGH


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


def test_it_goes_on_with_the_plans_and_then_becomes_a_whole_process(db, settings, monkeypatch):
    settings.FIRST_VISIT = True
    done = []
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(doorbell, "answer", lambda **how: done.append(how))
    monkeypatch.setattr(sweep.os, "execv", lambda program, arguments: done.append(arguments))
    monkeypatch.setattr(sweep.connections, "close_all", lambda: None)
    monkeypatch.setenv("PROCURE_FIRST_VISIT", "1")
    call_command("sweep", "--loop")
    assert done == [{"only": ("engine",)}, sys.orig_argv]
    assert os.environ["PROCURE_FIRST_VISIT"] == "0"


def test_a_first_visit_has_all_that_a_step_needs():
    """Every role, every reader and what they propose can be had with the few apps that are loaded for it."""
    load = (
        "import django; django.setup()\n"
        "from agents import engine, roles\n"
        "from ledger import command\n"
        "import importlib, pkgutil, agents\n"
        "for each in pkgutil.walk_packages(agents.__path__, 'agents.'):\n"
        "    if not each.name.startswith(('agents.migrations', 'agents.admin', 'agents.erasers')):\n"
        "        importlib.import_module(each.name)\n"
        "from approvals import proposals\n"
        "from procure import messages\n"
    )
    environment = os.environ | {"PROCURE_FIRST_VISIT": "1", "DJANGO_SETTINGS_MODULE": "procure.settings"}
    done = subprocess.run([sys.executable, "-c", load], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_bell_rung_in_a_first_visit_wakes_who_listens_and_asks_for_no_row(db, monkeypatch):
    monkeypatch.setattr(doorbell.apps, "is_installed", lambda name: name != "django_q")
    doorbell._enqueue("first visit")
    assert not OrmQ.objects.exists()
