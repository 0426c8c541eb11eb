"""Plans at work: the graph, who is waited for, each step's story, and why a result is what it is."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from agents.models import Plan
from ledger.command import ObjectRef
from ledger.errors import NotFound
from procure.console import plan_page, sight, timeline, why
from procure.console.pages import fragment, page, person_of, show
from procure.console.places import address
from procure.console.plan_board import board


def seen(request: HttpRequest) -> QuerySet[Plan]:
    return sight.plans(person_of(request)).select_related("template", "entity", "requested_by")


@page(right="proposal.view")
def plan(request: HttpRequest, reference: str) -> HttpResponse:
    found = sight.one(seen(request), reference)
    context = board(request, found) | {
        "title": found.template.title,
        "here": found.reference,
        "subject_link": address(found.subject_kind, found.subject_key),
        "history": timeline.history(ObjectRef("plan", found.reference)),
    }
    return show(request, "console/plan.html", context)


@page(right="proposal.view")
def graph(request: HttpRequest, reference: str) -> HttpResponse:
    """The moving part alone; it asks again until the plan has ended."""
    found = sight.one(seen(request), reference)
    return fragment(request, "console/_plan_board.html", board(request, found))


@page(right="proposal.view")
def trail(request: HttpRequest, reference: str) -> HttpResponse:
    """From the result of one step back to what the plan began with."""
    found = sight.one(seen(request), reference)
    steps = list(found.steps.select_related("fanned", "undoes").order_by("id"))
    step = plan_page.chosen(steps, request.GET.get("step", ""))
    if step is None:
        raise NotFound()
    context = {
        "title": _("Why did this happen"),
        "here": _("Why"),
        "crumbs": [(found.reference, address("plan", found.reference))],
        "plan": found,
        "step": step,
        "trail": why.trail(found, step, steps),
        "subject_link": address(found.subject_kind, found.subject_key),
    }
    return show(request, "console/plan_why.html", context)
