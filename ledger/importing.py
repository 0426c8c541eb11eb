"""Authority to load a tenant's own data: demo, first set-up, sheets. For the import rooms alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from ledger import clock
from ledger.authority import Authority
from ledger.holding import holding
from ledger.models import GrantedAuthority


@contextmanager
def importing(batch: str, digest: str) -> Iterator[Authority]:
    """In force inside the block, which is one transaction. The caller records one entry per batch."""
    with transaction.atomic():
        at = clock.now()
        granted = GrantedAuthority.objects.create(
            purpose=GrantedAuthority.Purpose.IMPORT, fingerprint=digest, reference=batch, issued_at=at, spent_at=at
        )
        with holding(Authority(granted.pk, digest, batch)) as authority:
            yield authority
