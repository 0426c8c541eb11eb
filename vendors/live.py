"""Vendors in the shape in which the journal tells them, to compare with a replay."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from django.db.models import Prefetch

from ledger.records import State
from vendors.models import CategoryApproval, Vendor

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
