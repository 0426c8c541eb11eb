"""Kill -9 of the worker at random moments of the story: it ends once, with one order in the ERP."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: Ten in `make faults`; a few, with the same seed, in `make test`.
KILLS = int(os.environ.get("KILLS", "10"))
SEED = int(os.environ.get("SEED", "20140523"))
#: The story writes 74 entries. The last kill falls before these, so that the worker still has work afterwards.
BEFORE_THE_END = range(1, 61)
#: Seconds after an entry within which the kill falls: before, in and after the work that follows.
SOON = 0.25
PATIENCE = 240
PREPARE = """
import django; django.setup()
from django.core.management import call_command
for name in ("createcachetable", "demo"): call_command(name, verbosity=0)
"""
#: A dead worker's lease runs for up to two minutes. That time passes at once; nobody else holds a lease here.
LATER = (
    "UPDATE agents_step SET lease_until = '2000-01-01 00:00:00' WHERE status = 'running'",
    "UPDATE ledger_effect SET lease_until = '2000-01-01 00:00:00' WHERE status = 'calling'",
)


@pytest.fixture
def tenant(tmp_path, private_database):
    """Environment of a fresh demo tenant that has a database and a folder of its own."""
    environment = os.environ | private_database
    environment |= {
        "PROCURE_VAR": str(tmp_path),
        "UNDO_WINDOW_SECONDS": "0",
        "EMAIL_URL": f"filemail:///{tmp_path}/mail",
        "DJANGO_SETTINGS_MODULE": "procure.settings",
    }
    subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=environment, check=True, capture_output=True)
    return environment


class Worker:
    """The task queue's cluster and the sweeper, each in a process group of its own."""

    COMMANDS = (["qcluster"], ["sweep", "--loop"])

    def __init__(self, environment):
        self.environment, self.processes = environment, []

    def start(self):
        self.processes = [
            subprocess.Popen(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=self.environment,
                start_new_session=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for command in self.COMMANDS
        ]

    def kill(self):
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def newest_entry(rows):
    return rows("SELECT seq FROM ledger_ledgerhead WHERE log = 'main'")[0][0]


def kill_while_it_runs(worker, story, rows, *, first, chance):
    """Kills and restarts the worker KILLS times, spread over the entries that the story writes. Returns how often."""
    reached = first
    for killed, moment in enumerate(sorted(chance.sample(BEFORE_THE_END, KILLS))):
        # Between two kills something was done, so no worker dies while it still starts.
        wanted, deadline = max(first + moment, reached + 1), time.monotonic() + PATIENCE
        while newest_entry(rows) < wanted:
            if story.poll() is not None or time.monotonic() > deadline:
                return killed
            time.sleep(0.02)
        time.sleep(chance.uniform(0, SOON))
        if story.poll() is not None:
            return killed
        worker.kill()
        reached = newest_entry(rows)
        for each in LATER:
            rows(each)
        worker.start()
    return KILLS


@pytest.mark.faults
def test_a_worker_killed_again_and_again_leaves_one_order(tenant, private_rows, capsys):
    first = newest_entry(private_rows)
    worker = Worker(tenant)
    worker.start()
    story = subprocess.Popen(
        [sys.executable, "manage.py", "scenario", "intake-to-order", "--json", "--worker", "--patience", str(PATIENCE)],
        cwd=ROOT,
        env=tenant,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        killed = kill_while_it_runs(worker, story, private_rows, first=first, chance=random.Random(SEED))
        out, err = story.communicate(timeout=400)
    finally:
        story.kill()
        worker.kill()
    with capsys.disabled():
        print(f"killed {killed} times")
    assert story.returncode == 0, err + out
    assert killed == KILLS, f"the story ended after {killed} kills"
    told = json.loads(out)
    assert told["plan"]["status"] == "done"
    assert len(told["erp"]["orders"]) == 1
    assert told["erp"]["orders"][0]["times_created"] == 1
    assert told["erp"]["orders"][0]["state"] == "cancelled"
    assert told["ledger"]["valid"] is True
