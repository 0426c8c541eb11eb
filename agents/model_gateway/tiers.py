"""Where each tier is answered. `rules` is answered in the house; the others by an OpenAI-compatible endpoint."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

RULES = "rules"
TIERS = (RULES, "small", "large")


@dataclass(frozen=True, slots=True)
class Endpoint:
    tier: str
    base_url: str
    key: str
    model: str
    timeout: float
    price_in: Decimal
    price_out: Decimal

    def cost(self, tokens_in: int, tokens_out: int) -> Decimal:
        """In the currency of the settings' prices, which are per million tokens."""
        return ((tokens_in * self.price_in + tokens_out * self.price_out) / 1_000_000).quantize(Decimal("0.000001"))


def endpoint(tier: str) -> Endpoint | None:
    """None when the tier has no address or no model: rules answer then."""
    stated = settings.MODEL_TIERS.get(tier, {})
    if not (stated.get("base_url") and stated.get("model")):
        return None
    return Endpoint(
        tier=tier,
        base_url=stated["base_url"],
        key=stated.get("key") or "none",
        model=stated["model"],
        timeout=float(stated.get("timeout", 20)),
        price_in=Decimal(str(stated.get("price_in", 0))),
        price_out=Decimal(str(stated.get("price_out", 0))),
    )
