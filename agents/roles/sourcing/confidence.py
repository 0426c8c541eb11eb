"""How sure the agent is of an award, by a stated rule. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

FAR = Decimal(25)


@dataclass(frozen=True, slots=True)
class Grounds:
    """Of the weakest line of the award. `history` is the vendor's 0..1 confidence from its deliveries."""

    rivals: int
    history: Decimal
    benchmark_pct: Decimal | None
    freight_estimated: bool
    findings: int


@dataclass(frozen=True, slots=True)
class Confidence:
    """`reasons` name each thing that took some away."""

    value: Decimal
    reasons: tuple[str, ...]


def of_award(grounds: Grounds) -> Confidence:
    """Starts at 0.95 and is multiplied by a factor for each weakness; never below 0.05."""
    weak: list[tuple[Decimal, str]] = []
    if grounds.rivals < 2:
        weak.append((Decimal("0.6"), _("only one offer")))
    elif grounds.rivals == 2:
        weak.append((Decimal("0.9"), _("only two offers")))
    if grounds.history < 1:
        weak.append((Decimal("0.8") + Decimal("0.2") * grounds.history, _("limited delivery history")))
    if grounds.benchmark_pct is None:
        weak.append((Decimal("0.9"), _("no benchmark for the price")))
    elif abs(grounds.benchmark_pct) > FAR:
        weak.append((Decimal("0.8"), _("price far from what was paid before")))
    if grounds.freight_estimated:
        weak.append((Decimal("0.95"), _("freight is an estimate")))
    if grounds.findings:
        weak.append((Decimal("0.9"), _("open compliance remarks")))
    value = Decimal("0.95")
    for factor, _reason in weak:
        value *= factor
    return Confidence(max(value, Decimal("0.05")).quantize(Decimal("0.01")), tuple(reason for _factor, reason in weak))
