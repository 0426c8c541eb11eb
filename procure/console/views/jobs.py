"""Long work: how far it is, what came of it, cancelling it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger import gauges, jobs
from ledger.errors import NotFound
from ledger.models import Job, Person
from procure.console import sight
from procure.console.importing import MOST_SHOWN
from procure.console.listing import Chip, Column, Listing, respond
from procure.console.pages import actor_of, entity_of, fragment, may, page, person_of, show
from procure.console.templatetags.shown import status
from procure.console.views.lists import dates, dress_dates

LIVE = gettext_lazy("at work")


def rows(person: Person) -> QuerySet[Job]:
    """One's own; those who see the ledger see everybody's."""
    found = Job.objects.filter(entity=person.entity).select_related("person", "entity")
    return found if sight.sees_all(person) else found.filter(person=person)


def _far(job: Job) -> str:
    reading = gauges.read(job)
    return f"{reading.percent} %" if job.is_live and reading.percent is not None else ""


JOBS = Listing(
    name="jobs",
    title=gettext_lazy("Background work"),
    lead=gettext_lazy("Imports, long checks and other work that goes on while you do something else."),
    rows=rows,
    columns=(
        Column(gettext_lazy("Number"), lambda row: row.reference, lambda row: row.reference),
        Column(gettext_lazy("What"), lambda row: row.title, lambda row: row.title, "grow"),
        Column(gettext_lazy("Who"), lambda row: str(row.person), lambda row: str(row.person)),
        Column(gettext_lazy("Done"), _far, _far, "num"),
        dates(gettext_lazy("Asked"), "made_at"),
        dates(gettext_lazy("Ended"), "ended_at"),
        Column(gettext_lazy("Status"), status, lambda row: str(row.get_status_display())),
    ),
    chips=(
        Chip("live", LIVE, lambda _entity: jobs.LIVE),
        Chip("failed", gettext_lazy("failed"), lambda _entity: jobs.FAILED),
    ),
    search=("reference", "title"),
    empty=gettext_lazy("An import or a check of the whole ledger stands here while it runs, and afterwards."),
    address=lambda row: reverse("console:job", args=[row.reference]),
    dress=dress_dates("made_at", "ended_at"),
)


@page()
def listing(request: HttpRequest) -> HttpResponse:
    return respond(request, JOBS)


def _board(request: HttpRequest, job: Job) -> dict[str, Any]:
    return {
        "job": job,
        "reading": gauges.read(job),
        "may_cancel": job.is_live and (job.person_id == person_of(request).pk or may(request, "switch.stop")),
        "rehearsed": job.kind == "import" and job.status == Job.Status.DONE and job.outcome.get("dry_run"),
        "most_shown": MOST_SHOWN,
    }


@page()
def job(request: HttpRequest, reference: str) -> HttpResponse:
    found = sight.one(rows(person_of(request)), reference)
    return show(request, "console/job.html", _board(request, found) | {"title": found.title})


@page()
def state(request: HttpRequest, reference: str) -> HttpResponse:
    """The moving part; it asks again only while the work goes on."""
    return fragment(request, "console/_job.html", _board(request, sight.one(rows(person_of(request)), reference)))


@page(methods=("POST",))
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    jobs.cancel(sight.one(rows(person_of(request)), reference), actor=actor_of(request))
    messages.success(request, _("Asked to stop. Nothing is left half done."))
    return redirect("console:job", reference)


@page()
def file(request: HttpRequest, reference: str) -> HttpResponse:
    found = sight.one(rows(person_of(request)), reference)
    if found.file is None or found.file.erased_at is not None:
        raise NotFound(_("%(job)s made no file, or it was erased.") % {"job": found.reference})
    response = HttpResponse(bytes(found.file.content), content_type=found.file.media_type)
    response["Content-Disposition"] = f'attachment; filename="{found.reference}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


TITLES = {
    "ledger.verify": gettext_lazy("Check of the whole ledger"),
    "ledger.compare": gettext_lazy("Comparison of all rows with the ledger"),
}


@page(right="ledger.view", methods=("POST",))
def look(request: HttpRequest) -> HttpResponse:
    """Begins one of the long looks at the ledger."""
    kind = request.POST.get("kind", "")
    if kind not in TITLES:
        raise NotFound(_("There is no such check."))
    begun = jobs.ask(kind, title=str(TITLES[kind]), actor=actor_of(request), entity=entity_of(request))
    return redirect("console:job", begun.reference)
