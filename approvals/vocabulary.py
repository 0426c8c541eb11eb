"""The words a policy may use, with their types; and what the answer to one can be. Pure.

Numbers (money, percentages, days) reach CEL as doubles. That is exact here: every value has at most 15 significant
digits, and the correctly rounded conversion from decimals of up to 15 digits to doubles keeps order and keeps
different values different. Arithmetic, which would lose that, is not declared: facts do the sums, rules compare.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PLACES = Decimal("0.0001")
#: 15 significant digits with four places.
LARGEST = Decimal("99999999999.9999")


class Type(StrEnum):
    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    type: Type
    unit: str
    description: str | Promise
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    value: str | tuple[str, ...] | Decimal | bool
    how: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The question makes no sense for this proposal: a rule that hangs on it does not fire."""

    how: str


@dataclass(frozen=True, slots=True)
class Uncomputable:
    """The question makes sense and nobody can answer it: a rule that hangs on it asks a person."""

    how: str


Answer = Known | NotApplicable | Uncomputable


@dataclass(frozen=True, slots=True)
class Facts:
    answers: Mapping[str, Answer]

    def value(self, name: str) -> Any:
        """The known value, or None."""
        answer = self.answers.get(name)
        return answer.value if isinstance(answer, Known) else None

    def as_json(self) -> dict[str, dict[str, Any]]:
        return {name: answer_as_json(answer) for name, answer in self.answers.items()}


def answer_as_json(answer: Answer) -> dict[str, Any]:
    if not isinstance(answer, Known):
        state = "uncomputable" if isinstance(answer, Uncomputable) else "not_applicable"
        return {"state": state, "how": answer.how}
    value = answer.value
    if isinstance(value, Decimal):
        value = format(value, "f")
    return {"state": "known", "value": list(value) if isinstance(value, tuple) else value, "how": answer.how}


def answer_from_json(told: Mapping[str, Any]) -> Answer:
    """The very answer that `answer_as_json` wrote, with the `type` its value has. Raises `ValueError` or `KeyError`."""
    state, how = told["state"], told["how"]
    if not isinstance(how, str) or state not in ("known", "not_applicable", "uncomputable"):
        raise ValueError(f"no answer of ours: {dict(told)}")
    if state != "known":
        return Uncomputable(how) if state == "uncomputable" else NotApplicable(how)
    return Known(_value(Type(told["type"]), told["value"]), how)


def _value(type: Type, told: Any) -> str | tuple[str, ...] | Decimal | bool:
    if type == Type.TEXTS and isinstance(told, list) and all(isinstance(each, str) for each in told):
        return tuple(told)
    if type == Type.NUMBER and isinstance(told, str):
        try:
            return Decimal(told)
        except InvalidOperation:
            raise ValueError(f"{told} is no number") from None
    if type == Type.FLAG and isinstance(told, bool):
        return told
    if type == Type.TEXT and isinstance(told, str):
        return told
    raise ValueError(f"{told!r} is no {type}")


def number(value: Decimal | int, how: str) -> Known | Uncomputable:
    """A number that compares exactly, or the statement that it is too large to."""
    rounded = Decimal(value).quantize(PLACES, ROUND_HALF_UP)
    if abs(rounded) > LARGEST:
        return Uncomputable(f"{how}: too large to compare exactly")
    return Known(rounded.normalize() + 0, how)


def _define(*rows: tuple) -> dict[str, Definition]:
    return {row[0]: Definition(*row) for row in rows}


T, TS, N, F = Type.TEXT, Type.TEXTS, Type.NUMBER, Type.FLAG
VENDOR_STATUSES = ("approved", "conditional", "prospect", "retired", "blocked")
VOCABULARY: dict[str, Definition] = _define(
    ("command_kind", T, "", _("Kind of the only command; “bundle” when there are several kinds")),
    ("command_kinds", TS, "", _("Kinds of all commands in the proposal")),
    ("actor_kind", T, "", _("Who proposes"), ("human", "agent", "system")),
    ("actor_name", T, "", _("Agent role or sign-in name of who proposes")),
    ("amount", N, "base currency", _("What it is worth: summed per kind of command, the greatest kind counts")),
    ("rolling_30d_amount", N, "base currency", _("New money in 30 days with the same supplier, this one included")),
    ("order_threshold", N, "base currency", _("The policy's own value threshold")),
    ("category", T, "", _("Category of the items; “several” when there is more than one")),
    ("categories", TS, "", _("Categories of the items")),
    ("cost_centre", T, "", _("Cost centre that pays; “several” when there is more than one")),
    ("cost_centres", TS, "", _("Cost centres that pay")),
    ("budget_remaining_after", N, "base currency", _("What is left of the year's budget afterwards")),
    ("vendor_status", T, "", _("Status of the supplier; the worst when there are several"), VENDOR_STATUSES),
    ("vendor_statuses", TS, "", _("Statuses of all suppliers touched"), VENDOR_STATUSES),
    ("vendor_count", N, "suppliers", _("How many suppliers it touches")),
    ("certificates_valid", F, "", _("No certificate of a supplier touched has run out")),
    ("contract_covered", F, "", _("Each line has a price in a contract that is live")),
    ("price_vs_contract_pct", N, "%", _("Worst line against its contract price; positive is dearer")),
    ("price_vs_benchmark_pct", N, "%", _("Worst line against the median once paid; positive is dearer")),
    ("bids_received", N, "bids", _("Quotes opened in the sourcing event")),
    ("single_source", F, "", _("Fewer than two quotes and no contract price")),
    ("lead_time_days", N, "days", _("Until the last line is promised")),
    ("late_risk", N, "0 to 1", _("Chance that the supplier delivers late, from its history; the worst supplier")),
    ("confidence", N, "0 to 1", _("How sure the agent says it is")),
    ("evidence_coverage", N, "0 to 1", _("Share of its claims that code could verify")),
    ("urgency", T, "", _("How urgent"), ("hot", "normal", "cold")),
    ("reversible", F, "", _("Each command can be undone")),
    ("outward", F, "", _("It leaves the house: the ERP, a supplier")),
    ("new_money_out", F, "", _("It binds money that was not bound before")),
    ("two_people", F, "", _("Policy, limits, bank details: always a second person")),
    ("compensation", F, "", _("It is the declared undo of something carried out, within its deadline")),
    ("asker_may_decide", F, "", _("Who asks for the undo may decide on the original")),
    ("bounds_exceeded", F, "", _("The agent oversteps its bounds")),
    ("agent_spend_today", N, "base currency", _("New money this agent proposed today, this one included")),
)
