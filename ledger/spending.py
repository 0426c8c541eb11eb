"""Spends the authority that a decision gave. For approvals.execution alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from ledger import clock
from ledger.authority import Authority
from ledger.errors import NoAuthority
from ledger.holding import holding
from ledger.models import GrantedAuthority


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
    with holding(Authority(granted.pk, fingerprint, granted.reference, policy)) as authority:
        yield authority
