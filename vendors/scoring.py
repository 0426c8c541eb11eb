"""Weighs candidates on several criteria and says in plain words why each got its score. Pure.

Sums are exact fractions, so neither the order of criteria nor rounding can change a rank. A criterion with bounds
scores on its own scale; one without is scaled between the worst and the best candidate. What is not known scores 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vendors.errors import BadCriteria

PLACES = Decimal("0.0001")


class Direction(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


class Measure(StrEnum):
    """How a value is written."""

    NUMBER = "number"
    SHARE = "share"
    DAYS = "days"
    MONEY = "money"


@dataclass(frozen=True, slots=True)
class Criterion:
    """`worst` and `best` bound the scale (values beyond count as the bound); both or neither."""

    name: str
    weight: Decimal | int
    direction: Direction | str = Direction.HIGHER
    worst: Decimal | None = None
    best: Decimal | None = None
    label: str = ""
    measure: Measure = Measure.NUMBER

    @property
    def title(self) -> str:
        return _(self.label) if self.label else self.name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Candidate:
    """`values` by criterion name; None or absent means not known."""

    key: str
    values: Mapping[str, Decimal | None]


@dataclass(frozen=True, slots=True)
class Part:
    """What one criterion gave: `share` of the score, at most the criterion's weight in all weights."""

    criterion: str
    value: Decimal | None
    share: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    key: str
    score: Decimal
    parts: tuple[Part, ...]


def rank(candidates: Iterable[Candidate], criteria: Sequence[Criterion]) -> tuple[Scored, ...]:
    """Best first; equal scores by key. The heaviest criterion is explained first."""
    ordered = sorted(criteria, key=lambda each: (-Fraction(each.weight), each.name))
    _check(ordered)
    field = list(candidates)
    total = sum(Fraction(each.weight) for each in ordered)
    utilities = {each.name: _utilities(each, field) for each in ordered}
    scores = {
        candidate.key: sum(Fraction(each.weight) / total * utilities[each.name][candidate.key] for each in ordered)
        for candidate in field
    }
    return tuple(
        Scored(
            key=candidate.key,
            score=_decimal(Fraction(scores[candidate.key])),
            parts=tuple(
                Part(
                    criterion=each.name,
                    value=candidate.values.get(each.name),
                    share=_decimal(Fraction(each.weight) / total * utilities[each.name][candidate.key]),
                    reason=_reason(each, candidate, field),
                )
                for each in ordered
            ),
        )
        for candidate in sorted(field, key=lambda each: (-scores[each.key], each.key))
    )


def _check(criteria: Sequence[Criterion]) -> None:
    if not criteria or len({each.name for each in criteria}) != len(criteria):
        raise BadCriteria()
    for each in criteria:
        if each.weight <= 0:
            raise BadCriteria(_("“%(name)s” needs a weight above zero.") % {"name": each.name})
        if (each.worst is None) != (each.best is None):
            raise BadCriteria(_("“%(name)s” needs both bounds or none.") % {"name": each.name})
        if each.worst is not None and each.best is not None and not _better(each, each.best, each.worst):
            raise BadCriteria(_("“%(name)s”: its best bound is not better than its worst.") % {"name": each.name})


def _better(criterion: Criterion, one: Decimal, other: Decimal) -> bool:
    return one > other if criterion.direction == Direction.HIGHER else one < other


def _known(criterion: Criterion, field: Sequence[Candidate]) -> list[Decimal]:
    """Best value first."""
    values = [value for each in field if (value := each.values.get(criterion.name)) is not None]
    return sorted(values, reverse=criterion.direction == Direction.HIGHER)


def _utilities(criterion: Criterion, field: Sequence[Candidate]) -> dict[str, Fraction]:
    """0 for the worst, 1 for the best. When all are equal and there are no bounds, each is the best."""
    known = _known(criterion, field)
    best = Fraction(criterion.best if criterion.best is not None else known[0] if known else 0)
    worst = Fraction(criterion.worst if criterion.worst is not None else known[-1] if known else 0)

    def utility(value: Decimal | None) -> Fraction:
        if value is None:
            return Fraction(0)
        if best == worst:
            return Fraction(1)
        return min(Fraction(1), max(Fraction(0), (Fraction(value) - worst) / (best - worst)))

    return {each.key: utility(each.values.get(criterion.name)) for each in field}


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(PLACES)


def _reason(criterion: Criterion, candidate: Candidate, field: Sequence[Candidate]) -> str:
    value = candidate.values.get(criterion.name)
    if value is None:
        return _("%(criterion)s: not known, counts as worst.") % {"criterion": criterion.title}
    words = {"criterion": criterion.title, "value": written(value, criterion.measure)}
    known = _known(criterion, field)
    ahead = sum(_better(criterion, other, value) for other in known)
    if len(known) == 1:
        return _("%(criterion)s %(value)s; no other candidate to compare with.") % words
    if known[0] == known[-1]:
        return _("%(criterion)s %(value)s, the same for all.") % words
    if not ahead:
        return _("%(criterion)s %(value)s: the best of %(count)d.") % (words | {"count": len(known)})
    words |= {"best": written(known[0], criterion.measure)}
    return ngettext(
        "%(criterion)s %(value)s: one candidate is better (best %(best)s).",
        "%(criterion)s %(value)s: %(ahead)d candidates are better (best %(best)s).",
        ahead,
    ) % (words | {"ahead": ahead})


def written(value: Decimal, measure: Measure) -> str:
    if measure == Measure.SHARE:
        return f"{value * 100:.{0 if value >= Decimal('0.1') or not value else 1}f} %"
    if measure == Measure.DAYS:
        days = value.quantize(Decimal(1))
        return ngettext("%(days)s day", "%(days)s days", int(days)) % {"days": days}
    if measure == Measure.MONEY:
        return f"{value:,.2f}"
    return f"{value.normalize():,f}"
