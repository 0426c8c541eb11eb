"""Undoing a plan: one new step for each that can be taken back, newest first, each after the one before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents import crashpoints, entries, steps
from agents.models import Plan, Step
from ledger.actors import Actor
from ledger.models import Person

UNDO = "undo-"
#: The way back of a step that has only proposed: the built-in role proposes to undo it.
PROPOSALS = "proposals"
ROLE = "undo"


def begin(plan: Plan, *, at: datetime, reason: str, actor: Actor, by: Person | None = None) -> None:
    """Stops what is open and lays out the way back; inside a transaction that holds the plan. Settle it afterwards.

    `by` is the person who wants it: what is undone is undone in their name.
    """
    back = [each for each in plan.steps.all() if _can_be_taken_back(each)]
    back.sort(key=lambda each: (each.ended_at or at, each.pk), reverse=True)
    steps.cancel_open(plan, at=at)
    plan.compensating_at, plan.paused_at, plan.reason = at, None, reason
    plan.save(update_fields=["compensating_at", "paused_at", "reason"])
    made: list[Step] = []
    for each in back:
        made.append(_undoing(plan, each, after=made[-1].key if made else "", at=at, by=by))
    Step.objects.bulk_create(made)
    entries.plan_compensating(plan, actor=actor, reason=reason, steps=[each.key for each in made])
    crashpoints.reach("compensating")


def _can_be_taken_back(step: Step) -> bool:
    """What is done; and what has begun and may have proposed, so that nobody decides on it afterwards."""
    way_back = step.spec.get("compensation", "")
    if not way_back or step.undoes_id or _is_whole(step):
        return False
    begun = step.status in Step.OPEN and step.attempts > 0 and way_back == PROPOSALS
    return step.status == Step.Status.DONE or begun


def _is_whole(step: Step) -> bool:
    """A step with branches did nothing itself."""
    return not step.fanned_id and bool(step.spec.get("each") or step.spec.get("along"))


def _undoing(plan: Plan, step: Step, *, after: str, at: datetime, by: Person | None) -> Step:
    way_back = str(step.spec["compensation"])
    own: dict[str, Any] = {
        "key": f"{UNDO}{step.key}",
        "label": f"Undo: {step.label}",
        "role": ROLE if way_back == PROPOSALS else step.role,
        "task": way_back,
        "after": [after] if after else [],
        "on_failure": "ask",
    }
    kept = {name: step.spec[name] for name in KEPT if name in step.spec}
    memory = {"by": by.pk} if by else {}
    return steps.row(plan, kept | own, at=at, undoes=step, memory=memory)


#: Terms of a step that also hold for taking it back.
KEPT = ("given", "timeout", "attempts", "tier", "latency", "pool", "first_delay", "longest_delay", "remind_after")


def account(rows: Mapping[str, Step]) -> dict[str, list[str]]:
    """Of a plan that is undone: which steps were taken back, and which were not, by key."""
    undoing = {each.undoes_id: each for each in rows.values() if each.undoes_id}
    undone: list[str] = []
    not_undone: list[str] = []
    for each in rows.values():
        if each.pk in undoing:
            (undone if _was_undone(undoing[each.pk]) else not_undone).append(each.key)
        elif each.status == Step.Status.DONE and not each.undoes_id and not _is_whole(each):
            not_undone.append(each.key)
    return {"undone": undone, "not_undone": not_undone}


def _was_undone(step: Step) -> bool:
    return step.status == Step.Status.DONE and not (step.result or {}).get("not_undone")
