"""Finds a part of the portal that is there and does nothing, such as a cluster whose inner queue died with a worker.

A sign of life counts from the moment at which it is seen here, by this process's own clock, so that no jump of the
database's clock looks like silence. Whoever holds a lease in force may be in the middle of something long.
"""

from __future__ import annotations

import logging
import os
import time
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection

from agents.models import Step
from ledger import clock, doorbell, heartbeat
from ledger.models import Heartbeat, Job

log = logging.getLogger(__name__)
#: Silence after which a part is started again. With the pauses between looks and beats it stays below a minute.
PATIENCE = 40.0
LOOK_EVERY = 5.0
#: A part that was restarted lately waits: half a minute, then twice as long each time, up to five minutes.
FIRST_WAIT, LONGEST_WAIT, FORGOTTEN_AFTER = 30.0, 300.0, 900.0
#: A job tells how far it is several times a second; a whole minute without is no sign that it works.
JOB_SILENCE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Lookout:
    """How one part shows that it lives: a mark that changes, and whether it is rightly silent."""

    mark: Callable[[], object]
    busy: Callable[[Collection[int]], bool] = lambda _: False


@dataclass
class Watchdog:
    """Looks now and then, and names the parts that have been silent for too long, each with the reason."""

    lookouts: Mapping[str, Lookout]
    now: Callable[[], float] = time.monotonic
    _marks: dict[str, tuple[object, float]] = field(default_factory=dict)
    _restarts: dict[str, list[float]] = field(default_factory=dict)
    _looked: float = float("-inf")

    def look(self, groups: Mapping[str, int]) -> dict[str, str]:
        """`groups`: the process group of each part. Nothing is said while the database does not answer."""
        if self.now() - self._looked < LOOK_EVERY:
            return {}
        self._looked = self.now()
        try:
            heartbeat.ask_worker()
            if doorbell.due():
                # The sweeper may be in the middle of something long, or hang.
                doorbell.ring("due when the watchdog looked")
            return {
                name: reason
                for name, group in groups.items()
                if name in self.lookouts and (reason := self._reason(name, group)) and self.may_restart(name)
            }
        except DatabaseError as error:
            log.warning("the watchdog cannot reach the database: %s", error)
            connection.close()
            self._marks.clear()
            return {}

    def _reason(self, name: str, group: int) -> str:
        lookout, at = self.lookouts[name], self.now()
        mark = lookout.mark()
        known, since = self._marks.get(name, (None, at))
        if name not in self._marks or mark != known or lookout.busy(members(group)):
            self._marks[name] = (mark, at)
            return ""
        silent = at - since
        return f"no sign of life for {silent:.0f} s" if silent >= PATIENCE else ""

    def may_restart(self, name: str) -> bool:
        """Restarts in quick succession cure nothing; the wait between them grows."""
        times = self._lately(name)
        if not times:
            return True
        return self.now() - times[-1] >= min(LONGEST_WAIT, FIRST_WAIT * 2 ** (len(times) - 1))

    def _lately(self, name: str) -> list[float]:
        times = self._restarts.get(name, [])
        return times if times and self.now() - times[-1] < FORGOTTEN_AFTER else []

    def restarted(self, name: str, reason: str) -> None:
        """Its silence counts anew. The row is for the health page, and missing it stops nothing."""
        self._restarts[name] = [*self._lately(name), self.now()]
        self._marks.pop(name, None)
        log.error("%s was started again: %s", name, reason)
        try:
            heartbeat.restarted(name, reason=reason)
        except DatabaseError:
            connection.close()


def shipped(port: int) -> Watchdog:
    """For the parts that `manage.py portal` runs."""
    address = f"http://127.0.0.1:{port}/health/live"
    return Watchdog(
        {
            "web": Lookout(lambda: _answers(address)),
            "worker": Lookout(lambda: _beat(heartbeat.WORKER), _all_at_work),
            "sweeper": Lookout(lambda: _beat(heartbeat.SWEEPER), lambda pids: _leases(pids) > 0),
        }
    )


def members(group: int) -> set[int]:
    """The processes of a group, where the system lists them."""
    found = set()
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if entry.isdecimal() and os.getpgid(int(entry)) == group:
                found.add(int(entry))
        except ProcessLookupError:
            continue
    return found


def _beat(name: str) -> object:
    return Heartbeat.objects.filter(name=name).values_list("beat_at", flat=True).first()


def _answers(address: str) -> object:
    """Another mark each time that it answers, the same one when it does not."""
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310  always http on loopback
            return time.monotonic()
    except OSError:
        return None


def _all_at_work(pids: Collection[int]) -> bool:
    """Each worker has a step under a lease in force, or a job that tells how far it is."""
    jobs = Job.objects.filter(status=Job.Status.RUNNING, seen_at__gte=clock.now() - JOB_SILENCE).count()
    return jobs + _leases(pids) >= int(settings.Q_CLUSTER["workers"])


def _leases(pids: Collection[int]) -> int:
    running = Step.objects.filter(status=Step.Status.RUNNING, lease_until__gte=clock.now())
    holders = running.values_list("holder", flat=True)
    return sum(1 for each in holders if (number := each.split("/")[-2:-1]) and number[0] in {str(pid) for pid in pids})
