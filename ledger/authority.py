"""The key to governed data: issued by a decision for one fingerprint, spent once, in force only while spent.

`approvals.decisions` issues, `approvals.execution` spends; imports of a tenant's data have a purpose of their own.
Governed tables carry a trigger that refuses any write while no authority is in force on the connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from ledger import clock, guard
from ledger.errors import NoAuthority
from ledger.models import GrantedAuthority


@dataclass(frozen=True, slots=True)
class Authority:
    """Handed to handlers. It opens nothing by itself: it must be the one in force."""

    id: int
    fingerprint: str
    reference: str
    #: Digest of the policy version in force when it was spent; an import has none.
    policy: str | None = None


_in_force: ContextVar[Authority | None] = ContextVar("authority_in_force", default=None)


def issue(*, fingerprint: str, reference: str, expires_in: timedelta | None = timedelta(days=14)) -> GrantedAuthority:
    """For approvals.decisions alone."""
    at = clock.now()
    return GrantedAuthority.objects.create(
        purpose=GrantedAuthority.Purpose.DECISION,
        fingerprint=fingerprint,
        reference=reference,
        issued_at=at,
        expires_at=at + expires_in if expires_in else None,
    )


@contextmanager
def spending(granted_id: int, fingerprint: str, *, policy: str) -> Iterator[Authority]:
    """Spends the authority and keeps it in force inside the block; one transaction, once ever.

    `policy` is the digest of the version in force: every entry made inside carries it.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("authority is spent inside the transaction of the act it allows")
    if not policy:
        raise NoAuthority("Nothing governed changes without the digest of the policy by which it was decided.")
    at = clock.now()
    live = GrantedAuthority.objects.filter(pk=granted_id, fingerprint=fingerprint, spent_at=None)
    if not live.exclude(expires_at__lte=at).update(spent_at=at):
        raise NoAuthority("The approval for this has expired, was used already, or was for something else.")
    granted = GrantedAuthority.objects.get(pk=granted_id)
    with _holding(Authority(granted.pk, fingerprint, granted.reference, policy)) as authority:
        yield authority


@contextmanager
def importing(batch: str, digest: str) -> Iterator[Authority]:
    """For loading a tenant's own data (demo, first set-up, CSV). The caller records one entry per batch."""
    with transaction.atomic():
        at = clock.now()
        granted = GrantedAuthority.objects.create(
            purpose=GrantedAuthority.Purpose.IMPORT, fingerprint=digest, reference=batch, issued_at=at, spent_at=at
        )
        with _holding(Authority(granted.pk, digest, batch)) as authority:
            yield authority


@contextmanager
def _holding(authority: Authority) -> Iterator[Authority]:
    before = _in_force.get()
    token = _in_force.set(authority)
    guard.open_for(authority.id)
    try:
        yield authority
    finally:
        _in_force.reset(token)
        guard.open_for(before.id if before else None)


def check(authority: Authority | None) -> None:
    """First line of every handler: the authority given is the one in force, or nothing happens."""
    if authority is None or _in_force.get() != authority:
        raise NoAuthority()


def policy_in_force() -> str | None:
    """The policy digest that an entry made now carries; None while nothing decided is being carried out."""
    authority = _in_force.get()
    return authority.policy if authority else None
