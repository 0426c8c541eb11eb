"""The database's clock: what was noticed, what waits because of it, and a person's word that it is right."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from ledger import clock, timekeeping
from ledger.errors import DomainError
from ledger.models import ClockJump
from procure.console import clock_page
from procure.console.pages import actor_of, entity_of, may, page, show, status_of

RIGHT, VIEW = "clock.confirm", "ledger.view"
MOST_SHOWN = 50


@page(right=VIEW)
def board(request: HttpRequest) -> HttpResponse:
    return _board(request)


@page(right=RIGHT, methods=("POST",))
def confirm(request: HttpRequest) -> HttpResponse:
    """What is refused is said beside the form, with the words kept."""
    try:
        timekeeping.confirm(actor=actor_of(request), reason=request.POST.get("reason", ""))
    except DomainError as error:
        return _board(request, problem=error.message, status=status_of(error))
    messages.success(request, _("Confirmed. What waited goes on."))
    return redirect("console:clock")


def _board(request: HttpRequest, *, problem: str = "", status: int = 200) -> HttpResponse:
    held = clock.held()
    jumps = list(ClockJump.objects.select_related("confirmed_by")[:MOST_SHOWN])
    context = {
        "title": _("Clock"),
        "clock_held": False,  # this page says it at length
        "is_held": held,
        "shows": clock.read(),
        "open": next((each for each in jumps if each.confirmed_at is None), None),
        "past": [each for each in jumps if each.confirmed_at is not None],
        "waits": clock_page.waits(entity_of(request)) if held else [],
        "may_confirm": may(request, RIGHT),
        "limit": clock.JUMP,
        "problem": problem,
        "given": request.POST.get("reason", ""),
    }
    return show(request, "console/clock.html", context, status=status)
