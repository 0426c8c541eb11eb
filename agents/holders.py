"""Who holds a lease, and whether that process is provably dead, so that its work need not wait for the lease to end.

Proof is this machine's own list of processes, and so only of processes of this boot and this list: about another
machine, a container beside us or a system without /proc the answer is “unknown”, and the lease runs out in its time.
A process that is only stopped lives.
"""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from collections.abc import Iterable
from pathlib import Path

PROCESSES = Path("/proc")
#: Letters of the host's name, for people; what counts is the place.
NAME = 24
_UNKNOWN = "elsewhere"
#: By process number: after a fork the child is somebody else.
_known: dict[int, str] = {}


def me() -> str:
    """This process, as no other was or will be called: host, place, number and moment of birth."""
    pid = os.getpid()
    found = _known.get(pid)
    if found is None:
        # Two threads may find the same name at once; that of the parent of a fork stays unread.
        found = _known[pid] = _name(pid)
    return found


def is_dead(holder: str) -> bool:
    """True only when proven."""
    return bool(dead([holder]))


def dead(holders: Iterable[str]) -> set[str]:
    """Those of which it is proven."""
    here = _place()
    return {each for each in holders if here != _UNKNOWN and _is_gone(each, here)}


def _is_gone(holder: str, here: str) -> bool:
    match holder.split("/"):
        case [_, place, pid, born] if place == here and pid.isdecimal():
            state, birth = _state(int(pid))
            return birth != born or state in "ZX"
    return False


def _name(pid: int) -> str:
    place = _place()
    born = _state(pid)[1] if place != _UNKNOWN else uuid.uuid4().hex[:16]
    return f"{socket.gethostname().replace('/', '-')[:NAME]}/{place}/{pid}/{born}"


def _place() -> str:
    """Boot and list of processes; unknown where the list is missing or does not show everybody's processes."""
    try:
        boot = (PROCESSES / "sys/kernel/random/boot_id").read_text().strip()
        space = os.readlink(PROCESSES / "self/ns/pid")
        (PROCESSES / "1/stat").read_bytes()
    except OSError:
        return _UNKNOWN
    return hashlib.sha256(f"{boot} {space}".encode()).hexdigest()[:16]


def _state(pid: int) -> tuple[str, str]:
    """One letter and the moment of birth, in ticks since the boot; both empty when there is no such process."""
    try:
        told = (PROCESSES / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "", ""
    # The name, in brackets, may hold blanks and brackets itself.
    fields = told.rpartition(")")[2].split()
    return fields[0], fields[19]
