"""The control room: figures that lead to their rows, flow by role, queue health, and many plans at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from agents import roles
from agents.models import Plan
from ledger import clock, jobs, switches
from ledger.errors import InvalidInput
from procure.console import bulk, control_room, desk, flow_figures, plots
from procure.console.control_room import AGES, BY_NAME, Narrowing
from procure.console.pages import actor_of, entity_of, fragment, may, page, person_of, show

#: The worker beats every minute, the sweeper more often: whoever is quiet for so long may be gone.
SILENT = timedelta(minutes=3)


def _figures(request: HttpRequest) -> dict[str, Any]:
    entity, now = entity_of(request), clock.now()
    found = flow_figures.starts(entity)
    flows = flow_figures.by_role(found, entity)
    through = flow_figures.throughput(found, now=now)
    act = plots.scale(each.act for each in flows)
    wait = plots.scale(each.wait for each in flows)
    return {
        "figures": control_room.figures(person_of(request)),
        "narrowing": Narrowing.of(request.GET),
        "through": through,
        "bars": plots.bars(through.bins),
        "flows": [(each, plots.spread_mark(each.act, act), plots.spread_mark(each.wait, wait)) for each in flows],
        "act": act,
        "wait": wait,
        "health": flow_figures.health(entity),
        "silent": SILENT,
        "unclaimed": control_room.UNCLAIMED,
        "stopped_all": switches.stopped(),
        "may_stop": may(request, "switch.stop"),
        "may_start": may(request, "switch.start"),
        "at": now,
    }


@page(right="ledger.view")
def room(request: HttpRequest) -> HttpResponse:
    person, entity = person_of(request), entity_of(request)
    narrowing = Narrowing.of(request.GET)
    rows = control_room.rows(person, narrowing)
    total, more = control_room.count(rows)
    below = request.GET.get("below", "")
    listed = rows.filter(pk__lt=int(below)) if below.isdecimal() and len(below) < 18 else rows
    shown = list(listed.select_related("template", "requested_by")[: control_room.PER_PAGE + 1])
    state = BY_NAME.get(narrowing.state)
    context = _figures(request) | {
        "title": _("Control room"),
        "work": desk.at_work(shown[: control_room.PER_PAGE]),
        "older": shown[control_room.PER_PAGE - 1].pk if len(shown) > control_room.PER_PAGE else None,
        "total": total,
        "more": more,
        "state": state,
        "templates": control_room.template_names(entity),
        "roles": sorted(roles.specifications()),
        "people": control_room.askers(entity),
        "ages": [(name, words) for name, (words, _age) in AGES.items()],
        "filtered": urlencode(narrowing.as_query()),
        "may_manage": may(request, "plan.manage"),
    }
    return show(request, "console/control_room.html", context)


@page(right="ledger.view")
def figures(request: HttpRequest) -> HttpResponse:
    """The figures alone, which the page asks for again and again; the rows stay as they were."""
    return fragment(request, "console/_control_figures.html", _figures(request))


def _asked(request: HttpRequest) -> tuple[bulk.Verb, dict[str, Any], QuerySet[Plan]]:
    verb = bulk.VERBS.get(request.POST.get("verb", ""))
    if verb is None:
        raise InvalidInput(_("Plans are paused or resumed together; anything else is done one by one."))
    everything = request.POST.get("all") == "yes"
    picked = request.POST.getlist("pick")[: bulk.MOST_PICKED]
    if not everything and not picked:
        raise InvalidInput(_("Pick at least one plan."))
    narrowing = Narrowing.of(request.POST)
    rows = bulk.chosen(person_of(request), picked, narrowing if everything else None)
    kept = {"verb": verb, "everything": everything, "picked": picked, "narrowing": narrowing.as_query()}
    return verb, kept, rows


@page(right="plan.manage", methods=("POST",))
def confirm(request: HttpRequest) -> HttpResponse:
    """How many, which, and what happens: nothing is done yet."""
    verb, kept, rows = _asked(request)
    total, more = control_room.count(rows)
    context = kept | {
        "title": verb.title,
        "here": verb.title,
        "crumbs": [(_("Control room"), reverse("console:control"))],
        "total": total,
        "more": more,
        "first": list(rows.select_related("template")[:10]),
        "in_background": total > bulk.AT_ONCE,
    }
    return show(request, "console/bulk_confirm.html", context)


@page(right="plan.manage", methods=("POST",))
def carry(request: HttpRequest) -> HttpResponse:
    """A few at once, many in the background; either way what was refused is told."""
    verb, _kept, rows = _asked(request)
    reason = request.POST.get("reason", "").strip()[:300]
    if verb.needs_reason and not reason:
        raise InvalidInput(_("Say why, so that others know what to wait for."))
    keys = list(rows.order_by("-pk").values_list("pk", flat=True)[: control_room.MOST_COUNTED])
    if len(keys) > bulk.AT_ONCE:
        job = jobs.ask(
            "plans",
            title=f"{verb.title} ({len(keys)})",
            actor=actor_of(request),
            entity=entity_of(request),
            arguments={"verb": verb.name, "plans": keys, "reason": reason},
        )
        return redirect("console:job", job.reference)
    tally = bulk.carry(verb, keys, person=person_of(request), reason=reason)
    said = _("%(done)d of %(all)d plans: done.") % {"done": tally.done + tally.stood, "all": len(keys)}
    (messages.warning if tally.refused else messages.success)(request, said)
    for reference, why in tally.refused:
        messages.error(request, f"{reference}: {why}")
    return redirect("console:control")
