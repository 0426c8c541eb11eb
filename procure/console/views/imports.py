"""Importing a company's own tables: choose, try, keep."""

from __future__ import annotations

import csv
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from ledger import jobs, sources
from ledger.errors import DomainError, InvalidInput, NotFound, Stale
from ledger.models import Job, Source
from procure.console import importing, sight
from procure.console.pages import actor_of, entity_of, page, person_of, show, status_of
from procure.console.views.jobs import rows
from vendors.sheets import MAX_BYTES


def _ask(request: HttpRequest, *, kind: str, name: str, given: Source, dry_run: bool, partial: bool, mail: bool) -> Job:
    title = _("Try of %(what)s from %(file)s") if dry_run else _("Import of %(what)s from %(file)s")
    return jobs.ask(
        "import",
        title=title % {"what": str(importing.NAMES.get(kind, kind)).lower(), "file": name},
        actor=actor_of(request),
        entity=entity_of(request),
        arguments={"kind": kind, "name": name, "dry_run": dry_run, "partial": partial},
        given=given,
        mail=mail,
    )


def _begun(request: HttpRequest) -> Job:
    kind, upload = request.POST.get("kind", ""), request.FILES.get("file")
    if kind not in importing.IMPORTERS:
        raise InvalidInput(_("Choose what the table holds."))
    if upload is None:
        raise InvalidInput(_("Choose a CSV or XLSX file."))
    if (upload.size or 0) > MAX_BYTES:
        raise InvalidInput(_("The file is larger than %d MB. Split it.") % (MAX_BYTES // 1_000_000))
    name = str(upload.name or "table.csv")[-100:]
    given = sources.keep(
        upload.read(), origin=f"user:{person_of(request).pk}", media_type=(upload.content_type or "text/csv")[:80]
    )
    return _ask(
        request,
        kind=kind,
        name=name,
        given=given,
        dry_run=request.POST.get("dry_run") == "on",
        partial=request.POST.get("partial") == "on",
        mail=request.POST.get("mail") == "on",
    )


@page(right="tenant.import", methods=("GET", "HEAD", "POST"))
def take(request: HttpRequest) -> HttpResponse:
    problem = ""
    if request.method == "POST":
        try:
            return redirect("console:job", _begun(request).reference)
        except DomainError as error:
            problem, status = error.message, status_of(error)
    context: dict[str, Any] = {
        "title": _("Import your own data"),
        "kinds": [(kind, importing.NAMES.get(kind, kind), importing.columns(kind)) for kind in importing.IMPORTERS],
        "problem": problem,
        "chosen": request.POST.get("kind", "") if problem else request.GET.get("kind", "vendors"),
        "address": person_of(request).email,
        "largest": MAX_BYTES // 1_000_000,
    }
    return show(request, "console/import.html", context, status=status if problem else 200)


@page(right="tenant.import")
def blank(request: HttpRequest, kind: str) -> HttpResponse:
    """An empty table with the right heading."""
    if kind not in importing.IMPORTERS:
        raise NotFound(_("There is no such table."))
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{kind}.csv"'
    csv.writer(response).writerow([name for name, _must in importing.columns(kind)])
    return response


@page(right="tenant.import", methods=("POST",))
def for_real(request: HttpRequest, reference: str) -> HttpResponse:
    """The same file that was tried, now kept."""
    tried = sight.one(rows(person_of(request)), reference)
    if tried.kind != "import" or tried.given is None or tried.given.erased_at is not None:
        raise Stale(_("The file of %(job)s is not kept any more. Choose it again.") % {"job": tried.reference})
    told = tried.arguments
    begun = _ask(
        request,
        kind=told["kind"],
        name=told["name"],
        given=tried.given,
        dry_run=False,
        partial=told["partial"],
        mail=tried.mail,
    )
    return redirect("console:job", begun.reference)
