"""Who should get what, from compared offers. Pure: plain values in, a frozen allocation with reasons out.

Each offer's cost is its landed total in base currency, raised by a stated charge for arriving after the date needed and
for the probability of being late. The lowest adjusted cost wins; ties go to the lower landed total, then to the shorter
lead time, then to the vendor key, so that the same offers always give the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Offer:
    """One bid on one line. `late_days` are days after the date needed at the offered lead time, 0 when in time."""

    vendor: str
    line: int
    bid_line: int
    quantity: Decimal
    quantity_offered: Decimal
    landed_total: Decimal
    lead_days: int
    late_days: int
    late_probability: Decimal


@dataclass(frozen=True, slots=True)
class Weights:
    """Charges as a share of the landed total: for each day after the date needed, and for certain lateness."""

    per_late_day: Decimal = Decimal("0.005")
    certain_lateness: Decimal = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Choice:
    line: int
    vendor: str
    bid_line: int
    quantity: Decimal
    landed_total: Decimal
    adjusted_total: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Allocation:
    """`unserved` are lines that nobody offers in full."""

    choices: tuple[Choice, ...]
    unserved: tuple[int, ...]

    @property
    def vendors(self) -> tuple[str, ...]:
        return tuple(sorted({each.vendor for each in self.choices}))


def adjusted(offer: Offer, weights: Weights) -> Decimal:
    charge = weights.per_late_day * offer.late_days + weights.certain_lateness * offer.late_probability
    return offer.landed_total * (1 + charge)


def best(offers: Iterable[Offer], lines: Iterable[int], *, weights: Weights | None = None) -> Allocation:
    """One vendor a line, among those who offer the whole quantity."""
    weights = weights or Weights()
    by_line: dict[int, list[Offer]] = {line: [] for line in lines}
    for offer in offers:
        if offer.line in by_line and offer.quantity_offered >= offer.quantity:
            by_line[offer.line].append(offer)
    choices, unserved = [], []
    for line, rivals in sorted(by_line.items()):
        if not rivals:
            unserved.append(line)
            continue
        ranked = sorted(rivals, key=lambda each: _order(each, weights))
        choices.append(_choice(ranked, weights))
    return Allocation(tuple(choices), tuple(unserved))


def _order(offer: Offer, weights: Weights) -> tuple[Decimal, Decimal, int, str]:
    return adjusted(offer, weights), offer.landed_total, offer.lead_days, offer.vendor


def _choice(ranked: list[Offer], weights: Weights) -> Choice:
    winner = ranked[0]
    if len(ranked) == 1:
        reason = "the only offer for the whole quantity"
    else:
        gap = adjusted(ranked[1], weights) - adjusted(winner, weights)
        cheapest = min(ranked, key=lambda each: each.landed_total)
        reason = f"lowest of {len(ranked)} offers after charges for lateness, {gap:.2f} below the next"
        if cheapest.vendor != winner.vendor:
            reason += f"; {cheapest.vendor} is cheaper to land but arrives later or is late more often"
    return Choice(
        line=winner.line,
        vendor=winner.vendor,
        bid_line=winner.bid_line,
        quantity=winner.quantity,
        landed_total=winner.landed_total,
        adjusted_total=adjusted(winner, weights),
        reason=reason,
    )
