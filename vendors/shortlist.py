"""Who should be asked for an item: vendors that delivered it or an equivalent, scored, and who was left out and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ledger.models import LegalEntity
from vendors import queries
from vendors.models import Item, Vendor
from vendors.performance import Performance, figures_for
from vendors.scoring import Candidate, Criterion, Direction, Measure, Scored, rank

CRITERIA: tuple[Criterion, ...] = (
    Criterion(
        "late_probability",
        Decimal(30),
        Direction.LOWER,
        worst=Decimal("0.5"),
        best=Decimal(0),
        label=gettext_noop("Risk of being late"),
        measure=Measure.SHARE,
    ),
    Criterion(
        "price_position",
        Decimal(30),
        Direction.LOWER,
        worst=Decimal("1.5"),
        best=Decimal("0.7"),
        label=gettext_noop("Price against the usual one"),
        measure=Measure.SHARE,
    ),
    Criterion(
        "lead_days_median",
        Decimal(25),
        Direction.LOWER,
        worst=Decimal(270),
        best=Decimal(14),
        label=gettext_noop("Usual lead time"),
        measure=Measure.DAYS,
    ),
    Criterion(
        "experience",
        Decimal(15),
        Direction.HIGHER,
        worst=Decimal(0),
        best=Decimal(50),
        label=gettext_noop("Deliveries of this item"),
    ),
)


@dataclass(frozen=True, slots=True)
class Shortlisted:
    vendor: Vendor
    performance: Performance
    scored: Scored
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    vendor: Vendor
    reason: str


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Best first. `left_out` names everybody who sold this and is not on the list."""

    on_it: tuple[Shortlisted, ...]
    left_out: tuple[LeftOut, ...]


def make(
    *,
    item_key: str,
    country: str | None,
    entity: LegalEntity,
    as_of: date,
    limit: int = 6,
    criteria: Sequence[Criterion] = CRITERIA,
) -> Shortlist:
    """Raises `UnknownItem`."""
    wanted = queries.item(item_key)
    sellers = queries.suppliers_of(item_key, entity)
    reachable = queries.with_verified_contact(sellers)
    left_out = [LeftOut(each, reason) for each in sellers if (reason := _obstacle(each, reachable))]
    able = [each for each in sellers if not _obstacle(each, reachable)]
    figures = {
        each.vendor: each
        for each in figures_for([each.key for each in able], item_key=item_key, country=country, as_of=as_of)
    }
    usual = queries.benchmark(item_key)
    ranked = rank([_candidate(each, usual) for each in figures.values()], criteria)
    by_key = {each.key: each for each in able}
    left_out += [LeftOut(by_key[each.key], _("Scored lower than the first %d.") % limit) for each in ranked[limit:]]
    return Shortlist(
        on_it=tuple(
            Shortlisted(
                by_key[each.key],
                figures[each.key],
                each,
                _gaps(each, figures[each.key], by_key[each.key], wanted, as_of),
            )
            for each in ranked[:limit]
        ),
        left_out=tuple(left_out),
    )


def _obstacle(vendor: Vendor, reachable: set[int]) -> str:
    if not vendor.is_orderable:
        return _("Not approved: %(status)s.") % {"status": str(vendor.get_status_display()).lower()}
    if vendor.pk not in reachable:
        return _("No verified contact to write to.")
    return ""


def _candidate(figures: Performance, usual: queries.Benchmark | None) -> Candidate:
    same_money = usual is not None and usual.currency == figures.price_currency and usual.median > 0
    position = figures.price_median / usual.median if same_money and usual and figures.price_median else None
    return Candidate(
        figures.vendor,
        {
            "late_probability": figures.late_probability,
            "price_position": position,
            "lead_days_median": figures.lead_days_median,
            "experience": Decimal(figures.deliveries_of_item),
        },
    )


def _gaps(scored: Scored, figures: Performance, vendor: Vendor, item: Item, as_of: date) -> tuple[str, ...]:
    """What is missing or not known about a candidate, in words."""
    gaps = [each.reason for each in scored.parts if each.value is None]
    if not figures.deliveries:
        gaps.append(_("No delivery of this item to that place yet."))
    if not queries.approved_for(vendor, item.category, on=as_of):
        gaps.append(_("Not approved for %(category)s.") % {"category": item.category})
    return tuple(gaps)
