"""Facts of the policy in a person's words and units. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approvals.queries import FactLine
from ledger.money import Money
from procure.console import wording

NAMES = {
    "command_kind": gettext_lazy("Kind of command"),
    "command_kinds": gettext_lazy("Kinds of commands"),
    "actor_kind": gettext_lazy("Proposed by"),
    "actor_name": gettext_lazy("Name of who proposes"),
    "amount": gettext_lazy("Amount"),
    "rolling_30d_amount": gettext_lazy("30 days with this supplier"),
    "order_threshold": gettext_lazy("Value threshold"),
    "budget_remaining_after": gettext_lazy("Budget left afterwards"),
    "vendor_status": gettext_lazy("Supplier status"),
    "vendor_statuses": gettext_lazy("Supplier statuses"),
    "vendor_count": gettext_lazy("Suppliers touched"),
    "price_vs_contract_pct": gettext_lazy("Price against contract"),
    "price_vs_benchmark_pct": gettext_lazy("Price against the median paid"),
    "bids_received": gettext_lazy("Quotes received"),
    "lead_time_days": gettext_lazy("Lead time"),
    "late_risk": gettext_lazy("Late risk"),
    "evidence_coverage": gettext_lazy("Evidence verified"),
    "outward": gettext_lazy("Leaves the house"),
    "new_money_out": gettext_lazy("Binds new money"),
    "two_people": gettext_lazy("Needs two people"),
    "compensation": gettext_lazy("Undoes something"),
    "asker_may_decide": gettext_lazy("Asker may decide on it"),
    "bounds_exceeded": gettext_lazy("Oversteps the agent's bounds"),
    "agent_spend_today": gettext_lazy("Agent's spend today"),
}


#: What a decision is made on, in reading order; the rest is one click away.
LEADING = (
    *("amount", "rolling_30d_amount", "order_threshold", "budget_remaining_after"),
    *("vendor_status", "vendor_count", "certificates_valid", "late_risk", "lead_time_days"),
    *("bids_received", "single_source", "contract_covered", "price_vs_contract_pct", "price_vs_benchmark_pct"),
    *("confidence", "evidence_coverage", "agent_spend_today"),
)


@dataclass(frozen=True, slots=True)
class ShownFact:
    """One fact; `fired` when a rule that fired reads it, `leading` when people look at it anyway."""

    name: str
    description: str
    value: str
    money: Money | None
    how: str
    state: str
    fired: bool
    leading: bool
    says_kind: bool = False


def shown(facts: Iterable[FactLine], *, currency: str) -> list[ShownFact]:
    """Those behind the verdict first, then the leading ones, then the rest."""
    found = [
        ShownFact(
            name=str(NAMES.get(fact.name, fact.name.replace("_", " ").capitalize())),
            description=fact.description,
            value=_value(fact),
            money=_money(fact, currency),
            how=fact.how,
            state=fact.state,
            fired=fact.fired,
            leading=fact.name in LEADING,
            says_kind=fact.name.startswith("command_kind"),
        )
        for fact in facts
    ]
    return sorted(found, key=lambda each: (not each.fired, not each.leading))


def _money(fact: FactLine, currency: str) -> Money | None:
    if fact.state == "known" and fact.unit == "base currency":
        return Money(Decimal(fact.value), currency)
    return None


def _value(fact: FactLine) -> str:
    if fact.state == "uncomputable":
        return _("cannot be computed")
    if fact.state != "known":
        return _("does not apply")
    return _in_words(fact.value, fact.unit)


def _in_words(value: Any, unit: str) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(str(each).replace("_", " ") for each in value) or _("none")
    if not unit:
        return str(value).replace("_", " ")
    number = Decimal(value)
    if unit == "%":
        sign = "+" if number > 0 else ""
        return f"{sign}{wording.figure(number, 1)} %"
    if unit == "0 to 1":
        return wording.share(number)
    if unit == "days":
        return ngettext("%(n)s day", "%(n)s days", int(number)) % {"n": wording.figure(number)}
    return wording.figure(number)
