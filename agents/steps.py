"""Rows of a plan's steps: made from their terms, and stopped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import F

from agents.models import AwaitedObject, Plan, Step
from ledger.command import canonical

PRIORITIES = {"hot": Step.Priority.HOT, "normal": Step.Priority.NORMAL, "cold": Step.Priority.COLD}
#: What a step that waits for nobody any more looks like.
AT_REST: dict[str, Any] = {
    "waiting_on": [],
    "wait_until": None,
    "waiting_for": "",
    "asks_person": False,
    "remind_at": None,
    "deadline_at": None,
    "reminded": 0,
}


def row(plan: Plan, spec: Mapping[str, Any], *, at: datetime, **more: Any) -> Step:
    """Not saved. The terms are those of a template's step, complete."""
    return Step(
        plan=plan,
        key=spec["key"],
        role=spec["role"],
        spec=canonical(dict(spec)),
        max_attempts=spec["attempts"],
        priority=PRIORITIES.get(spec.get("latency", ""), Step.Priority.NORMAL),
        pool=spec.get("pool", ""),
        due_at=at,
        **{"after": list(spec["after"])} | more,
    )


def cancel_open(plan: Plan, *, at: datetime) -> None:
    """Every step that has no result yet stops; whoever still works on one finds its fence gone."""
    still = plan.steps.filter(status__in=Step.OPEN)
    AwaitedObject.objects.filter(step__in=still).delete()
    still.update(status=Step.Status.CANCELLED, fence=F("fence") + 1, lease_until=None, ended_at=at, **AT_REST)
