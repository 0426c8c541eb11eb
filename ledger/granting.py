"""Issues the authority that a decision gives. For approvals.decisions alone."""

from __future__ import annotations

from datetime import timedelta

from ledger import clock
from ledger.models import GrantedAuthority


def issue(*, fingerprint: str, reference: str, expires_in: timedelta | None = timedelta(days=14)) -> GrantedAuthority:
    """Good once, for this very fingerprint, until it expires."""
    at = clock.now()
    return GrantedAuthority.objects.create(
        purpose=GrantedAuthority.Purpose.DECISION,
        fingerprint=fingerprint,
        reference=reference,
        issued_at=at,
        expires_at=at + expires_in if expires_in else None,
    )
