"""Writes the branches of a step that fans out: steps of their own, made in the moment in which it is decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from agents import crashpoints, entries, steps
from agents.flow import Moves, StepState
from agents.models import Plan, Step


def fan_out(plan: Plan, rows: Mapping[str, Step], moves: Moves, *, at: datetime) -> dict[str, Step]:
    """The steps added, by key, each as it stands after the moves. `rows` are those that there were."""
    made = [
        _branch(plan, rows[key], each, moves, at=at) for key, branches in moves.fanned_out.items() for each in branches
    ]
    added = {each.key: each for each in Step.objects.bulk_create(made)} if made else {}
    for key, branches in moves.fanned_out.items():
        if branches:
            entries.step_fanned_out(plan, rows[key], branches=[each.key for each in branches])
    crashpoints.reach("fanned_out")
    return added


def _branch(plan: Plan, parent: Step, state: StepState, moves: Moves, *, at: datetime) -> Step:
    status = Step.Status.PENDING
    for told, keys in ((Step.Status.READY, moves.ready), (Step.Status.SKIPPED, moves.skipped)):
        status = told if state.key in keys else status
    return steps.row(
        plan,
        {**state.spec, "after": list(state.after)},
        at=at,
        status=Step.Status.PARKED if state.key in moves.parked else status,
        error=moves.parked.get(state.key, ""),
        fanned=parent,
        branch=state.branch,
        item=state.item,
    )
