"""A company's own tables: which kinds can be imported, and importing one as background work."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger import sources
from ledger.actors import Actor
from ledger.gauges import Gauge
from ledger.jobs import Ended
from ledger.models import Job, Source
from procure.console.listing import harmless
from procure.finance.imports import BudgetImport
from procure.orders.imports import OpenOrderImport
from vendors import batches
from vendors.batches import BatchReport, RowReport, Status
from vendors.imports import ItemImport, VendorImport

IMPORTERS: dict[str, Any] = {
    each.kind: each for each in (VendorImport(), ItemImport(), BudgetImport(), OpenOrderImport())
}
NAMES = {
    "vendors": _("Suppliers"),
    "items": _("Items"),
    "budgets": _("Budgets"),
    "open_orders": _("Open orders"),
}
#: Rows on the job's page; the report that may be fetched has them all.
MOST_SHOWN = 200


def run(job: Job, gauge: Gauge) -> Ended:
    """For `ledger.jobs`. All or nothing, so being cancelled or started twice leaves nothing half done."""
    told = job.arguments
    report = batches.run(
        IMPORTERS[told["kind"]],
        name=told["name"],
        content=bytes(job.given.content) if job.given else b"",
        actor=Actor.human(job.person),
        entity=job.entity,
        dry_run=told["dry_run"],
        partial=told["partial"],
        gauge=gauge,
    )
    worst_first = sorted(report.rows, key=lambda row: row.status != Status.ERROR)
    return Ended(
        {
            "kept": report.kept,
            "dry_run": report.dry_run,
            "counts": report.counts,
            "rows": [each.as_json() for each in worst_first[:MOST_SHOWN]],
            "of": len(report.rows),
        },
        file=_kept(report),
    )


def _kept(report: BatchReport) -> Source:
    return sources.keep(_table(report.rows), origin="import:report", media_type="text/csv; charset=utf-8")


def _table(rows: Sequence[RowReport]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["row", "status", "key", "message"])
    writer.writerows([each.row, each.status, harmless(each.key), harmless(each.message)] for each in rows)
    return text.getvalue().encode()


def columns(kind: str) -> list[tuple[str, bool]]:
    """The columns of a kind of table, and whether each must be there."""
    must = set(batches.columns(IMPORTERS[kind], required=True))
    return [(name, name in must) for name in batches.columns(IMPORTERS[kind])]
