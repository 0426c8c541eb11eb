"""The small client of a worker elsewhere: leases a step, runs a program for it, hands back what it prints.

The program reads one JSON object on its standard input (`task`, `given`, `gives`, `today`) and prints its result as one
JSON object. Exit 0: done. Exit 3: it cannot be done, trying again is of no use. Any other: try again later.
Standard library only.
"""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

LASTING = 3
MOST_BYTES = 200_000
#: Seconds between two signs of life, and between two looks when there was nothing to do.
BEAT, PAUSE, LONGEST_PAUSE = 15.0, 1.0, 30.0


class Refused(Exception):
    """The portal's answer, as it was told."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Portal:
    url: str
    token: str
    timeout: float = 30.0

    def post(self, verb: str, **body: Any) -> dict[str, Any] | None:
        """The answer; None for “nothing to do”. Raises `Refused`, or `OSError` when the portal cannot be reached."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.url.rstrip('/')}/api/v1/edge/{verb}/",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
                content = answer.read(MOST_BYTES * 4)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, _detail(error.read(20_000))) from None
        return json.loads(content) if content else None


def _detail(content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return "no reason was given"


def work(portal: Portal, command: Sequence[str], *, say: Callable[[str], None], once: bool = False) -> int:
    """Leases and does steps until it is stopped; with `once`, until there is nothing to do. Returns how many."""
    done, pause = 0, PAUSE
    while True:
        try:
            assignment = portal.post("lease")
        except OSError as error:
            if once:
                raise
            say(f"the portal cannot be reached: {error}")
            assignment = None
        except Refused as error:
            # Shut out or expired: trying again would only knock on a closed door. Anything else may pass.
            if once or error.status in (401, 403):
                raise
            say(f"the portal refuses for now: {error}")
            assignment = None
        if assignment is not None:
            _do(portal, assignment, command, say)
            done, pause = done + 1, PAUSE
            continue
        if once:
            return done
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def _do(portal: Portal, assignment: dict[str, Any], command: Sequence[str], say: Callable[[str], None]) -> None:
    say(f"{assignment['step']}: {assignment['role']}.{assignment['task']}, attempt {assignment['attempt']}")
    try:
        code, out, err = _run(portal, assignment, command)
        if code == 0:
            portal.post("finish", lease=assignment["lease"], result=json.loads(out))
            say(f"{assignment['step']}: done")
            return
        why, lasting = (err.strip() or f"the program ended with {code}")[-500:], code == LASTING
    except Refused as error:
        if error.status != 422:
            say(f"{assignment['step']}: dropped: {error}")
            return
        why, lasting = str(error), True
    except ValueError:
        why, lasting = "the program printed no JSON object", True
    say(f"{assignment['step']}: {why}")
    try:
        portal.post("fail", lease=assignment["lease"], reason=why, lasting=lasting)
    except (OSError, Refused) as error:
        say(f"{assignment['step']}: could not be told: {error}")


def _run(portal: Portal, assignment: dict[str, Any], command: Sequence[str]) -> tuple[int, str, str]:
    """Runs the program and shows every so often that it lives; a refused sign of life ends it."""
    given = json.dumps({name: assignment[name] for name in ("task", "given", "gives", "today")})
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        written: str | None = given
        while True:
            try:
                out, err = program.communicate(written, timeout=BEAT)
                return program.returncode, out[:MOST_BYTES], err
            except subprocess.TimeoutExpired:
                written = None
            try:
                portal.post("beat", lease=assignment["lease"])
            except Refused:
                program.kill()
                raise
            except OSError:
                continue  # the lease may outlast a short break
