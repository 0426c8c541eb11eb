"""Research: who could supply this, with figures and with what is not known about each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from agents import figures
from agents.context import Context
from agents.figures import plain
from agents.outcomes import Finish, Outcome
from agents.roles import Specification
from agents.values import Record
from approvals.evidence import Claim
from procure import queries
from procure.models import Requisition
from vendors import performance
from vendors import queries as vendor_queries
from vendors.models import Item, Vendor
from vendors.performance import Performance

#: Dossiers a line; the rest is counted.
MOST = 12
#: Fewer deliveries than this say little.
FEW = 5
CLAIMED = ("deliveries_of_item", "late_probability", "lead_days_median", "price_median")


def dossier(context: Context) -> Outcome:
    """For each item of the requisition every vendor that sold it or an equivalent, whatever its status."""
    requisition = queries.requisition(context.subject.key)
    items, claims = [], []
    for line in requisition.lines.select_related("item").order_by("number"):
        if line.item is None:
            continue
        sellers = vendor_queries.suppliers_of(line.item.key, context.entity)
        shown = sellers[:MOST]
        known = performance.figures_for(
            [each.key for each in shown],
            item_key=line.item.key,
            country=requisition.deliver_to or None,
            as_of=context.today,
        )
        reachable = vendor_queries.with_verified_contact(shown)
        candidates = [
            _candidate(vendor, each, context.today, reachable=vendor.pk in reachable)
            for vendor, each in zip(shown, known, strict=True)
        ]
        items.append(
            {
                "line": line.number,
                "item": line.item.key,
                "candidates": candidates,
                "not_shown": len(sellers) - len(shown),
                "unknown": [] if sellers else [_("Nobody has delivered this item or an equivalent yet.")],
            }
        )
        claims += _claims(zip(shown, known, strict=True))
    return Finish({"items": items}, claims[:150])


def sellers(context: Context) -> Outcome:
    """Everybody who sold something of the requisition or an equivalent: those who sold most of its lines first."""
    requisition = queries.requisition(context.subject.key)
    found: dict[str, Vendor] = {}
    lines = Counter[str]()
    for item in _items(requisition):
        for vendor in vendor_queries.suppliers_of(item.key, context.entity):
            found.setdefault(vendor.key, vendor)
            lines[vendor.key] += 1
    ranked = sorted(found, key=lambda key: -lines[key])  # as they came where lines are equal: most deliveries first
    shown = [found[key] for key in ranked[:MOST]]
    vendors = [{"vendor": each.key, "name": each.name, "lines": lines[each.key]} for each in shown]
    unknown = [] if found else [_("Nobody has delivered any of these items or an equivalent yet.")]
    told = {"vendors": vendors, "not_shown": len(found) - len(shown), "unknown": unknown}
    return Finish(told, [figures.of_vendor(each) for each in shown])


def profile(context: Context) -> Outcome:
    """One vendor, line by line of the requisition, whatever its status."""
    requisition = queries.requisition(context.subject.key)
    vendor = vendor_queries.vendor(str(context.given["vendor"]))
    reachable = bool(vendor_queries.with_verified_contact([vendor]))
    lines, claims = [], []
    for line in requisition.lines.select_related("item").order_by("number"):
        if line.item is None:
            continue
        known = performance.figures_for(
            [vendor.key], item_key=line.item.key, country=requisition.deliver_to or None, as_of=context.today
        )
        told = _candidate(vendor, known[0], context.today, reachable=reachable)
        lines.append({"line": line.number, "item": line.item.key} | told)
        claims += _claims([(vendor, known[0])])
    return Finish({"vendor": vendor.key, "name": vendor.name, "lines": lines}, claims)


def _items(requisition: Requisition) -> list[Item]:
    lines = requisition.lines.exclude(item=None).select_related("item").order_by("number")
    return [each.item for each in lines if each.item is not None]


def _candidate(vendor: Vendor, known: Performance, today: date, *, reachable: bool) -> dict[str, Any]:
    expired = [each for each in vendor.certificates.all() if each.valid_until and each.valid_until < today]
    return {
        "vendor": vendor.key,
        "name": vendor.name,
        "status": vendor.status,
        "deliveries": known.deliveries,
        "deliveries_of_item": known.deliveries_of_item,
        "on_time_rate": _or_none(known.on_time_rate),
        "late_probability": plain(known.late_probability),
        "lead_days_median": _or_none(known.lead_days_median),
        "lead_days_p90": _or_none(known.lead_days_p90),
        "price_median": _or_none(known.price_median),
        "price_currency": known.price_currency,
        "last_delivery": _or_none(known.last_delivery),
        "certificates": vendor.certificates.count(),
        "certificates_expired": [each.kind for each in expired],
        "unknown": list(_unknown(vendor, known, reachable=reachable)),
    }


def _or_none(value: Any) -> str | None:
    return None if value is None else plain(value)


def _unknown(vendor: Vendor, known: Performance, *, reachable: bool) -> Iterator[str]:
    """What nobody can say about this vendor, so that no figure looks surer than it is."""
    if not vendor.certificates.exists():
        yield _("No certificate on file.")
    if not reachable:
        yield _("No verified contact.")
    if known.deliveries < FEW:
        yield _("Only %d deliveries of this kind: rates lean on all vendors' average.") % known.deliveries
    if known.lead_days_median is None:
        yield _("No lead time known: order dates are missing.")
    if known.price_median is None:
        yield _("No price paid to it is known.")


def _claims(pairs: Iterable[tuple[Vendor, Performance]]) -> list[Claim]:
    found = []
    for vendor, known in pairs:
        found += [figures.of_vendor(vendor), *figures.of_performance(known, vendor.name, *CLAIMED)]
    return found


CANDIDATE: Record = {
    "vendor": "vendor",
    "name": "text",
    "status": "text",
    "deliveries": "integer",
    "deliveries_of_item": "integer",
    "on_time_rate": "decimal?",
    "late_probability": "decimal",
    "lead_days_median": "decimal?",
    "lead_days_p90": "decimal?",
    "price_median": "decimal?",
    "certificates": "integer",
    "certificates_expired": "list of text",
    "unknown": "list of text",
}
UNKNOWN: Record = {"not_shown": "integer", "unknown": "list of text"}

SPECIFICATION = Specification(
    name="research",
    purpose="Puts together what is known, and what is not, about the vendors that could supply.",
    reads=("vendors", "delivery history", "certificates"),
    may_propose=frozenset({"QualifyVendor"}),
    tasks={"dossier": dossier, "sellers": sellers, "profile": profile},
    takes={"dossier": {}, "sellers": {}, "profile": {"vendor": "vendor"}},
    gives={
        "dossier": {"items": [{"line": "integer", "item": "item", "candidates": [CANDIDATE], **UNKNOWN}]},
        "sellers": {"vendors": [{"vendor": "vendor", "name": "text", "lines": "integer"}], **UNKNOWN},
        "profile": {"vendor": "vendor", "name": "text", "lines": [{"line": "integer", "item": "item", **CANDIDATE}]},
    },
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
