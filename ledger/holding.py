"""Puts an authority in force for a block: here for `check`, on the connection for the triggers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ledger import guard
from ledger.authority import Authority, in_force


@contextmanager
def holding(authority: Authority) -> Iterator[Authority]:
    """What was in force before is so again afterwards."""
    before = in_force.get()
    token = in_force.set(authority)
    guard.open_for(authority.id)
    try:
        yield authority
    finally:
        in_force.reset(token)
        guard.open_for(before.id if before else None)
