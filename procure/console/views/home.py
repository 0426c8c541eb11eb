"""Home: what waits for me, what is stuck and why, plans at work, money, what runs out, health."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import formats
from django.utils.translation import gettext as _

from approvals import queries
from ledger import anchors, clock, scrubbing
from procure.console import desk, queue_page, sight
from procure.console.pages import entity_of, may, page, person_of, show

MOST_LINES = 5
#: Work that is due for longer than this means no worker is there.
WORKER_MISSING = timedelta(minutes=2)


@page()
def home(request: HttpRequest) -> HttpResponse:
    entity, person = entity_of(request), person_of(request)
    today, now = clock.business_date(entity), clock.now()
    decides = may(request, "proposal.decide")
    waiting = queries.queue(person, "mine" if decides else "requests", limit=MOST_LINES)
    context: dict[str, Any] = {
        "title": formats.date_format(today, "l j F Y"),
        "here": _("Home"),
        "decides": decides,
        "waiting": waiting,
        "waiting_count": queries.count(person, "mine" if decides else "requests"),
        "late": {gist.reference for gist in waiting if queue_page.is_late(gist, now)},
        "oldest": min((gist.made_at for gist in waiting), default=None),
        "plans": desk.plans(person),
        "may_ask": may(request, "requisition.capture"),
        "mine": sight.requisitions(person).filter(requested_by=person).order_by("-pk")[:MOST_LINES],
    }
    if sight.sees_all(person):
        health = desk.health(entity)
        context |= {
            "sees_all": True,
            "stuck": desk.stuck(entity),
            "purse": desk.purse(entity, today),
            "soon": desk.soon(entity, today),
            "health": health,
            "scrub_due": scrubbing.is_due(),
            "anchored": anchors.state(entity.log_id),
            "worker_missing": health.late > WORKER_MISSING,
        }
    return show(request, "console/home.html", context)
