"""The comparison of opened quotes as a page shows it: cells, and awards under different constraints. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from procure.models import AwardLine
from procure.sourcing.award_core import Allocation, Weights, best
from procure.sourcing.comparison import Compared, Comparison

NO_CHARGES = Weights(per_late_day=Decimal(0), certain_lateness=Decimal(0))


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who would get which line; `price` is what its constraint costs against the cheapest landing."""

    key: str
    name: str
    says: str
    winners: Mapping[int, str]
    total: Decimal
    price: Decimal
    unserved: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    vendor: str
    row: Compared | None
    best: bool
    won: bool


@dataclass(frozen=True, slots=True)
class GridLine:
    number: int
    description: str
    quantity: Decimal
    unit: str
    cells: tuple[Cell, ...]


def scenarios(comparison: Comparison, awarded: Sequence[AwardLine] = ()) -> list[Scenario]:
    """Cheapest landing, after charges for lateness, one supplier for all; and what was awarded, when it was."""
    if not comparison.rows:
        return []
    offers = [row.as_offer() for row in comparison.rows]
    cheapest = best(offers, comparison.lines, weights=NO_CHARGES)
    floor = _total(cheapest)
    late = best(offers, comparison.lines)
    out = [
        _scenario("late", _("Best after lateness"), _("landed cost, charged for arriving late"), late, floor),
        _scenario("cheapest", _("Cheapest to land"), _("landed cost alone"), cheapest, floor),
    ]
    if one := _one_supplier(comparison, floor):
        out.append(one)
    if awarded:
        winners = {line.event_line.number: line.vendor.key for line in awarded}
        rows = [row for row in comparison.rows if winners.get(row.line) == row.vendor]
        total = sum((row.landed_total for row in rows), Decimal(0))
        out.insert(0, Scenario("awarded", _("Awarded"), _("what was decided"), winners, total, total - floor))
    return out


def _total(allocation: Allocation) -> Decimal:
    return sum((each.landed_total for each in allocation.choices), Decimal(0))


def _scenario(key: str, name: str, says: str, allocation: Allocation, floor: Decimal) -> Scenario:
    total = _total(allocation)
    winners = {each.line: each.vendor for each in allocation.choices}
    return Scenario(key, name, says, winners, total, total - floor, allocation.unserved)


def _one_supplier(comparison: Comparison, floor: Decimal) -> Scenario | None:
    """The cheapest supplier that offers every line in full; of interest only when there are several lines."""
    if len(comparison.lines) < 2:
        return None
    totals = {}
    for vendor, _name in comparison.vendors:
        rows = [row for row in comparison.rows if row.vendor == vendor and row.quantity_offered >= row.quantity]
        if {row.line for row in rows} == set(comparison.lines):
            totals[vendor] = sum((row.landed_total for row in rows), Decimal(0))
    if not totals:
        return None
    vendor = min(totals, key=lambda each: (totals[each], each))
    winners = dict.fromkeys(comparison.lines, vendor)
    return Scenario("one", _("One supplier"), _("all lines from one"), winners, totals[vendor], totals[vendor] - floor)


def grid(comparison: Comparison, lines: Sequence, scenario: Scenario | None) -> list[GridLine]:
    winners = scenario.winners if scenario else {}
    out = []
    for line in lines:
        cheapest = comparison.cheapest(line.number)
        cells = []
        for vendor, _name in comparison.vendors:
            row = comparison.cell(line.number, vendor)
            cells.append(
                Cell(vendor, row, best=row is not None and row is cheapest, won=winners.get(line.number) == vendor)
            )
        out.append(GridLine(line.number, line.description, line.quantity, line.unit, tuple(cells)))
    return out
