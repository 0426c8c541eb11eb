"""The ledger as a list: what happened, who, to what, when."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from ledger.models import Entry, LedgerHead
from procure.console import timeline
from procure.console.pages import entity_of, page, show

PAGE = 60
SUBJECTS = ("requisition", "plan", "step", "proposal", "event", "bid", "award", "order", "erp", "budget", "switch")


@page(right="ledger.view")
def entries(request: HttpRequest) -> HttpResponse:
    """Newest first; `kind`, `actor` and `object` narrow it, `before` turns the page."""
    log = entity_of(request).log_id
    found = Entry.objects.filter(log_id=log).order_by("-seq")
    if kind := request.GET.get("kind", "").strip():
        found = found.filter(kind=kind) if "." in kind else found.filter(kind__startswith=f"{kind}.")
    if actor := request.GET.get("actor", "").strip():
        found = found.filter(actor_kind=actor)
    if ":" in (named := request.GET.get("object", "").strip()):
        object_kind, key = named.split(":", 1)
        found = found.filter(objects_index__kind=object_kind, objects_index__key=key).distinct()
    if (before := request.GET.get("before", "")).isdecimal():
        found = found.filter(seq__lt=int(before[:18]))
    rows = list(found[: PAGE + 1])
    return show(
        request,
        "console/ledger.html",
        {
            "title": _("Ledger"),
            "head": LedgerHead.objects.get(log=log),
            "lines": timeline.lines(rows[:PAGE]),
            "next": rows[PAGE - 1].seq if len(rows) > PAGE else None,
            "subjects": SUBJECTS,
            "kind": kind,
            "object": named,
        },
    )
