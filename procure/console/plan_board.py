"""The moving part of a plan's page, put together for the template: graph, time line, the chosen step."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from agents import queries
from agents.models import Plan, Step, StepAttempt, StepOverride
from ledger import clock
from procure.console import asked, looked_again, plan_page, steering, step_evidence
from procure.console.drawing import draw
from procure.console.pages import may
from procure.console.plan_time import time_line


def board(request: HttpRequest, plan: Plan) -> dict[str, Any]:
    steps = list(plan.steps.select_related("fanned", "undoes", "again_of").order_by("id"))
    for each in steps:
        each.plan = plan
    step = plan_page.chosen(steps, request.GET.get("step", ""))
    expanded = plan_page.opened(steps, request.GET.getlist("open"), step)
    graph = queries.plan_graph(plan, expanded=expanded)
    tries = list(queries.attempts(plan))
    whom = asked.whom(steps)
    replaced = plan_page.overrides(plan)
    shown = {node.key for node in graph.nodes}
    line = time_line(
        [each for each in steps if each.key in shown],
        tries,
        first=plan.started_at,
        last=plan.ended_at or clock.now(),
        zone=timezone.get_current_timezone(),  # type: ignore[arg-type]
    )
    manages = may(request, "plan.manage")
    return {
        "plan": plan,
        "drawing": draw(graph),
        "lines": plan_page.lines(graph, line.rows),
        "axis": line,
        "whom": whom,
        "waiting": plan_page.waiting(steps, whom),
        "pace": plan_page.pace(plan, steps),
        "done": sum(each.status in each.SETTLED for each in steps),
        "all": len(steps),
        "cost": sum((node.cost for node in graph.nodes), Decimal(0)),
        "again": looked_again.of_plan(plan, steps),
        "may_see_ledger": may(request, "ledger.view"),
        "may_manage": manages,
        "may_stop": may(request, "switch.stop"),
        "may_start": may(request, "switch.start"),
        "verbs": steering.of_plan(plan),
        "stop": steering.stop_of(plan),
        "expanded": sorted(expanded),
        "fragment": reverse("console:plan-graph", args=[plan.reference]),
        "query": urlencode({"step": step.key if step else "", "open": sorted(expanded)}, doseq=True),
    } | (_chosen(plan, step, steps, tries, replaced, manages=manages) if step else {"step": None})


def _chosen(
    plan: Plan,
    step: Step,
    steps: list[Step],
    tries: list[StepAttempt],
    replaced: Mapping[str, StepOverride],
    *,
    manages: bool,
) -> dict[str, Any]:
    graph_node = queries.plan_node(plan, step)
    proofs = step_evidence.proofs(step)
    own = [each for each in steps if each.fanned_id == step.pk]
    return {
        "step": step,
        "node": graph_node,
        "tries": plan_page.of_step(tries, step),
        "result": plan_page.flat(plan_page.effective(step, replaced)),
        "override": replaced.get(step.key),
        "own_result": plan_page.flat(step.result) if step.key in replaced else [],
        "handed": plan_page.handed(plan, step, steps, replaced),
        "inputs": [each for each in steps if each.key in step.after],
        "branches": own,
        "proofs": proofs,
        "more_proofs": max(0, len(step.evidence) - len(proofs)),
        "step_verbs": steering.of_step(plan, step, steps) if manages else frozenset(),
        "item": plan_page.flat(step.item),
        "step_asked": asked.whom([step]).get(step.key, ()),
    }
