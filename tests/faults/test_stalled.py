"""A real cluster that lives and takes no task any more is found and started again within a minute."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PREPARE = """
import django; django.setup()
from django.core.management import call_command
call_command("createcachetable", verbosity=0)
"""
SUPERVISE = """
import django; django.setup()
from procure.console import watchdog
from procure.console.supervisor import Supervisor, parts
dog = watchdog.shipped(1)
dog.lookouts.pop("web")
Supervisor([each for each in parts(1) if each.name == "worker"], print, dog).run()
"""


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sorted(int(each) for each in found)


def wait_for(look, seconds, what):
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, what
        time.sleep(0.2)
    return found


@pytest.mark.faults
@pytest.mark.long
@pytest.mark.parametrize(("which", "number"), [(0, signal.SIGKILL), (3, signal.SIGSTOP)])
def test_a_stalled_cluster_is_started_again_within_a_minute(
    which, number, tmp_path, private_database, private_rows, capsys
):
    environment = os.environ | private_database
    environment |= {"PROCURE_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "procure.settings"}
    subprocess.run([sys.executable, "-c", PREPARE], cwd=ROOT, env=environment, check=True, capture_output=True)
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISE], cwd=ROOT, env=environment, start_new_session=True)
    cluster = 0
    late: list[Any] = []

    def restarts() -> list[str]:
        return [reason for (reason,) in private_rows("SELECT reason FROM ledger_restart")]

    def beats() -> list[Any]:
        return [beat for (beat,) in private_rows("SELECT beat_at FROM ledger_heartbeat WHERE name = 'worker'")]

    def works_on(*, since: float) -> list[str]:
        """Visits go on so long after, when those that were under way are over."""
        if time.monotonic() > since:
            late.extend(beat for beat in beats() if beat not in late)
        return ["it worked on by itself"] if number == signal.SIGKILL and len(late) > 2 else []

    try:
        wait_for(lambda: private_rows("SELECT 1 FROM ledger_heartbeat WHERE name = 'worker'"), 60, "it never began")
        [cluster] = children(supervisor.pid)
        [sentinel] = children(cluster)
        # In the order in which the sentinel starts them: two workers, the monitor, the pusher.
        os.kill(children(sentinel)[which], number)
        begun = time.monotonic()
        # A killed worker that did not hold the lock of the queue is replaced by the sentinel, and nothing stalls.
        [reason] = wait_for(lambda: restarts() or works_on(since=begun + 25), 60, "nobody noticed")
        took = time.monotonic() - begun
        [beat] = beats()
        wait_for(lambda: beats() != [beat], 60, "it stayed silent")
    finally:
        for group in (supervisor.pid, cluster, *children(supervisor.pid)):
            if group:
                try:
                    os.killpg(group, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        supervisor.wait()
    with capsys.disabled():
        print(f"{reason}; started again after {took:.0f} s")
