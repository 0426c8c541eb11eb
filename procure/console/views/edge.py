"""Remote workers: let one in for some tasks and some time, see when each was last here, shut one out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from agents.edge import tokens
from agents.models import EdgeWorker
from ledger import clock
from ledger.errors import DomainError, InvalidInput
from procure.console.pages import actor_of, entity_of, page, show, status_of

DAYS = (1, 7, 30, 90)


def _issued(request: HttpRequest) -> dict[str, Any]:
    days = request.POST.get("days", "")
    if not days.isdecimal() or int(days) not in DAYS:
        raise InvalidInput(_("Choose for how many days."))
    worker, token = tokens.issue(
        name=request.POST.get("name", ""),
        pool=request.POST.get("pool", "").strip(),
        tasks=request.POST.getlist("task"),
        valid_for=timedelta(days=int(days)),
        actor=actor_of(request),
        entity=entity_of(request),
    )
    return {"fresh": worker, "token": token}


@page(right=tokens.RIGHT, methods=("GET", "HEAD", "POST"))
def workers(request: HttpRequest) -> HttpResponse:
    """A token is shown on the answer to the form that made it, and never again."""
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        try:
            context = _issued(request)
        except DomainError as error:
            context, status = {"problem": error.message}, status_of(error)
    context |= {
        "title": _("Remote workers"),
        "workers": EdgeWorker.objects.filter(entity=entity_of(request)).select_related("made_by"),
        "tasks": tokens.remote_tasks(),
        "days": DAYS,
        "at": clock.now(),
        "address": settings.BASE_URL,
        "given": request.POST,
        "ticked": request.POST.getlist("task"),
    }
    response = show(request, "console/edge.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


@page(right=tokens.RIGHT, methods=("POST",))
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    worker = tokens.revoke(tokens.one(entity_of(request), pk), actor=actor_of(request))
    messages.success(request, _("%(name)s is shut out; its token opens nothing any more.") % {"name": worker.name})
    return redirect("console:edge")
