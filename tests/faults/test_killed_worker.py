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
    for command in (["migrate", "-v0"], ["createcachetable"], ["demo"]):
        subprocess.run(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=environment, check=True, capture_output=True
        )
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


@pytest.mark.faults
def test_a_worker_killed_again_and_again_leaves_one_order(tenant):
    chance = random.Random(SEED)
    worker = Worker(tenant)
    worker.start()
    story = subprocess.Popen(
        [sys.executable, "manage.py", "scenario", "intake-to-order", "--json", "--worker", "--patience", "240"],
        cwd=ROOT,
        env=tenant,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = 0
    try:
        while killed < KILLS and story.poll() is None:
            # Start-up of the cluster takes about two seconds, so these moments fall before, in and after its work.
            time.sleep(chance.uniform(0.3, 4.0))
            worker.kill()
            killed += 1
            worker.start()
        out, err = story.communicate(timeout=400)
    finally:
        story.kill()
        worker.kill()
    assert story.returncode == 0, err + out
    told = json.loads(out)
    assert killed >= min(KILLS, 3), f"the story ended after {killed} kills"
    assert told["plan"]["status"] == "done"
    assert len(told["erp"]["orders"]) == 1
    assert told["erp"]["orders"][0]["times_created"] == 1
    assert told["erp"]["orders"][0]["state"] == "cancelled"
    assert told["ledger"]["valid"] is True
