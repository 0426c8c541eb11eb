"""Caps on what models may use: per call, per plan, per day. Beyond them nothing is asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, F, Sum

from agents.models import ModelCall


@dataclass(frozen=True, slots=True)
class Limits:
    call_characters: int = 40_000
    answer_tokens: int = 4_000
    plan_calls: int = 40
    plan_tokens: int = 400_000
    day_tokens: int = 4_000_000
    day_cost: Decimal | int = 50


def in_force() -> Limits:
    return Limits(**settings.MODEL_LIMITS)


def exceeded(*, characters: int, plan: str, at: datetime) -> str:
    """Which cap stands in the way, in words; empty when none does."""
    limits = in_force()
    if characters > limits.call_characters:
        return f"The text has {characters} characters; {limits.call_characters} may be asked about in one call."
    asked = ModelCall.objects.exclude(outcome=ModelCall.Outcome.OVER_BUDGET).order_by()
    tokens = Sum(F("tokens_in") + F("tokens_out"))
    if plan:
        of_plan = asked.filter(plan=plan).aggregate(calls=Count("pk"), tokens=tokens)
        if of_plan["calls"] >= limits.plan_calls or (of_plan["tokens"] or 0) >= limits.plan_tokens:
            return f"The plan has used its {limits.plan_calls} calls or {limits.plan_tokens} tokens."
    of_day = asked.filter(called_at__gt=at - timedelta(days=1)).aggregate(tokens=tokens, cost=Sum("cost"))
    if (of_day["tokens"] or 0) >= limits.day_tokens or (of_day["cost"] or 0) >= limits.day_cost:
        return f"Today's {limits.day_tokens} tokens or cost of {limits.day_cost} are used up."
    return ""
