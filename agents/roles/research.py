"""Research: who could supply this, with figures and with what is not known about each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from agents import figures
from agents.context import Context
from agents.figures import plain
from agents.outcomes import Finish, Outcome
from agents.roles import Specification
from approvals.evidence import Claim
from procure import queries
from vendors import performance
from vendors import queries as vendor_queries
from vendors.models import Vendor
from vendors.performance import Performance

#: Dossiers a line; the rest is counted.
MOST = 12
#: Sellers of all lines together, each named once.
MOST_SELLERS = 40
#: Fewer deliveries than this say little.
FEW = 5
CLAIMED = ("deliveries_of_item", "late_probability", "lead_days_median", "price_median")


def dossier(context: Context) -> Outcome:
    """For each item of the requisition every vendor that sold it or an equivalent, whatever its status; or the one that
    it is handed alone."""
    wanted = vendor_queries.vendor(str(context.given["vendor"])) if context.given.get("vendor") else None
    requisition = queries.requisition(context.subject.key)
    items: list[dict[str, Any]] = []
    claims: list[Claim] = []
    for line in requisition.lines.select_related("item").order_by("number"):
        if line.item is None:
            continue
        sellers = vendor_queries.suppliers_of(line.item.key, context.entity)
        if wanted is not None:
            sellers = [each for each in sellers if each.pk == wanted.pk]
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
                "unknown": [] if sellers else [_nothing_of(wanted)],
            }
        )
        claims += _claims(zip(shown, known, strict=True))
    found = dict.fromkeys(each["vendor"] for item in items for each in item["candidates"])
    return Finish({"items": items, "sellers": list(found)[:MOST_SELLERS]}, claims[:150])


def _nothing_of(wanted: Vendor | None) -> str:
    if wanted is None:
        return _("Nobody has delivered this item or an equivalent yet.")
    return _("%s has not delivered this item or an equivalent yet.") % wanted.name


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


SPECIFICATION = Specification(
    name="research",
    purpose="Puts together what is known, and what is not, about the vendors that could supply.",
    reads=("vendors", "delivery history", "certificates"),
    may_propose=frozenset({"QualifyVendor"}),
    tasks={"dossier": dossier},
    takes={"dossier": {"vendor": "vendor?"}},
    gives={
        "dossier": {
            "items": [
                {
                    "line": "integer",
                    "item": "item",
                    "candidates": [
                        {
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
                    ],
                    "not_shown": "integer",
                    "unknown": "list of text",
                }
            ],
            "sellers": "list of vendor",
        }
    },
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
