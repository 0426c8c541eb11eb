"""The queue as a page shows it: narrowed and sorted by its address, with what each filter would leave. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approvals.queries import Gist
from ledger.money import Money

SORTS = {"due": gettext_lazy("due first"), "amount": gettext_lazy("largest first"), "new": gettext_lazy("newest first")}
RISKS = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Filter:
    """One chip: the address parameter it sets, its word, how many it would leave, whether it is on."""

    name: str
    value: str
    label: str
    count: int
    on: bool


def narrow(gists: Sequence[Gist], params: Mapping[str, str], *, now: datetime) -> list[Gist]:
    return [gist for gist in gists if _kept(gist, params, now)]


def _kept(gist: Gist, params: Mapping[str, str], now: datetime) -> bool:
    return (
        params.get("risk", gist.risk.level) == gist.risk.level
        and params.get("by", gist.author.mark) == gist.author.mark
        and ("why" not in params or params["why"] in _checkpoints(gist))
        and ("late" not in params or is_late(gist, now))
        and ("status" not in params or params["status"] == gist.status)
    )


def is_late(gist: Gist, now: datetime) -> bool:
    return gist.due_at is not None and gist.due_at < now


def _checkpoints(gist: Gist) -> list[str]:
    return [each for each in gist.checkpoint.split("; ") if each]


def filters(gists: Sequence[Gist], params: Mapping[str, str], *, now: datetime) -> list[Filter]:
    """Only those that would leave something, and those that are on."""
    found: list[Filter] = []
    late = sum(is_late(gist, now) for gist in gists)
    if late or "late" in params:
        found.append(Filter("late", "1", _("overdue"), late, "late" in params))
    risks = Counter(gist.risk.level for gist in gists)
    words = {"high": _("high risk"), "medium": _("medium risk"), "low": _("low risk")}
    found += _chips("risk", {key: words[key] for key in RISKS if risks[key]}, risks, params)
    marks = Counter(gist.author.mark for gist in gists)
    names = {"agent": _("by agents"), "person": _("by people"), "system": _("by the system")}
    found += _chips("by", {key: names[key] for key in names if marks[key]}, marks, params)
    why = Counter(each for gist in gists for each in _checkpoints(gist))
    found += _chips("why", {key: key for key, _n in why.most_common(6)}, why, params)
    return found


def _chips(name: str, words: Mapping[str, str], counts: Counter[str], params: Mapping[str, str]) -> list[Filter]:
    chosen = params.get(name)
    return [
        Filter(name, key, word, counts[key], key == chosen)
        for key, word in words.items()
        if len(words) > 1 or key == chosen
    ]


def ordered(gists: Sequence[Gist], sort: str) -> list[Gist]:
    """As the queue gives them, the nearest due first, unless another order is asked for."""
    if sort == "amount":
        return sorted(gists, key=lambda gist: gist.amount.amount if gist.amount else Decimal(-1), reverse=True)
    if sort == "new":
        return sorted(gists, key=lambda gist: gist.made_at, reverse=True)
    return list(gists)


def totals(gists: Sequence[Gist]) -> list[Money]:
    """The sum in each currency; never one over several."""
    sums: dict[str, Decimal] = {}
    for gist in gists:
        if gist.amount is not None:
            sums[gist.amount.currency] = sums.get(gist.amount.currency, Decimal(0)) + gist.amount.amount
    return [Money(amount, currency) for currency, amount in sorted(sums.items())]
