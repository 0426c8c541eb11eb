"""What pages, commands and the API read about plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from agents.entries import plan_ref
from agents.graph import Lane, Place, lay_out
from agents.models import ModelCall, Plan, Step, StepAttempt, StepOverride
from ledger import clock, heartbeat, queue
from ledger.command import ObjectRef
from ledger.errors import NotFound
from ledger.journal import history_of
from ledger.models import Entry, LegalEntity, Restart

#: Fields by which a record is called, the best first.
NAMING = ("name", "label", "title", "reference", "key", "vendor", "item")


@dataclass(frozen=True, slots=True)
class Node:
    """A step as the plan page draws it."""

    key: str
    label: str
    role: str
    state: str
    state_label: str
    attempts: int
    started: datetime | None
    ended: datetime | None
    duration: timedelta | None
    waiting_for: str
    asks_person: bool
    error: str
    evidence: int
    proposals: tuple[str, ...]
    degraded: bool
    cost: Decimal
    column: int
    row: int
    max_attempts: int = 0
    #: A person's result stands in place of its own.
    overridden: bool = False
    deadline: datetime | None = None
    #: How many of the steps before it must be done: empty for all of them, else `any` or a number.
    join: str = ""
    #: Of a step that fanned out; of a branch, the step that it is one of and its number.
    branches: Branches | None = None
    branch_of: str = ""
    branch: int = 0
    #: The step that this one takes back.
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Branches:
    """How the branches of a step stand. `open` when the graph shows them one by one."""

    count: int
    done: int
    failed: int
    open: bool
    gather: str


@dataclass(frozen=True, slots=True)
class Edge:
    """From one step to one that comes after it; `done` when the first is settled.

    `kind` is `failed` where the second takes over when the first fails, `undo` between steps that take others back.
    """

    start: str
    end: str
    done: bool
    kind: str = ""


@dataclass(frozen=True, slots=True)
class PlanGraph:
    plan: Plan
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    lanes: tuple[Lane, ...]
    columns: int
    rows: int


def plan(reference: str, *, entity: LegalEntity | None = None) -> Plan:
    found = Plan.objects.select_related("template", "entity", "requested_by").filter(reference=reference)
    if entity is not None:
        found = found.filter(entity=entity)
    if plan := found.first():
        return plan
    raise NotFound(f"There is no plan “{reference[:40]}”.")


def plans_for(subject: ObjectRef) -> QuerySet[Plan]:
    """Newest first."""
    return Plan.objects.select_related("template").filter(subject_kind=subject.kind, subject_key=subject.key)


def live_plans(entity: LegalEntity) -> QuerySet[Plan]:
    return Plan.objects.select_related("template", "requested_by").filter(entity=entity, status__in=Plan.LIVE)


def parked_steps(entity: LegalEntity) -> QuerySet[Step]:
    """What is stuck and needs a person, oldest first; `error` says why."""
    return _of_live_plans(entity).filter(status=Step.Status.PARKED)


def asking_steps(entity: LegalEntity) -> QuerySet[Step]:
    """What waits for a person's answer or decision, oldest first; `waiting_for` says whose and what."""
    return _of_live_plans(entity).filter(status=Step.Status.WAITING, asks_person=True)


def _of_live_plans(entity: LegalEntity) -> QuerySet[Step]:
    """Others have no open step. Said aloud, steps are found by way of the few plans that live."""
    steps = Step.objects.select_related("plan__template")
    return steps.filter(plan__entity=entity, plan__status__in=Plan.LIVE)


def plan_graph(plan: Plan, *, expanded: Collection[str] = ()) -> PlanGraph:
    """The branches of a step are shown one by one where its key is in `expanded`, else only counted."""
    steps = list(plan.steps.select_related("fanned", "undoes").order_by("id"))
    shown = [each for each in steps if each.fanned is None or each.fanned.key in expanded]
    undoes = {each.key: each.undoes.key for each in shown if each.undoes}
    layout = lay_out([(each.key, each.role, each.after) for each in shown], undoes=undoes)
    calls, overridden = _calls(plan), _overridden(plan)
    nodes = tuple(
        replace(
            _node(each, layout.places[each.key], calls.get(each.key, {})),
            overridden=each.key in overridden,
            branches=_branches(each, steps, expanded),
        )
        for each in shown
    )
    edges = tuple(edge for each in shown for edge in _edges(each, {one.key: one for one in shown}))
    return PlanGraph(plan, nodes, edges, layout.lanes, layout.columns, layout.rows)


def plan_node(plan: Plan, step: Step) -> Node:
    """One step as the graph has it, whether or not it is shown there; without a place."""
    calls = _calls(plan).get(step.key, {})
    return replace(_node(step, Place(0, 0), calls), overridden=step.key in _overridden(plan))


def _edges(step: Step, shown: Mapping[str, Step]) -> list[Edge]:
    kind = "undo" if step.undoes_id else ""
    return [
        Edge(
            first.key,
            step.key,
            first.status in Step.SETTLED,
            "failed" if first.spec.get("branch") == step.spec.get("key", step.key) else kind,
        )
        for first in (shown[key] for key in step.after if key in shown)
    ]


def _branches(step: Step, steps: Sequence[Step], expanded: Collection[str]) -> Branches | None:
    own = [each.status for each in steps if each.fanned_id == step.pk]
    if not own:
        return None
    lost = (Step.Status.FAILED, Step.Status.PARKED)
    return Branches(
        count=len(own),
        done=own.count(Step.Status.DONE),
        failed=sum(each in lost for each in own),
        open=step.key in expanded,
        gather=str(step.spec.get("gather", "all")),
    )


def _overridden(plan: Plan) -> set[str]:
    return set(StepOverride.objects.filter(step__plan=plan).values_list("step__key", flat=True))


def _calls(plan: Plan) -> dict[str, dict[str, Any]]:
    rows = (
        ModelCall.objects.filter(plan=plan.reference)
        .order_by()
        .values("step")
        .annotate(cost=Sum("cost"), degraded=Count("pk", filter=Q(degraded=True)))
    )
    return {str(each["step"]): dict(each) for each in rows}


def _node(step: Step, place: Place, calls: dict[str, Any]) -> Node:
    duration = (step.ended_at - step.started_at) if step.started_at and step.ended_at else None
    return Node(
        key=step.key,
        label=item_words(step.item) or step.label,
        role=step.role,
        state=step.status,
        state_label=step.get_status_display(),
        attempts=step.attempts,
        started=step.started_at,
        ended=step.ended_at,
        duration=duration,
        waiting_for=step.waiting_for,
        asks_person=step.asks_person,
        error=step.error,
        evidence=len(step.evidence),
        proposals=tuple(_proposals(step)),
        degraded=bool(calls.get("degraded")),
        cost=calls.get("cost") or Decimal(0),
        column=place.column,
        row=place.row,
        max_attempts=step.max_attempts,
        deadline=step.deadline_at or step.wait_until,
        join="" if (join := str(step.spec.get("join", "all"))) == "all" else join,
        branch_of=step.fanned.key if step.fanned else "",
        branch=step.branch,
        undoes=step.undoes.key if step.undoes else "",
    )


def item_words(item: Any) -> str:
    """What a branch is for, in a few words: its element's name, else the first word in it; empty when it has none."""
    if isinstance(item, dict):
        named = [item[name] for name in NAMING if name in item]
        return next((words for each in [*named, *item.values()] if (words := item_words(each))), "")
    return str(item) if isinstance(item, str | int) and not isinstance(item, bool) else ""


def _proposals(step: Step) -> list[str]:
    awaited = [each["key"] for each in step.waiting_on if each["kind"] == "proposal"]
    made = (step.result or {}).get("proposal")
    return [*awaited, *([made] if made else [])]


def attempts(plan: Plan) -> QuerySet[StepAttempt]:
    return StepAttempt.objects.filter(step__plan=plan).select_related("step").order_by("started_at", "id")


def timeline(plan: Plan) -> QuerySet[Entry]:
    """Every fact in the journal that names the plan, oldest first."""
    return history_of(plan_ref(plan))


def oldest_due(entity: LegalEntity | None = None) -> timedelta:
    """For how long the oldest due step has been waiting for a worker; zero when none is."""
    due = Step.objects.filter(status=Step.Status.READY)
    if entity is not None:
        due = due.filter(plan__entity=entity)
    at = clock.now()
    oldest = due.filter(due_at__lte=at).aggregate(oldest=Min("due_at"))["oldest"]
    return at - oldest if oldest else timedelta(0)


@dataclass(frozen=True, slots=True)
class Health:
    """How the machinery behind the plans is."""

    worker_beat: timedelta | None
    sweeper_beat: timedelta | None
    oldest_due: timedelta
    queue: int
    restarts: tuple[Restart, ...]


def health() -> Health:
    """Since when worker and sweeper were last heard of (None: never), what waits, and the restarts of a day."""
    return Health(
        worker_beat=heartbeat.age(heartbeat.WORKER),
        sweeper_beat=heartbeat.age(heartbeat.SWEEPER),
        oldest_due=oldest_due(),
        queue=len(queue.waiting()),
        restarts=tuple(heartbeat.restarts()),
    )


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan with its steps as `manage.py plan show --json` and scenarios print it."""
    return {
        "reference": plan.reference,
        "template": plan.template.name,
        "version": plan.template.version,
        "entity": plan.entity.code,
        "subject": {"kind": plan.subject_kind, "key": plan.subject_key},
        "status": plan.status,
        "reason": plan.reason,
        "started_at": _instant(plan.started_at),
        "ended_at": _instant(plan.ended_at),
        "steps": [_step_json(each) for each in plan.steps.order_by("id")],
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "label": step.label,
        "role": step.role,
        "after": step.after,
        "status": step.status,
        "attempts": step.attempts,
        "started_at": _instant(step.started_at),
        "ended_at": _instant(step.ended_at),
        "waiting_for": step.waiting_for,
        "waiting_on": step.waiting_on,
        "error": step.error,
        "result": step.result,
        "evidence": step.evidence,
    }


def graph_json(graph: PlanGraph) -> dict[str, Any]:
    """Nodes with their places and edges, as `manage.py plan graph --json` prints them."""
    return {
        "reference": graph.plan.reference,
        "status": graph.plan.status,
        "lanes": [{"role": each.role, "row": each.row, "height": each.height} for each in graph.lanes],
        "columns": graph.columns,
        "rows": graph.rows,
        "nodes": [_node_json(each) for each in graph.nodes],
        "edges": [
            {"from": each.start, "to": each.end, "done": each.done, "kind": each.kind or "after"}
            for each in graph.edges
        ],
    }


def _node_json(node: Node) -> dict[str, Any]:
    told = {
        "key": node.key,
        "label": node.label,
        "role": node.role,
        "state": node.state,
        "column": node.column,
        "row": node.row,
        "attempts": node.attempts,
        "seconds": round(node.duration.total_seconds(), 3) if node.duration is not None else None,
        "cost": format(node.cost, "f"),
        "waiting_for": node.waiting_for,
        "join": node.join or "all",
        "branch_of": node.branch_of or None,
        "undoes": node.undoes or None,
        "overridden": node.overridden,
    }
    if node.branches:
        told["branches"] = {
            "count": node.branches.count,
            "done": node.branches.done,
            "failed": node.branches.failed,
            "gather": node.branches.gather,
        }
    return told


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
