"""Plans in the shape in which the journal tells them, to compare with a replay."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from agents.models import Plan, Step
from ledger.records import State, kept

CHUNK = 500


def plans(log: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, State]]:
    rows = Plan.objects.filter(entity__log=log).select_related("template")
    if keys is not None:
        rows = rows.filter(reference__in=keys)
    for row in rows.order_by("pk").prefetch_related("steps__overrides").iterator(CHUNK):
        yield (
            row.reference,
            {
                "status": "open" if row.is_live else row.status,
                "template": row.template.name,
                "version": row.template.version,
                "digest": row.template.digest,
                "subject": f"{row.subject_kind}/{row.subject_key}",
                "requested_by": str(row.requested_by_id) if row.requested_by_id else None,
                "inputs": kept(row.inputs),
                "paused": row.paused_at is not None,
                "compensating": row.compensating_at is not None,
                "steps": {each.key: _step(each) for each in row.steps.all()},
            },
        )


def _step(row: Step) -> dict[str, Any]:
    """`result_digest` as it is kept, `result` as it is computed from the result now."""
    told = row.status if row.status not in Step.OPEN or row.status == Step.Status.PARKED else "open"
    overrides = list(row.overrides.all())
    return {
        "status": told,
        "result_digest": row.result_digest,
        "result": kept(row.result) if row.result is not None else "",
        "override": kept(overrides[-1].result) if overrides else "",
    }
