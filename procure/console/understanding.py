"""What was understood of somebody's words, as a page shows it: fields, lines, used spans, questions. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.money import Money
from procure.console.wording import figure

FIELD_NAMES = {
    "budget": gettext_lazy("budget"),
    "needed_by": gettext_lazy("needed by"),
    "deliver_to": gettext_lazy("deliver to"),
    "cost_centre": gettext_lazy("cost centre"),
    "vendor_mentioned": gettext_lazy("supplier named"),
    "urgency": gettext_lazy("urgency"),
    "kind": gettext_lazy("kind"),
}
LONGEST_HEADLINE = 120
LINE_PATH = re.compile(r"^lines\[(\d+)\]\.?(\w*)")


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    description: str
    quantity: Decimal | None
    unit: str
    item: str
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Understanding:
    lines: tuple[Line, ...] = ()
    budget: Money | None = None
    basis: str = ""
    needed_by: date | None = None
    deliver_to: str = ""
    cost_centre: str = ""
    vendor: str = ""
    urgency: str = "normal"
    questions: tuple[str, ...] = ()
    suspicious: tuple[tuple[str, str], ...] = ()
    spans: tuple[Span, ...] = ()
    tier: str = ""
    degraded: bool = False
    empty: bool = False


def understood(structured: Mapping[str, Any], text: str) -> Understanding:
    """From the reader's JSON. Spans are dropped when they belong to another text than `text`."""
    if not structured:
        return Understanding(empty=True)
    budget = structured.get("budget") or {}
    money = Money(Decimal(budget["amount"]), budget["currency"]) if budget.get("currency") else None
    needed = structured.get("needed_by")
    return Understanding(
        lines=tuple(_line(number, each) for number, each in enumerate(structured.get("lines", ()), 1)),
        budget=money,
        basis=budget.get("basis") or "",
        needed_by=date.fromisoformat(needed) if needed else None,
        deliver_to=structured.get("deliver_to") or "",
        cost_centre=structured.get("cost_centre") or "",
        vendor=structured.get("vendor_mentioned") or "",
        urgency=structured.get("urgency") or "normal",
        questions=tuple(structured.get("questions", ())),
        suspicious=tuple((each["quote"], each["why"]) for each in structured.get("suspicious", ())),
        spans=spans_of(structured, text),
        tier=structured.get("tier", ""),
        degraded=bool(structured.get("degraded")),
    )


def _line(number: int, line: Mapping[str, Any]) -> Line:
    return Line(
        number=number,
        description=line.get("description") or "",
        quantity=Decimal(line["quantity"]) if line.get("quantity") else None,
        unit=line.get("unit") or "",
        item=line.get("item") or "",
        candidates=tuple(each["item"] for each in line.get("candidates") or ()),
    )


def spans_of(structured: Mapping[str, Any], text: str) -> tuple[Span, ...]:
    if structured.get("text_sha256") != hashlib.sha256(text.encode()).hexdigest():
        return ()
    return tuple(
        Span(each["start"], each["end"], each["path"], path_in_words(each["path"]))
        for each in structured.get("evidence", ())
        if text[each["start"] : each["end"]] == each["quote"]
    )


def path_in_words(path: str) -> str:
    """`lines[0].quantity` as “line 1, quantity”."""
    if found := LINE_PATH.match(path):
        name = found[2].replace("_", " ")
        words = _("line %(number)d") % {"number": int(found[1]) + 1}
        return f"{words}, {name}" if name else words
    return str(FIELD_NAMES.get(path.split(".")[0], path.replace("_", " ")))


@dataclass(frozen=True, slots=True)
class Asked:
    """One line of a request, as much of it as a headline needs."""

    quantity: Decimal | None
    unit: str
    thing: str


def headline(lines: Sequence[Asked], words: str) -> str:
    """The request in one line: the first line's quantity and thing, else the words as said."""
    if not lines:
        return words if len(words) <= LONGEST_HEADLINE else f"{words[: LONGEST_HEADLINE - 1].rstrip()}…"
    first = lines[0]
    said = [figure(first.quantity), _plural(first.unit, first.quantity)] if first.quantity else []
    text = " ".join(part for part in (*said, first.thing) if part)
    more = len(lines) - 1
    return text + (_(" and %(more)d more") % {"more": more} if more else "")


def _plural(unit: str, quantity: Decimal) -> str:
    if unit in ("", "each"):
        return ""
    if quantity == 1 or unit.endswith("s"):
        return unit
    return f"{unit}es" if unit.endswith(("x", "ch", "sh")) else f"{unit}s"
