"""The price to beat: what was paid before, and what is agreed in contracts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from agents import figures
from agents.context import Context
from agents.figures import plain
from agents.outcomes import Finish, Outcome
from approvals.evidence import Claim, Row
from contracts import queries as contract_queries
from contracts.models import ContractPrice
from procure import queries
from vendors import queries as vendor_queries

MOST_PRICES = 10


def benchmark(context: Context) -> Outcome:
    requisition = queries.requisition(context.subject.key)
    items, claims = [], []
    for line in requisition.lines.select_related("item").order_by("number"):
        if line.item is None:
            continue
        paid = vendor_queries.benchmark(line.item.key)
        agreed = contract_queries.prices_for(item_key=line.item.key, entity=context.entity, on=context.today)
        items.append(
            {
                "line": line.number,
                "item": line.item.key,
                "paid": _paid(paid),
                "agreed": [_agreed(each) for each in agreed[:MOST_PRICES]],
                "unknown": [] if paid else [_("No price was ever paid for this item.")],
            }
        )
        if paid:
            claims += figures.of_benchmark(line.item.key, paid, "p25", "median", "p75", "rows")
        claims += [_claim(each) for each in agreed[:MOST_PRICES]]
    return Finish({"items": items}, claims)


def _paid(paid: vendor_queries.Benchmark | None) -> dict[str, Any] | None:
    if paid is None:
        return None
    return {
        "p25": plain(paid.p25),
        "median": plain(paid.median),
        "p75": plain(paid.p75),
        "currency": paid.currency,
        "rows": paid.rows,
    }


def _agreed(price: ContractPrice) -> dict[str, str]:
    return {
        "contract": price.contract.reference,
        "vendor": price.contract.vendor.key,
        "unit_price": plain(price.unit_price),
        "currency": price.contract.currency,
        "min_quantity": plain(price.min_quantity),
    }


def _claim(price: ContractPrice) -> Claim:
    key = f"{price.contract.reference}/{price.item.key}/{plain(price.min_quantity)}"
    text = _("Price agreed in %s") % price.contract.reference
    return Claim(text, plain(price.unit_price), Row("contract_price", key, "unit_price"))
