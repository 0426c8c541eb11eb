"""The sidebar with its live counts, the search palette, and what the shell says about this tenant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.dataclasses import SearchResult

from agents.models import Plan
from approvals import queries as approvals
from ledger import rights
from ledger.models import Job, LegalEntity, Person, Switch
from procure.console import sight
from procure.models import Order, Requisition, SourcingEvent

MOST_FOUND = 8


@dataclass(frozen=True, slots=True)
class Link:
    """`right` None: everybody signed in. `count` names a counter below."""

    title: Any
    icon: str
    address: str
    right: str | None = None
    count: str = ""


WORK = (
    Link(gettext_lazy("Home"), "home", "console:home"),
    Link(gettext_lazy("Ask"), "edit_note", "console:ask", "requisition.capture"),
    Link(gettext_lazy("Queue"), "inbox", "console:queue", count="queue"),
)
BUYING = (
    Link(gettext_lazy("Requisitions"), "description", "console:requisitions", count="requisitions"),
    Link(gettext_lazy("Plans at work"), "account_tree", "console:plans", count="plans"),
    Link(gettext_lazy("Sourcing events"), "gavel", "console:events", count="events"),
    Link(gettext_lazy("Orders"), "local_shipping", "console:orders"),
    Link(gettext_lazy("Notices"), "campaign", "console:notices", "records.view"),
)
RECORDS = (
    Link(gettext_lazy("Suppliers"), "store", "admin:vendors_vendor_changelist", "ledger.view"),
    Link(gettext_lazy("Catalogue"), "medication", "admin:vendors_item_changelist", "ledger.view"),
    Link(gettext_lazy("Contracts"), "handshake", "admin:contracts_contract_changelist", "ledger.view"),
    Link(gettext_lazy("Stock"), "inventory_2", "admin:procure_stocklevel_changelist", "ledger.view"),
    Link(gettext_lazy("Budgets"), "account_balance", "admin:procure_budget_changelist", "ledger.view"),
)
OVERSIGHT = (
    Link(gettext_lazy("Control room"), "monitor_heart", "console:control", "ledger.view"),
    Link(gettext_lazy("Ledger"), "link", "console:ledger", "ledger.view"),
    Link(gettext_lazy("Policy"), "shield", "admin:approvals_policyversion_changelist", "ledger.view"),
    Link(gettext_lazy("Plan templates"), "schema", "console:templates", "records.view"),
    Link(gettext_lazy("Trigger rules"), "bolt", "console:triggers", "records.view"),
    Link(gettext_lazy("Agent bounds"), "fence", "admin:approvals_bounds_changelist", "ledger.view"),
    Link(gettext_lazy("Outbox"), "outbox", "admin:ledger_effect_changelist", "ledger.view"),
    Link(gettext_lazy("Stop switches"), "front_hand", "console:switches", count="stopped"),
    Link(gettext_lazy("Clock"), "schedule", "console:clock", "ledger.view"),
    Link(gettext_lazy("Remote workers"), "lan", "console:edge", "edge.manage"),
    Link(gettext_lazy("People"), "group", "admin:ledger_person_changelist", "people.manage"),
    Link(gettext_lazy("Import"), "upload_file", "console:import", "tenant.import"),
    Link(gettext_lazy("Background work"), "hourglass_top", "console:jobs", count="jobs"),
    Link(gettext_lazy("All tables"), "table_view", "admin:index", "ledger.view"),
)
GROUPS = (
    ("", WORK),
    (gettext_lazy("Buying"), BUYING),
    (gettext_lazy("Records"), RECORDS),
    (gettext_lazy("Oversight"), OVERSIGHT),
)


def _waiting(person: Person) -> int:
    return approvals.count(person, "mine" if rights.person_may(person, "proposal.decide") else "requests")


COUNTERS = {
    "queue": _waiting,
    "requisitions": lambda person: sight.requisitions(person).filter(status__in=Requisition.LIVE).count(),
    "plans": lambda person: sight.plans(person).filter(status__in=Plan.LIVE).count(),
    "jobs": lambda person: Job.objects.filter(person=person, status__in=Job.LIVE).count(),
    "events": lambda person: sight.events(person).filter(status=SourcingEvent.Status.OPEN).count(),
    "stopped": lambda person: Switch.objects.filter(stopped=True).count(),
}


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    person = request.user
    if not isinstance(person, Person):
        return []
    groups = []
    for title, links in GROUPS:
        items = [_item(link, person, request) for link in links if link.right is None or _may(person, link.right)]
        shown = [each for each in items if each]
        if shown:
            groups.append({"title": title, "items": shown})
    return groups


def _may(person: Person, right: str) -> bool:
    return rights.person_may(person, right)


def _item(link: Link, person: Person, request: HttpRequest) -> dict[str, Any] | None:
    try:
        address = reverse(link.address)
    except NoReverseMatch:
        return None
    if link.address.startswith("admin:") and not person.is_staff:
        return None
    exact = link.address in ("console:home", "admin:index")
    control = reverse("console:control")
    active = request.path == address if exact else request.path.startswith(address)
    if request.path.startswith(control):
        active = address == control
    # The shell takes a counter's value as text to import; a figure never is one.
    number = COUNTERS[link.count](person) if link.count else 0
    item = {"title": str(link.title), "icon": link.icon, "link": address, "active": lambda _request: active}
    return item | ({"badge": str(number)} if number else {})


def entity_name(request: HttpRequest) -> str:
    entity = _entity(request)
    return entity.name if entity else ""


def environment(request: HttpRequest) -> list[str] | None:
    """The ribbon: demo tenant, a date that stands still, and solo mode are said on every page."""
    entity = _entity(request)
    words = []
    if entity and entity.code == "DEMO":
        words.append(_("Demo tenant"))
    if entity and entity.frozen_date:
        words.append(_("date stands at %(date)s") % {"date": entity.frozen_date.isoformat()})
    if settings.SOLO_MODE:
        words.append(_("Solo mode"))
    return [" · ".join(words), "warning"] if words else None


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    return [
        {"title": _("Change password"), "link": reverse("account_change_password")},
        {"title": _("Two-factor sign-in"), "link": reverse("mfa_index")},
    ]


def found(request: HttpRequest, words: str) -> list[SearchResult]:
    """Pages and live objects for the palette; tables are searched by the shell itself."""
    person = request.user
    if not isinstance(person, Person):
        return []
    out = [
        SearchResult(title=str(link.title), description=str(_("page")), link=reverse(link.address), icon=link.icon)
        for link in (*WORK, *BUYING, *OVERSIGHT)
        if words in str(link.title).lower()
        and link.address.startswith("console:")
        and (link.right is None or _may(person, link.right))
    ]
    searches = (
        (sight.proposals(person), ("reference", "sentence"), "console:proposal", _("proposal"), "inbox"),
        (sight.requisitions(person), ("reference", "words"), "console:requisition", _("requisition"), "description"),
        (sight.events(person), ("reference", "title"), "console:event", _("sourcing event"), "gavel"),
        (sight.orders(person), ("reference", "vendor__name"), "console:order", _("order"), "local_shipping"),
        (sight.plans(person), ("reference", "subject_key"), "console:plan", _("plan"), "account_tree"),
    )
    for rows, paths, address, kind, icon in searches:
        matches = Q()
        for path in paths:
            matches |= Q(**{f"{path}__icontains": words})
        out += [
            SearchResult(_title(row), str(kind), reverse(address, args=[row.reference]), icon)
            for row in rows.filter(matches).order_by("-pk")[:MOST_FOUND]
        ]
    return out


def _title(row: Any) -> str:
    about = getattr(row, "sentence", "") or getattr(row, "title", "") or getattr(row, "words", "")
    if isinstance(row, Order):
        about = row.vendor.name
    return f"{row.reference} {about}"[:90].strip()


def _entity(request: HttpRequest) -> LegalEntity | None:
    return getattr(request.user, "entity", None)
