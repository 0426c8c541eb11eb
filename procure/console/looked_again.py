"""What made plans look again, for their pages: in words, with the way to what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from agents.happenings import FACTS
from agents.models import Plan, Reconsideration, Step
from procure.console.places import address
from procure.console.timeline import Ref

MOST = 20


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened. `refs` are what it happened to, `link` leads to its entry in the ledger."""

    said: str
    at: datetime
    seq: int
    link: str
    refs: tuple[Ref, ...]
    woken: tuple[str, ...]
    looks: tuple[Step, ...]
    asks: tuple[Step, ...]


def of_plan(plan: Plan, steps: Iterable[Step]) -> list[Told]:
    """Newest first."""
    by_key = {each.key: each for each in steps}
    rows = Reconsideration.objects.filter(plan=plan).order_by("-pk")[:MOST]
    return [_told(each, by_key) for each in rows]


def _told(row: Reconsideration, steps: dict[str, Step]) -> Told:
    labels = tuple(steps[key].label for key in row.woken if key in steps)
    looks, asks = (tuple(steps[key] for key in keys if key in steps) for keys in (row.looks, row.asks))
    refs = tuple(Ref(each["kind"], each["key"], address(each["kind"], each["key"])) for each in row.named)
    return Told(
        in_words(row), row.at, row.seq, reverse("console:ledger-entry", args=[row.seq]), refs, labels, looks, asks
    )


def in_words(row: Reconsideration) -> str:
    return _(FACTS[row.fact].said) if row.fact in FACTS else row.fact


def latest(plans: Iterable[Plan]) -> dict[int, Reconsideration]:
    """By plan, in one query."""
    return {each.plan_id: each for each in Reconsideration.objects.filter(plan__in=list(plans)).order_by("pk")}
