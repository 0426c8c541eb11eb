"""Who is asked to quote: vendors scored per line, those that can supply more lines first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from agents.context import Context
from procure.models import Requisition
from vendors import queries as vendor_queries
from vendors import shortlist as shortlists
from vendors.models import Vendor
from vendors.performance import Performance

#: The shipped policy lets up to six approved vendors be invited by itself.
MOST = 6


@dataclass(frozen=True, slots=True)
class Candidate:
    vendor: Vendor
    score: Decimal
    lines: tuple[int, ...]
    reasons: tuple[str, ...]
    unknown: tuple[str, ...]
    performance: Performance


@dataclass(frozen=True, slots=True)
class Field:
    """`left_out` maps the other sellers' keys to the reason."""

    chosen: tuple[Candidate, ...]
    left_out: dict[str, str]


def choose(context: Context, requisition: Requisition, *, besides: Collection[str] = (), most: int = MOST) -> Field:
    """Approved vendors with a verified contact that delivered the items or equivalents; nobody in `besides`."""
    ranked: dict[str, list[tuple[int, shortlists.Shortlisted]]] = defaultdict(list)
    left_out: dict[str, str] = {}
    for line in requisition.lines.select_related("item").order_by("number"):
        if line.item is None:
            continue
        found = shortlists.make(
            item_key=line.item.key,
            country=requisition.deliver_to or None,
            entity=context.entity,
            as_of=context.today,
            limit=most + len(besides),
        )
        left_out |= {each.vendor.key: each.reason for each in found.left_out}
        for each in found.on_it:
            if each.vendor.key not in besides:
                ranked[each.vendor.key].append((line.number, each))
    candidates = sorted((_candidate(each) for each in ranked.values()), key=_order)
    chosen = tuple(candidates[:most])
    known = {each.vendor.key for each in candidates} | set(besides)
    return Field(chosen, {key: reason for key, reason in left_out.items() if key not in known})


def _candidate(entries: list[tuple[int, shortlists.Shortlisted]]) -> Candidate:
    first = entries[0][1]
    score = sum((each.scored.score for _line, each in entries), Decimal(0)) / len(entries)
    return Candidate(
        vendor=first.vendor,
        score=score.quantize(Decimal("0.0001")),
        lines=tuple(line for line, _each in entries),
        reasons=tuple(part.reason for _line, each in entries for part in each.scored.parts),
        unknown=tuple(reason for _line, each in entries for reason in each.unknown),
        performance=first.performance,
    )


def _order(candidate: Candidate) -> tuple[int, Decimal, str]:
    return -len(candidate.lines), -candidate.score, candidate.vendor.key


def beyond_approved(context: Context, requisition: Requisition, *, besides: Collection[str]) -> list[Vendor]:
    """Sellers that could be written to but are not approved yet: inviting them is for a person to decide."""
    sellers = [
        vendor
        for line in requisition.lines.select_related("item")
        if line.item is not None
        for vendor in vendor_queries.suppliers_of(line.item.key, context.entity)
        if vendor.key not in besides and vendor.status == Vendor.Status.PROSPECT
    ]
    reachable = vendor_queries.with_verified_contact(sellers)
    return list({each.key: each for each in sellers if each.pk in reachable}.values())
