"""Plans run through while processes are killed, stopped and restarted: none is lost, no effect happens twice."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
import uuid

import pytest

from tests import ready_made, two_roles
from tests.faults.programme import (
    SETTLED_WITHIN,
    House,
    company,
    drawn,
    faults,
    free_port,
    marked,
    receiver,
    send,
    settled,
)

#: The long programme says 5000 and 500; a few of each, with the same seed, run with everything else.
PLANS = int(os.environ.get("PLANS", "40"))
FAULTS = int(os.environ.get("FAULTS", "8"))
SEED = int(os.environ.get("SEED", "20140523"))
#: A word of the names of the faults to draw from; all of them, when it is empty.
ONLY = os.environ.get("ONLY", "")
#: New plans come after so many faults, so that none falls on a house at rest.
ROUND = 8
#: What cannot befall this database, and why.
LEFT_OUT = {
    "SQLite": "restarts of a server, for there is none; read-only, for an open file stays writable whatever its mode"
    " says, and a full disk refuses the same writes",
    "PostgreSQL": "a lock on the whole database, for a writer there holds up nobody but who wants the same rows",
}
#: Seconds between two faults: before, in and after what restarting takes.
PAUSES = (0.2, 2.5)

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(sys.platform != "linux", reason="it finds the processes that it kills in /proc"),
]


@pytest.fixture
def private_database(server_of_its_own):
    """On a server that may be crashed: here, because the drill does not share it."""
    name = f"drill_{uuid.uuid4().hex[:12]}"
    if server_of_its_own is None:
        return {"DATABASE_URL": f"sqlite:///{ready_made.beside(name)}"}
    two_roles.lay_out_as(name)
    return {
        "DATABASE_URL": two_roles.url_of(two_roles.RUNTIME, name),
        "DATABASE_OWNER_URL": two_roles.url_of(two_roles.OWNER, name),
    }


@pytest.fixture
def environment(tmp_path, private_database):
    made = os.environ | private_database
    made |= {
        "PROCURE_VAR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tests.drill.settings",
        "UNDO_WINDOW_SECONDS": "0",
        "EMAIL_URL": f"filemail:///{tmp_path}/mail",
        "DRILL_PORT": str(free_port()),
        "DRILL_WEB": str(free_port()),
        "DRILL_JOURNAL": str(tmp_path / "journal"),
        "DRILL_STARTS": str(tmp_path / "starts"),
        "DRILL_CLOCK": str(tmp_path / "clock"),
        "DRILL_DATABASE_CLOCK": str(tmp_path / "database-clock"),
    }
    (tmp_path / "starts").touch()
    company(made, "set-up")
    return made


def test_no_plan_is_lost_and_no_bell_rings_twice(
    environment, private_rows, database_faults, turn_database_clock, capsys
):
    chance = random.Random(SEED)
    house = House(environment, private_rows, chance, turn_database_clock)
    with receiver(environment):
        house.start()
        try:
            choices, started = faults(house, database_faults, only=ONLY), 0
            for number, befall in enumerate(drawn(choices, FAULTS, chance)):
                if number % ROUND == 0:
                    end = PLANS * min(number + ROUND, FAULTS) // FAULTS
                    company(environment, "start", str(started), str(end))
                    started = end
                time.sleep(chance.uniform(*PAUSES))
                befall()
            house.confirm_the_clock()
            took = settled(private_rows, within=SETTLED_WITHIN)
        finally:
            house.kill_all()
            for pid in marked(environment["DRILL_PORT"]):
                send(pid, signal.SIGKILL)
        wrong = company(environment, "check") + house.wrong
    on = "PostgreSQL" if "DATABASE_OWNER_URL" in environment else "SQLite"
    with capsys.disabled():
        print(f"\nleft out on {on}: {LEFT_OUT[on]}")
        print(f"{PLANS} plans, seed {SEED}: {dict(house.told)}; settled after {took and round(took, 1)} s")
    assert wrong == [], "\n".join(wrong)
    assert took is not None
