"""One requisition: the words as said, what was understood, what is still asked, where it stands."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from agents.queries import plan_graph, plans_for
from agents.readers.text import normalise
from approvals.models import Proposal
from ledger.command import ObjectRef
from ledger.errors import InvalidInput
from procure import requisitions
from procure.console import sight, timeline
from procure.console.pages import actor_of, fragment, may, page, person_of, show
from procure.console.understanding import Asked, headline, path_in_words, understood
from procure.models import Requisition


def _found(request: HttpRequest, reference: str) -> Requisition:
    rows = sight.requisitions(person_of(request))
    return sight.one(rows.select_related("requested_by", "cost_centre", "source", "entity"), reference)


def _page(request: HttpRequest, found: Requisition, *, status: int = 200, **more: Any) -> HttpResponse:
    lines = list(found.lines.select_related("item"))
    plan = plans_for(ObjectRef("requisition", found.reference)).first()
    graph = plan_graph(plan) if plan else None
    references = [key for node in graph.nodes for key in node.proposals] if graph else []
    questions = list(found.questions.select_related("answered_by"))
    asked = [Asked(line.quantity, line.unit, line.item.name if line.item else line.description) for line in lines]
    given = more.get("given", {})
    said = normalise(found.words).text
    context = {
        "title": headline(asked, found.words),
        "here": found.reference,
        "requisition": found,
        "lines": lines,
        "said": said,
        "reading": understood(found.structured, said),
        "open": [
            (each, path_in_words(each.path), given.get(each.path, "")) for each in questions if not each.answered_at
        ],
        "answered": [each for each in questions if each.answered_at],
        "may_answer": may(request, "requisition.answer")
        and (found.requested_by_id == person_of(request).pk or may(request, "event.manage")),
        "plan": plan,
        "nodes": graph.nodes if graph else (),
        "proposals": Proposal.objects.filter(reference__in=references).order_by("pk"),
        "events": found.events.order_by("pk"),
        "orders": found.orders.select_related("vendor", "tracking").order_by("pk"),
        "history": timeline.history(ObjectRef("requisition", found.reference)),
    }
    return show(request, "console/requisition.html", context | more, status=status)


@page(right="proposal.view")
def requisition(request: HttpRequest, reference: str) -> HttpResponse:
    return _page(request, _found(request, reference))


@page(right="proposal.view")
def state(request: HttpRequest, reference: str) -> HttpResponse:
    """For a page that waits for the reader: asks for a fresh one as soon as there is something to see."""
    found = _found(request, reference)
    if found.structured or found.status != Requisition.Status.CAPTURED:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return fragment(request, "console/_unread.html", {"requisition": found})


@page(right="requisition.answer", methods=("POST",))
def answer(request: HttpRequest, reference: str) -> HttpResponse:
    found = _found(request, reference)
    given = {
        question.path: request.POST.get(f"q{question.pk}", "") for question in found.questions.filter(answered_at=None)
    }
    try:
        requisitions.answer(found, given, actor=actor_of(request))
    except InvalidInput as error:
        return _page(request, found, status=422, given=given, problem=error.message)
    messages.success(request, _("Thank you. The intake agent goes on with your answers."))
    return redirect("console:requisition", reference)
