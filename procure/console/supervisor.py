"""Web, worker and sweeper under one roof: started together, stopped together and cleanly.

A part that ends is started again, and so is one that is there and does nothing (see procure.console.watchdog). Who
watches the supervisor is the system: `Restart=always` in its unit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from procure.console.watchdog import Watchdog

#: The worker may be in the middle of a step: django-q2's own time-out and a little more.
PATIENCE = 150
#: A part that dies at once, again and again, is not restarted faster than this.
BREATHER = 2.0
HEAD_START = 0.7


@dataclass
class Part:
    """One child process and its command line."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        # A session of its own: Ctrl-C reaches the supervisor alone, and a signal to the group reaches every orphan.
        self.process = subprocess.Popen(  # noqa: S603
            self.command, start_new_session=True, env=os.environ | self.environment
        )
        self.started = time.monotonic()

    def signal(self, number: int, *, group: bool) -> None:
        if self.process is None:
            return
        try:
            if group:
                os.killpg(self.process.pid, number)
            elif self.process.poll() is None:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass


def parts(port: int) -> list[Part]:
    manage = [sys.executable, "manage.py"]
    web = [
        *(sys.executable, "-m", "gunicorn", "procure.wsgi", "--bind", f"127.0.0.1:{port}"),
        *("--workers", "2", "--threads", "4", "--graceful-timeout", "20", "--log-level", "warning"),
    ]
    return [Part("sweeper", [*manage, "sweep", "--loop"]), Part("web", web), Part("worker", [*manage, "qcluster"])]


def start(children: Sequence[Part]) -> None:
    """The first one gets a head start: it goes on with what was cut off while the others would only load."""
    for number, part in enumerate(children):
        part.start()
        if number == 0:
            time.sleep(HEAD_START)


class Supervisor:
    def __init__(self, children: Sequence[Part], say, watchdog: Watchdog | None = None) -> None:
        self.children, self.say, self.watchdog, self.stopping = children, say, watchdog, False

    def run(self) -> None:
        """Blocks until SIGINT or SIGTERM, then stops every part; a second signal kills."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        start(self.children)
        while not self.stopping:
            time.sleep(0.3)
            for part in self.children:
                if part.process and part.process.poll() is not None and not self.stopping:
                    self._restart(part, f"ended with code {part.process.returncode}")
            self._watch()
        self._wind_down()

    def _watch(self) -> None:
        if self.watchdog is None or self.stopping:
            return
        parts = {part.name: part for part in self.children if part.process}
        silent = self.watchdog.look({name: part.process.pid for name, part in parts.items() if part.process})
        for name, reason in silent.items():
            self._restart(parts[name], reason)

    def _restart(self, part: Part, reason: str) -> None:
        self.say(f"{part.name}: {reason}; starting it again")
        # Not asked to stop first: a cluster whose inner queue died waits for ever.
        part.signal(signal.SIGKILL, group=True)
        if part.process:
            part.process.wait()
        if time.monotonic() - part.started < BREATHER:
            time.sleep(BREATHER)
        part.start()
        if self.watchdog:
            self.watchdog.restarted(part.name, reason)

    def _stop(self, *_: object) -> None:
        if self.stopping:
            for part in self.children:
                part.signal(signal.SIGKILL, group=True)
        self.stopping = True

    def _wind_down(self) -> None:
        self.say("stopping: work in hand is finished first, press Ctrl-C again to end at once")
        for part in self.children:
            part.signal(signal.SIGTERM, group=False)
        deadline = time.monotonic() + PATIENCE
        for part in self.children:
            try:
                if part.process:
                    part.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.say(f"{part.name} did not stop in time")
            part.signal(signal.SIGKILL, group=True)
        self.say("stopped")
