"""Plans and templates in the shape in which the journal tells them, to compare with a replay."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby
from typing import Any

from agents.models import Plan, PlanTemplate, Step, TriggerRules
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


def templates(log: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, State]]:
    """`digest` as it is kept, `definition` as it is computed from the definition now."""
    rows = (
        PlanTemplate.objects.filter(entity__log=log)
        .select_related("entity")
        .order_by("entity__code", "name", "version")
    )
    for key, group in groupby(rows.iterator(CHUNK), key=lambda row: f"{row.entity.code}/{row.name}"):
        if keys is not None and key not in keys:
            continue
        versions = list(group)
        in_force = [each.version for each in versions if each.status == PlanTemplate.Status.PUBLISHED]
        yield (
            key,
            {
                "versions": {
                    str(each.version): {"digest": each.digest, "definition": kept(each.definition)} for each in versions
                },
                "in_force": in_force[0] if in_force else None,
            },
        )


def triggers(log: str, keys: Collection[str] | None = None) -> Iterator[tuple[str, State]]:
    """`digest` as it is kept, `rules` as it is computed from the rules now."""
    rows = TriggerRules.objects.filter(entity__log=log).select_related("entity").order_by("entity__code", "version")
    for code, group in groupby(rows.iterator(CHUNK), key=lambda row: row.entity.code):
        key = f"{code}/rules"
        if keys is not None and key not in keys:
            continue
        versions = list(group)
        in_force = [each.version for each in versions if each.status == TriggerRules.Status.PUBLISHED]
        told = {str(each.version): {"digest": each.digest, "rules": kept(each.rules)} for each in versions}
        yield key, {"versions": told, "in_force": in_force[0] if in_force else None}
