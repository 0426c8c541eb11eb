"""The key to governed data: issued by a decision for one fingerprint, spent once, in force only while spent.

Governed tables carry a trigger that refuses any write while no authority is in force on the connection. Handlers need
only what stands here. To issue, to spend and to import are rooms of their own (`granting`, `spending`, `importing`),
because import-linter lets nobody in but those few whose work it is.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from ledger.errors import NoAuthority


@dataclass(frozen=True, slots=True)
class Authority:
    """Handed to handlers. It opens nothing by itself: it must be the one in force."""

    id: int
    fingerprint: str
    reference: str
    #: Digest of the policy version in force when it was spent; an import has none.
    policy: str | None = None


#: Set by `ledger.holding` alone.
in_force: ContextVar[Authority | None] = ContextVar("authority_in_force", default=None)


def check(authority: Authority | None) -> None:
    """First line of every handler: the authority given is the one in force, or nothing happens."""
    if authority is None or in_force.get() != authority:
        raise NoAuthority()


def policy_in_force() -> str | None:
    """The policy digest that an entry made now carries; None while nothing decided is being carried out."""
    authority = in_force.get()
    return authority.policy if authority else None
