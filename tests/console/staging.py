"""Plans in any state, written as rows: for pages that only read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from agents.models import Plan, PlanTemplate, Step, StepAttempt
from ledger import clock, numbering
from ledger.command import canonical, digest
from ledger.importing import importing
from ledger.models import LegalEntity, Person

Row = Mapping[str, Any]
MINUTE = timedelta(minutes=1)


def template(entity: LegalEntity, name: str = "staged", title: str = "A staged plan") -> PlanTemplate:
    with importing("staging", digest({"name": name})):
        return PlanTemplate.objects.get_or_create(
            entity=entity,
            name=name,
            version=1,
            defaults={
                "definition": {"title": title, "subject": "requisition", "steps": []},
                "digest": digest({"name": name}),
                "published_at": clock.now(),
            },
        )[0]


def plan(
    entity: LegalEntity, rows: Sequence[Row], *, by: Person | None = None, status: str = "running", **fields: Any
) -> Plan:
    """A plan with a step a row: `key`, and whatever of status, role, after, spec, times and tries is to be so.

    `fanned` and `undoes` name steps before it; `tries` are (outcome, seconds after the start, seconds it took).
    """
    at = fields.pop("started_at", clock.now() - 30 * MINUTE)
    made = Plan.objects.create(
        reference=numbering.take("PLN"),
        template=fields.pop("template", None) or template(entity),
        entity=entity,
        requested_by=by,
        subject_kind="requisition",
        subject_key="PR-00001",
        status=status,
        started_at=at,
        **fields,
    )
    steps: dict[str, Step] = {}
    for row in rows:
        steps[row["key"]] = _step(made, dict(row), steps, at)
    return made


def _step(made: Plan, row: dict[str, Any], before: Mapping[str, Step], at: datetime) -> Step:
    tries = row.pop("tries", ())
    key = row.pop("key")
    spec = {"key": key, "label": row.pop("label", key.replace("_", " ").capitalize()), "task": "act", "attempts": 5}
    result = row.pop("result", {"ok": True} if row.get("status") == "done" else None)
    took = row.pop("took", (0, 60) if row.get("status") == "done" else None)
    told: dict[str, Any] = {"role": "fake", "due_at": at, "after": [], "status": "pending"}
    if took:
        told["started_at"] = at + timedelta(seconds=took[0])
        told["ended_at"] = at + timedelta(seconds=took[1]) if row.get("status") == "done" else None
    if result is not None:
        told |= {"result": canonical(result), "result_digest": digest(canonical(result))}
    for name in ("fanned", "undoes"):
        if name in row:
            row[name] = before[row[name]]
    step = Step.objects.create(
        plan=made,
        key=key,
        **told | row | {"spec": spec | row.get("spec", {}), "attempts": len(tries) or int(took is not None)},
    )
    StepAttempt.objects.bulk_create(
        StepAttempt(
            step=step,
            number=number,
            fence=number,
            outcome=outcome,
            started_at=at + timedelta(seconds=start),
            ended_at=at + timedelta(seconds=start + long) if outcome else None,
        )
        for number, (outcome, start, long) in enumerate(tries or _once(told), start=1)
    )
    return step


def _once(told: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    if not told.get("started_at"):
        return []
    began = (told["started_at"] - told["due_at"]).total_seconds()
    ended = told.get("ended_at")
    return [("finished", began, (ended - told["started_at"]).total_seconds())] if ended else [("", began, 0)]
