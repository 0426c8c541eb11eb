"""Vendors in the shape in which the journal tells them, to compare with a replay."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Prefetch

from ledger.records import State
from vendors.models import BankDetails, CategoryApproval, Vendor

CHUNK = 1000


def vendors(log: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, State]]:
    rows = Vendor.objects.filter(entity__log=log)
    if keys is not None:
        rows = rows.filter(key__in=keys)
    approvals = Prefetch("category_approvals", CategoryApproval.objects.select_related("category"))
    for row in rows.order_by("pk").prefetch_related(approvals).iterator(CHUNK):
        categories = {
            each.category.code: each.valid_until.isoformat() if each.valid_until else ""
            for each in row.category_approvals.all()
        }
        yield row.key, {"status": row.status, "categories": categories}


def bank_details(row: BankDetails) -> dict[str, Any]:
    """Everything but the values, for which a commitment stands."""
    return {
        "version": row.version,
        "status": str(row.status),
        "hold_until": row.hold_until.isoformat(),
        "called_back": str(row.called_back_id),
        "requested_by": row.requested_by,
        "verified_by": row.verified_by,
        "commitment": row.commitment,
    }


def all_bank_details(log: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, State]]:
    rows = BankDetails.objects.filter(vendor__entity__log=log).select_related("vendor")
    for row in rows.order_by("pk").iterator(CHUNK):
        key = f"{row.vendor.key}/{row.version}"
        if keys is None or key in keys:
            yield key, bank_details(row)
