"""The lists of daily work: requisitions, plans, sourcing events, orders."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, OuterRef, Q, Subquery
from django.http import HttpRequest, HttpResponse
from django.template import Context
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agents.models import Plan
from ledger import clock
from procure.console import desk, sight
from procure.console.listing import Chip, Column, Listing, respond
from procure.console.pages import page
from procure.console.templatetags.shown import country, money, status, when
from procure.models import Order, OrderTracking, OrderVersion, Requisition, SourcingEvent


def _iso(value: Any) -> str:
    return value.isoformat() if value else ""


def dates(header: Any, path: str) -> Column:
    """Relative dates, dressed by `dress_dates`."""
    return Column(header, lambda row: row.shown_dates[path], lambda row: _iso(getattr(row, path)), "nowrap")


def dress_dates(*paths: str):
    """Relative dates for a page of rows with one look at the clock."""

    def dress(rows: list[Any]) -> None:
        if not rows:
            return
        context = Context({"now": clock.now(), "today": clock.business_date(rows[0].entity)})
        for row in rows:
            row.shown_dates = {path: when(context, getattr(row, path)) for path in paths}

    return dress


STATUS = Column(_("Status"), status, lambda row: str(row.get_status_display()))

REQUISITIONS = Listing(
    name="requisitions",
    title=_("Requisitions"),
    lead=_("What people asked for, in their words, and how far it is."),
    rows=lambda person: sight.requisitions(person).select_related("requested_by", "entity"),
    columns=(
        Column(_("Number"), lambda row: row.reference, lambda row: row.reference),
        Column(_("Words"), lambda row: row.words[:110], lambda row: row.words, "grow"),
        Column(_("Who"), lambda row: str(row.requested_by), lambda row: str(row.requested_by)),
        Column(_("To"), lambda row: country(row.deliver_to), lambda row: row.deliver_to),
        dates(_("Needed by"), "needed_by"),
        dates(_("Asked"), "captured_at"),
        STATUS,
    ),
    chips=(
        Chip("live", _("under way"), lambda _entity: Q(status__in=Requisition.LIVE)),
        Chip("questions", _("questions open"), lambda _entity: Q(status=Requisition.Status.QUESTIONS)),
        Chip("ordered", _("ordered"), lambda _entity: Q(status=Requisition.Status.ORDERED)),
    ),
    search=("reference", "words", "lines__item__name"),
    empty=_("Use Ask to say what you need; each request gets a number and stands here."),
    address=lambda row: reverse("console:requisition", args=[row.reference]),
    dress=dress_dates("needed_by", "captured_at"),
)

PLANS = Listing(
    name="plans",
    title=_("Plans"),
    lead=_("Runs of plan templates: agents at work, step by step."),
    rows=lambda person: sight.plans(person).select_related("template", "entity", "requested_by"),
    columns=(
        Column(_("Number"), lambda row: row.reference, lambda row: row.reference),
        Column(_("Template"), lambda row: row.template.title, lambda row: row.template.title, "grow"),
        Column(_("About"), lambda row: row.subject_key, lambda row: row.subject_key),
        Column(_("Why it stands"), lambda row: row.reason[:90], lambda row: row.reason),
        dates(_("Started"), "started_at"),
        STATUS,
    ),
    chips=(
        Chip("live", _("at work"), lambda _entity: Q(status__in=Plan.LIVE)),
        Chip("parked", _("needs a person"), lambda _entity: Q(status=Plan.Status.PARKED)),
        Chip("done", _("done"), lambda _entity: Q(status=Plan.Status.DONE)),
    ),
    search=("reference", "subject_key", "template__name"),
    empty=_("A request, a notice or low stock starts one."),
    address=lambda row: reverse("console:plan", args=[row.reference]),
    dress=dress_dates("started_at"),
)

EVENTS = Listing(
    name="events",
    title=_("Sourcing events"),
    lead=_("Requests for quotation: who is invited, until when, sealed until the opening."),
    rows=lambda person: (
        sight.events(person)
        .select_related("entity")
        .annotate(
            invited=Count("invitations", distinct=True),
            quoted=Count("invitations", filter=Q(invitations__status="submitted"), distinct=True),
        )
        .order_by("-pk")
    ),
    columns=(
        Column(_("Number"), lambda row: row.reference, lambda row: row.reference),
        Column(_("Title"), lambda row: row.title, lambda row: row.title, "grow"),
        Column(_("Invited"), lambda row: row.invited, lambda row: row.invited, "num"),
        Column(_("Quotes"), lambda row: row.quoted, lambda row: row.quoted, "num"),
        dates(_("Deadline"), "deadline"),
        STATUS,
    ),
    chips=(
        Chip("open", _("open"), lambda _entity: Q(status=SourcingEvent.Status.OPEN)),
        Chip("opened", _("opened, to award"), lambda _entity: Q(status=SourcingEvent.Status.OPENED)),
        Chip("awarded", _("awarded"), lambda _entity: Q(status=SourcingEvent.Status.AWARDED)),
    ),
    search=("reference", "title", "requisition__reference"),
    empty=_("The sourcing agent proposes one for each raised requisition."),
    address=lambda row: reverse("console:event", args=[row.reference]),
    dress=dress_dates("deadline"),
)


def _erp(row: Any) -> str:
    """`row` is an order with its tracking joined in."""
    if row.erp_status is None:
        return ""
    word = str(OrderTracking.Status(row.erp_status).label)
    return f"{row.erp_number}, {word.lower()}" if row.erp_number else word


_VERSION = OrderVersion.objects.filter(order=OuterRef("pk"), number=OuterRef("current_version"))
ORDERS = Listing(
    name="orders",
    title=_("Orders"),
    lead=_("Purchase orders issued here, and where each stands in the ERP."),
    rows=lambda person: (
        sight.orders(person)
        .select_related("vendor", "entity")
        .annotate(
            total=Subquery(_VERSION.values("total")[:1]),
            erp_status=F("tracking__erp_status"),
            erp_number=F("tracking__erp_number"),
        )
    ),
    columns=(
        Column(_("Number"), lambda row: row.reference, lambda row: row.reference),
        Column(_("Supplier"), lambda row: row.vendor.name, lambda row: row.vendor.name, "grow"),
        Column(
            _("Total"),
            lambda row: money(row.total, row.currency),
            lambda row: f"{row.total} {row.currency}",
            "num",
        ),
        Column(_("In the ERP"), _erp, _erp),
        dates(_("Issued"), "issued_at"),
        STATUS,
    ),
    chips=(
        Chip("month", _("this month"), lambda entity: desk.ordered_this_month(entity, clock.business_date(entity))),
        Chip("pending", _("on their way to the ERP"), lambda _entity: Q(tracking__erp_status="pending")),
        Chip("trouble", _("refused or unknown"), lambda _entity: Q(tracking__erp_status__in=("refused", "unknown"))),
        Chip("cancelled", _("cancelled"), lambda _entity: Q(status=Order.Status.CANCELLED)),
    ),
    search=("reference", "vendor__name", "tracking__erp_number", "requisition__reference"),
    empty=_("An order appears when its proposal was decided and carried out."),
    address=lambda row: reverse("console:order", args=[row.reference]),
    dress=dress_dates("issued_at"),
)


@page(right="proposal.view")
def requisitions(request: HttpRequest) -> HttpResponse:
    return respond(request, REQUISITIONS)


@page(right="proposal.view")
def plans(request: HttpRequest) -> HttpResponse:
    return respond(request, PLANS)


@page(right="proposal.view")
def events(request: HttpRequest) -> HttpResponse:
    return respond(request, EVENTS)


@page(right="proposal.view")
def orders(request: HttpRequest) -> HttpResponse:
    return respond(request, ORDERS)
