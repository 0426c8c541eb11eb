"""Notices: what suppliers announced, one with the plans that it reached, and the form on which somebody records one."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import Reconsideration
from ledger import clock
from ledger.command import ObjectRef
from ledger.errors import DomainError, InvalidInput
from ledger.journal import history_of
from procure import notices
from procure.console import sight, timeline
from procure.console.listing import Chip, Column, Listing, respond
from procure.console.pages import actor_of, entity_of, may, page, person_of, show, status_of
from procure.console.views.lists import dates, dress_dates
from procure.console.wording import unit_price
from procure.models import Notice
from vendors.models import Item, Vendor

SEE = "records.view"
MOST_SUGGESTED = 400


def _about(row: Notice) -> str:
    return ", ".join(each.name for each in (row.vendor, row.item) if each)


def _price(row: Notice) -> str:
    return "" if row.new_price is None else f"{unit_price(row.new_price, row.currency)} {row.currency}"


def _chip(kind: str) -> Chip:
    return Chip(kind, Notice.Kind(kind).label, lambda _entity: Q(kind=kind))


NOTICES = Listing(
    name="notices",
    title=gettext_lazy("Notices"),
    lead=gettext_lazy("What suppliers and markets have announced. Plans at work that it concerns look again."),
    rows=lambda person: sight.notices(person).select_related("vendor", "item", "recorded_by", "entity"),
    columns=(
        Column(gettext_lazy("Number"), lambda row: row.reference, lambda row: row.reference),
        Column(gettext_lazy("Kind"), lambda row: row.get_kind_display(), lambda row: row.kind, "nowrap"),
        Column(gettext_lazy("About"), _about, _about, "grow"),
        Column(gettext_lazy("New price"), _price, _price, "num"),
        dates(gettext_lazy("From"), "effective_on"),
        Column(gettext_lazy("Recorded by"), lambda row: str(row.recorded_by), lambda row: str(row.recorded_by)),
        dates(gettext_lazy("Recorded"), "recorded_at"),
    ),
    chips=tuple(_chip(each) for each in Notice.Kind.values),
    search=("reference", "vendor__key", "vendor__name", "item__key", "item__name"),
    empty=gettext_lazy("When a supplier announces a price, a shortage or a delay, record it: plans take it up."),
    address=lambda row: reverse("console:notice", args=[row.reference]),
    dress=dress_dates("effective_on", "recorded_at"),
    begin=(gettext_lazy("Record a notice"), "console:notice-record", notices.RIGHT),
)


@page(right=SEE)
def listing(request: HttpRequest) -> HttpResponse:
    return respond(request, NOTICES)


@page(right=SEE)
def notice(request: HttpRequest, reference: str) -> HttpResponse:
    """As it was recorded, and the plans at work that it reached."""
    rows = sight.notices(person_of(request)).select_related("vendor", "item", "recorded_by", "entity")
    found = sight.one(rows, reference)
    ref = ObjectRef("notice", found.reference)
    told = history_of(ref).filter(kind="notice.recorded").first()
    reached = Reconsideration.objects.filter(
        plan__in=sight.plans(person_of(request)), seq=told.seq if told else 0, fact="notice.recorded"
    )
    context = {
        "title": found.get_kind_display(),
        "here": found.reference,
        "crumbs": [(_("Notices"), reverse("console:notices"))],
        "notice": found,
        "price": _price(found),
        "seq": told.seq if told else None,
        "reached": reached.select_related("plan__template"),
        "history": timeline.history(ref),
    }
    return show(request, "console/notice.html", context)


@page(right=notices.RIGHT, methods=("GET", "HEAD", "POST"))
def record(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _form(request, request.GET)
    try:
        made = notices.record(**_given(request), actor=actor_of(request), entity=entity_of(request))
    except DomainError as error:
        return _form(request, request.POST, problem=error.message, status=status_of(error))
    messages.success(request, _("%(ref)s is recorded. Plans that it concerns look again.") % {"ref": made.reference})
    return redirect("console:notice", made.reference)


def _given(request: HttpRequest) -> dict[str, Any]:
    said = {name: request.POST.get(name, "").strip() for name in ("kind", "vendor", "item", "new_price", "currency")}
    day = request.POST.get("effective_on", "").strip()
    try:
        effective = date.fromisoformat(day) if day else None
    except ValueError:
        raise InvalidInput(_("“%s” is no date.") % day[:20]) from None
    return said | {"text": request.POST.get("text", ""), "effective_on": effective}


def _form(request: HttpRequest, given: Any, *, problem: str = "", status: int = 200) -> HttpResponse:
    entity = entity_of(request)
    context = {
        "title": _("Record a notice"),
        "crumbs": [(_("Notices"), reverse("console:notices"))] if may(request, SEE) else [],
        "kinds": Notice.Kind.choices,
        "given": given,
        "problem": problem,
        "day": clock.business_date(entity).isoformat(),
        "currency": entity.base_currency,
        "longest": notices.LONGEST,
        "vendors": Vendor.objects.filter(entity=entity).values_list("key", "name")[:MOST_SUGGESTED],
        "items": Item.objects.filter(active=True).values_list("key", "name")[:MOST_SUGGESTED],
    }
    return show(request, "console/notice_record.html", context, status=status)
