"""Readable numbers: PR-00012, RFQ-00007, PO-00031. Not gapless: a rolled-back change gives its number back or not."""

from django.db.models import F

from ledger.models import NumberRange


def take(prefix: str) -> str:
    """The next number of this prefix. Call inside the transaction that uses it."""
    NumberRange.objects.get_or_create(prefix=prefix)
    NumberRange.objects.filter(prefix=prefix).update(last=F("last") + 1)
    return f"{prefix}-{NumberRange.objects.get(prefix=prefix).last:05d}"
