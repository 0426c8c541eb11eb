"""A worker is called dead only when that is proven; then its step goes on at once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agents import engine, holders, leases, wakes
from agents.models import Step, StepAttempt
from tests.agents.acting import ACTED, start, step

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="this system keeps no list of processes")
SAY = "from agents import holders; print(holders.me(), flush=True); import sys; sys.stdin.read()"


@pytest.fixture
def worker():
    """Another process, which says who it is and then waits to be ended."""
    process = subprocess.Popen([sys.executable, "-c", SAY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.holder = process.stdout.readline().strip()
    yield process
    process.kill()
    process.communicate()


def gone(process):
    process.kill()
    process.wait()


def test_a_process_is_called_the_same_as_long_as_it_lives(worker):
    assert holders.me() == holders.me()
    assert holders.me() != worker.holder
    assert len(worker.holder) <= Step._meta.get_field("holder").max_length


def test_a_fork_is_somebody_else():
    mine, (read, write) = holders.me(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, holders.me().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 200).decode() not in ("", mine)


def test_whoever_lives_is_not_dead(worker):
    assert not holders.is_dead(worker.holder)
    assert not holders.is_dead(holders.me())


def test_whoever_is_stopped_is_not_dead(worker):
    worker.send_signal(signal.SIGSTOP)
    os.waitpid(worker.pid, os.WUNTRACED)
    assert not holders.is_dead(worker.holder)


def test_whoever_was_killed_is_dead(worker):
    gone(worker)
    assert holders.dead([worker.holder, holders.me()]) == {worker.holder}


def test_whoever_was_killed_and_not_yet_buried_is_dead(worker):
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)
    assert holders.is_dead(worker.holder)


def test_another_process_with_the_same_number_proves_the_death_of_the_first():
    host, place, pid, born = holders.me().split("/")
    assert holders.is_dead(f"{host}/{place}/{pid}/{int(born) - 1}")


@pytest.mark.parametrize(
    "holder",
    ["", "somebody", "a/b/c/d", "host/0123456789abcdef/1/1", "host/elsewhere/1/1", "a/b/c/d/e"],
)
def test_of_others_it_is_unknown(holder):
    assert not holders.is_dead(holder)


def test_without_a_list_of_processes_nobody_is_called_dead(tmp_path, monkeypatch, worker):
    gone(worker)
    monkeypatch.setattr(holders, "PROCESSES", tmp_path)
    assert not holders.is_dead(worker.holder)
    monkeypatch.setattr(holders, "_known", {})
    assert holders.me().split("/")[1] == "elsewhere"
    assert not holders.is_dead(holders.me())


def test_the_claim_names_its_holder(entity):
    plan = start(entity, {"key": "a"})
    leases.claim(step(plan, "a"), timeout=60)
    assert step(plan, "a").holder == holders.me()


def hold(entity, holder):
    plan = start(entity, {"key": "a"})
    leases.claim(step(plan, "a"), timeout=600)
    Step.objects.filter(plan=plan).update(holder=holder)
    wakes.follow_feed()
    return plan


def test_a_step_of_a_dead_worker_goes_on_at_once(entity, worker):
    plan = hold(entity, worker.holder)
    assert not engine.due()
    assert engine.answer() == 0
    gone(worker)
    assert engine.due()
    assert engine.answer() == 1
    assert ACTED == ["a"]
    assert step(plan, "a").status == "done"
    assert list(StepAttempt.objects.values_list("outcome", flat=True)) == ["", "finished"]


@pytest.mark.parametrize("holder", ["", "host/0123456789abcdef/1/1"])
def test_a_step_of_whom_nothing_is_proven_waits_for_its_lease(holder, entity, later):
    hold(entity, holder)
    assert not engine.due()
    assert engine.answer() == 0
    later(700)
    assert engine.due()
    assert engine.answer() == 1
