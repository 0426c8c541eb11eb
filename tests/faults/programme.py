"""The fault programme: plans run while a seeded chance kills, stops, restarts, floods and forges around them."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.drill.company import TIMEOUT

ROOT = Path(__file__).resolve().parents[2]
#: What the engine adds to a step's time-out before another worker may take it.
GRACE = 5
#: Everything is done so many seconds after the last fault.
SETTLED_WITHIN = 120
#: The sweeper looks once a second; a whole house may have to start before it does.
ALARM_WITHIN, SEEN_WITHIN = 30, 2
LIVE = "SELECT count(*) FROM agents_plan WHERE status NOT IN ('done', 'cancelled')"
OPEN = "SELECT count(*) FROM ledger_effect WHERE status IN ('waiting', 'calling')"
PARTS = ("web", "worker", "sweeper")
COMMANDS = {"web": "gunicorn", "worker": "qcluster", "sweeper": "sweep"}
Rows = Callable[[str], list[tuple[Any, ...]]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class House:
    """The processes of one drill, known by what they descend from."""

    environment: dict[str, str]
    rows: Rows
    chance: random.Random
    turn_database_clock: Callable[[float], object]
    supervisor: subprocess.Popen[bytes] | None = None
    told: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "tests.drill.house", self.environment["DRILL_WEB"]],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill_all(self) -> None:
        """As when the power goes: nobody says good-bye."""
        if self.supervisor is None:
            return
        everybody = [self.supervisor.pid, *descendants(self.supervisor.pid)]
        for pid in everybody:
            send(pid, signal.SIGKILL)
        self.supervisor.wait()
        # A part may have been started between the look and the kill; it carries this drill's mark.
        for pid in marked(self.environment["DRILL_PORT"]):
            send(pid, signal.SIGKILL)
        self.supervisor = None

    def members(self, part: str) -> list[int]:
        """The processes of a part that live now, its head first."""
        if self.supervisor is None:
            return []
        found = []
        for head in children(self.supervisor.pid):
            if COMMANDS[part] in command_of(head):
                found += [head, *descendants(head)]
        return found

    def named(self, name: str, it: Callable[[], str | None]) -> Callable[[], None]:
        """It may say itself what came of it."""

        def befall() -> None:
            self.told[it() or name] += 1

        befall.__name__ = name
        return befall

    # What can befall it. Each is called by name, so that what was done is told by name.

    def a_part_is_killed(self) -> None:
        part = self.chance.choice(PARTS)
        for pid in self.members(part)[:1]:
            send(pid, signal.SIGKILL)
        self.told[f"kill {part}"] += 1

    def a_process_of_the_worker_is_killed(self) -> None:
        if pids := self.members("worker"):
            send(self.chance.choice(pids), signal.SIGKILL)
        self.told["kill one process of the worker"] += 1

    def everything_is_killed(self) -> None:
        self.kill_all()
        self.start()
        self.told["kill everything"] += 1

    def a_process_is_stopped_beyond_its_lease(self) -> None:
        pids = self.members("worker") + self.members("sweeper")
        if pids:
            pid = self.chance.choice(pids)
            send(pid, signal.SIGSTOP)
            time.sleep(TIMEOUT + GRACE + 1)
            send(pid, signal.SIGCONT)
        self.told["stop beyond the lease"] += 1

    def queue_rows_are_lost_and_doubled(self) -> None:
        lost, doubled, columns = self.chance.randrange(2), self.chance.randrange(3), "key, payload, lock"
        self.rows(f"DELETE FROM django_q_ormq WHERE id % 2 = {lost}")
        self.rows(f"INSERT INTO django_q_ormq ({columns}) SELECT {columns} FROM django_q_ormq WHERE id % 3 = {doubled}")
        self.told["lose and double queue rows"] += 1

    def the_secret_key_changes(self) -> None:
        self.kill_all()
        self.environment["SECRET_KEY"] = "".join(self.chance.choices("abcdefghijklmnopqrstuvwxyz", k=60))
        self.start()
        self.told["change the secret key"] += 1

    def the_clock_jumps(self) -> None:
        by = self.chance.choice((-86400, -3600, 3600, 86400))
        Path(self.environment["DRILL_CLOCK"]).write_text(str(by))
        time.sleep(1)
        Path(self.environment["DRILL_CLOCK"]).write_text("0")
        self.told["jump of the clock"] += 1

    def the_database_s_own_clock_jumps(self) -> None:
        """An alarm must stand before a person says that the clock is right again. Who never looked knows of no jump."""
        until(lambda: bool(self.rows("SELECT 1 FROM ledger_heartbeat WHERE name = 'clock'")), within=ALARM_WITHIN)
        self.turn_database_clock(self.chance.choice((-86400, -3600, 3600, 86400)))
        if not until(lambda: self.alarms() > 0, within=ALARM_WITHIN):
            self.wrong.append(f"no alarm within {ALARM_WITHIN} s of a jump of the database's clock")
        self.turn_database_clock(0)
        # Every process looks again before it is told to trust what it sees.
        time.sleep(SEEN_WITHIN)
        self.confirm_the_clock()
        self.told["jump of the database's own clock"] += 1

    def alarms(self) -> int:
        return int(self.rows("SELECT count(*) FROM ledger_clockjump WHERE confirmed_at IS NULL")[0][0])

    def confirm_the_clock(self) -> None:
        if self.alarms():
            subprocess.run(
                [
                    sys.executable,
                    "manage.py",
                    "clock",
                    "confirm",
                    "--by",
                    "ada",
                    "--reason",
                    "It was turned in a drill.",
                ],
                cwd=ROOT,
                env=self.environment,
                stdout=subprocess.DEVNULL,
                check=True,
            )

    def the_disk_is_full(self) -> None:
        """No file of a process of the house may grow: what the kernel answers is what it answers on a full disk."""
        assert self.supervisor is not None
        pids = descendants(self.supervisor.pid)
        for pid in pids:
            limit(pid, 0)
        time.sleep(1)
        for pid in pids:
            limit(pid, resource.RLIM_INFINITY)
        self.told["full disk"] += 1


def faults(house: House, more: dict[str, Callable[[], str | None]], *, only: str = "") -> list[Callable[[], None]]:
    """Kills most often, as the programme counts them. `only`: those whose name says so, to look at one kind alone."""
    kills = [house.a_part_is_killed, house.a_process_of_the_worker_is_killed, house.everything_is_killed]
    others = [
        house.queue_rows_are_lost_and_doubled,
        house.the_secret_key_changes,
        house.the_clock_jumps,
        house.the_database_s_own_clock_jumps,
        house.the_disk_is_full,
        *[house.a_process_is_stopped_beyond_its_lease] * 2,
    ]
    chosen = kills * 3 + others + [house.named(name, it) for name, it in more.items()]
    return [each for each in chosen if only in each.__name__.replace("_", " ")]


def drawn(choices: Sequence[Callable[[], None]], number: int, chance: random.Random) -> Iterator[Callable[[], None]]:
    """From a shuffled pack, and a fresh one when it is used up: with as many as it holds each kind has its turn."""
    pack: list[Callable[[], None]] = []
    for _ in range(number):
        pack = pack or chance.sample(choices, len(choices))
        yield pack.pop()


def until(holds: Callable[[], bool], *, within: float) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):  # the database may still be starting
            if holds():
                return True
        time.sleep(0.1)
    return False


def settled(rows: Rows, *, within: float) -> float | None:
    """Seconds until nothing is open; None when it never came to that."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        with contextlib.suppress(Exception):  # the database may still be starting
            if not rows(LIVE)[0][0] and not rows(OPEN)[0][0]:
                return time.monotonic() - began
        time.sleep(0.25)
    return None


def company(environment: dict[str, str], *verb: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "tests.drill.company", *verb],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@contextlib.contextmanager
def receiver(environment: dict[str, str]) -> Iterator[None]:
    port, journal = environment["DRILL_PORT"], environment["DRILL_JOURNAL"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.drill.receiver", port, journal], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def limit(pid: int, size: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def descendants(pid: int) -> list[int]:
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def command_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def marked(port: str) -> list[int]:
    """Orphans of this drill, by the receiver's port in their environment."""
    wanted, found = f"DRILL_PORT={port}".encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        pid = int(place.name)
        with contextlib.suppress(OSError):
            if pid != os.getpid() and wanted in (place / "environ").read_bytes().split(b"\0"):
                found.append(pid)
    return found
