"""A part that is there and does nothing is found within a minute, and started again ever more slowly."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import OperationalError
from django_q.models import OrmQ

from agents import holders, queries
from agents.models import Step
from ledger import clock, heartbeat
from ledger.models import Restart
from procure.console import supervisor, watchdog
from procure.console.watchdog import LOOK_EVERY, PATIENCE, Lookout, Watchdog

pytestmark = pytest.mark.django_db
GROUPS = {"worker": 4711}


class Time:
    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


@pytest.fixture
def scene():
    """A worker whose mark and busyness the test sets, and a watchdog whose time it moves."""

    class Scene:
        mark, busy, now = 0, False, Time()

        def __init__(self):
            self.dog = Watchdog({"worker": Lookout(lambda: self.mark, lambda pids: self.busy)}, self.now)

        def pass_time(self, seconds):
            """Looks as the supervisor does; what is found on the way is acted upon."""
            found = []
            until = self.now.at + seconds
            while self.now.at < until:
                self.now.at += LOOK_EVERY
                if reasons := self.dog.look(GROUPS):
                    found.append(self.now.at)
                    self.dog.restarted("worker", reasons["worker"])
            return found

    return Scene()


def test_who_beats_is_left_alone(scene):
    for _ in range(50):
        scene.mark += 1
        assert scene.pass_time(LOOK_EVERY) == []


def test_silence_is_found_within_a_minute(scene):
    [found] = scene.pass_time(60)
    assert PATIENCE <= found <= 60
    [row] = Restart.objects.all()
    assert (row.name, row.reason) == ("worker", "no sign of life for 40 s")


def test_whoever_rightly_works_may_be_silent(scene):
    scene.busy = True
    assert scene.pass_time(200) == []
    scene.busy = False
    assert len(scene.pass_time(60)) == 1


def test_restarts_that_cure_nothing_come_ever_more_slowly(scene):
    found = scene.pass_time(2000)
    waits = [later - earlier for earlier, later in pairwise(found)]
    assert waits == sorted(waits)
    assert waits[0] < 60
    assert max(waits) >= watchdog.LONGEST_WAIT
    assert len(found) <= 9


def test_after_a_long_quiet_time_the_first_restart_is_quick_again(scene):
    scene.pass_time(400)
    for _ in range(int(watchdog.FORGOTTEN_AFTER / LOOK_EVERY) + 1):
        scene.mark += 1
        scene.pass_time(LOOK_EVERY)
    [found] = scene.pass_time(60)
    assert found


def test_a_database_that_is_away_is_nobodys_fault(scene, monkeypatch):
    def away():
        raise OperationalError("gone")

    scene.pass_time(PATIENCE - LOOK_EVERY)
    with monkeypatch.context() as broken:
        broken.setattr(heartbeat, "ask_worker", away)
        broken.setattr(watchdog.connection, "close", lambda: None)
        assert scene.pass_time(120) == []
    assert scene.pass_time(PATIENCE) == []
    assert len(scene.pass_time(2 * LOOK_EVERY)) == 1


def test_a_jump_of_the_clock_is_no_silence(scene):
    beats = watchdog.Lookout(lambda: watchdog._beat("worker"))
    dog = Watchdog({"worker": beats}, scene.now)
    for hour in (0, 24, -24, 0, 24, -24, 0, 24, -24, 0, 24, -24):
        clock.shift(timedelta(hours=hour))
        heartbeat.beat("worker")
        scene.now.at += LOOK_EVERY
        assert dog.look(GROUPS) == {}


def test_each_look_asks_the_cluster_for_a_beat(scene, monkeypatch):
    monkeypatch.setattr(watchdog.doorbell, "due", list)
    scene.pass_time(LOOK_EVERY)
    assert [each.task["func"] for each in OrmQ.objects.all()] == ["ledger.heartbeat.beat"]


def test_only_processes_of_the_part_excuse_its_silence(entity):
    from agents import roles
    from tests.agents import acting

    roles.register("fake", module="tests.agents.acting")
    plan = acting.start(entity, {"key": "a"}, {"key": "b"})
    later = clock.now() + timedelta(minutes=1)
    Step.objects.filter(plan=plan).update(status="running", holder=holders.me(), lease_until=later)
    mine = {os.getpid()}
    assert watchdog._leases(mine) == 2
    assert watchdog._all_at_work(mine)
    assert not watchdog._all_at_work({1})
    Step.objects.filter(plan=plan, key="a").update(lease_until=clock.now() - timedelta(seconds=1))
    assert not watchdog._all_at_work(mine)


def test_a_hung_part_is_ended_with_its_whole_group_and_started_again(monkeypatch):
    said, sleeper = [], [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); signal.pause()"]
    part = supervisor.Part("worker", sleeper)
    monkeypatch.setattr(supervisor, "BREATHER", 0.0)
    dog = Watchdog({})
    part.start()
    first = part.process
    os.kill(first.pid, signal.SIGSTOP)
    house = supervisor.Supervisor([part], said.append, dog)
    monkeypatch.setattr(dog, "look", lambda groups: {"worker": "no sign of life"})
    try:
        house._watch()
        assert first.returncode == -signal.SIGKILL
        assert part.process.pid != first.pid
        assert part.process.poll() is None
    finally:
        part.signal(signal.SIGKILL, group=True)
        part.process.wait()
    assert said == ["worker: no sign of life; starting it again"]
    assert Restart.objects.get().name == "worker"


def test_a_group_is_found_with_its_children():
    shell = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert shell.pid in watchdog.members(shell.pid)
        assert os.getpid() not in watchdog.members(shell.pid)
    finally:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()


def test_the_figures_tell_how_the_machinery_is(entity):
    heartbeat.beat(heartbeat.WORKER)
    heartbeat.restarted("worker", reason="no sign of life for 40 s")
    heartbeat.ask_worker()
    found = queries.health()
    assert found.worker_beat < timedelta(minutes=1)
    assert found.sweeper_beat is None
    assert (found.queue, found.oldest_due) == (1, timedelta(0))
    assert [str(each.reason) for each in found.restarts] == ["no sign of life for 40 s"]


def test_the_health_page_tells_of_restarts(client, entity):
    heartbeat.restarted("worker", reason="no sign of life for 40 s")
    told = client.get("/health/ready").json()["checks"]["restarts"]
    assert told == {
        "ok": True,
        "detail": "1 in the last day; the last one was the worker: no sign of life for 40 s",
    }


def test_what_is_due_is_rung_for_again_though_nobody_else_may_look(scene, monkeypatch):
    rung = []
    monkeypatch.setattr(watchdog.doorbell, "due", lambda: ["engine"])
    monkeypatch.setattr(watchdog.doorbell, "ring", rung.append)
    scene.pass_time(LOOK_EVERY)
    assert rung == ["due when the watchdog looked"]
