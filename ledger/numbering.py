"""Readable numbers: PR-00012, RFQ-00007, PO-00031. Never given twice; a rolled-back change may leave a gap."""

from __future__ import annotations

from django.db import connection

from ledger import databases, statements


def take(prefix: str) -> str:
    """The next number of this prefix. Call inside the transaction that uses it."""
    with statements.cursor() as cursor:
        return f"{prefix}-{databases.of(connection).next_number(cursor, prefix):05d}"
