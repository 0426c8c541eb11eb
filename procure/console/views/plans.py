"""Plans at work: the graph, who is waited for, each step's story."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from agents import plans, queries
from agents.models import Plan
from ledger.command import ObjectRef
from ledger.errors import NotFound
from procure.console import plan_page, sight, timeline
from procure.console.drawing import draw
from procure.console.pages import actor_of, fragment, may, page, person_of, show
from procure.console.places import address


def _board(request: HttpRequest, plan: Plan) -> dict[str, object]:
    steps = list(plan.steps.order_by("id"))
    graph = queries.plan_graph(plan)
    step = plan_page.chosen(steps, request.GET.get("step", ""))
    return {
        "plan": plan,
        "drawing": draw(graph),
        "nodes": graph.nodes,
        "waiting": plan_page.waiting(steps),
        "step": step,
        "node": next((each for each in graph.nodes if step and each.key == step.key), None),
        "tries": [each for each in queries.attempts(plan) if step and each.step_id == step.pk],
        "result": plan_page.flat(step.result) if step else [],
        "inputs": [each for each in steps if step and each.key in step.after],
        "moves": plan_page.moves(plan, steps),
        "done": sum(each.status in each.SETTLED for each in steps),
        "subject_link": address(plan.subject_kind, plan.subject_key),
        "may_manage": may(request, "plan.manage"),
    }


@page(right="proposal.view")
def plan(request: HttpRequest, reference: str) -> HttpResponse:
    found = sight.one(sight.plans(person_of(request)).select_related("template", "entity", "requested_by"), reference)
    context = _board(request, found) | {
        "title": found.template.title,
        "here": found.reference,
        "history": timeline.history(ObjectRef("plan", found.reference)),
    }
    return show(request, "console/plan.html", context)


@page(right="proposal.view")
def graph(request: HttpRequest, reference: str) -> HttpResponse:
    """The moving part alone; it asks again only while something runs."""
    found = sight.one(sight.plans(person_of(request)).select_related("template", "entity", "requested_by"), reference)
    return fragment(request, "console/_plan_board.html", _board(request, found))


@page(right="plan.manage", methods=("POST",))
def release(request: HttpRequest, reference: str, key: str) -> HttpResponse:
    found = sight.one(sight.plans(person_of(request)), reference)
    step = found.steps.filter(key=key).first()
    if step is None:
        raise NotFound()
    plans.release(step, actor=actor_of(request))
    messages.success(request, _("“%(step)s” tries again.") % {"step": step.label})
    return redirect("console:plan", reference)


@page(right="plan.manage", methods=("POST",))
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    found = sight.one(sight.plans(person_of(request)), reference)
    plans.cancel(found, actor=actor_of(request), reason=request.POST.get("reason", ""))
    messages.success(request, _("%(plan)s has ended. What was carried out stays.") % {"plan": reference})
    return redirect("console:plan", reference)
