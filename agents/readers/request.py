"""Reads a request: what, how much, until when, where to, for how much at most. Tier `rules`; pure.

Every value that came from the text carries its literal span; what is missing or not sure becomes a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from agents.readers import (
    amounts,
    countries,
    cues,
    dates,
    deadlines,
    medicines,
    numbers,
    passages,
    quantities,
    questions,
)
from agents.readers.catalogue import Catalogue
from agents.readers.lines import MOST, Finder, Line
from agents.readers.matching import Match, match
from agents.readers.text import Normalised, normalise
from agents.readers.wordlists import words

#: Who can be asked to read: ours, or one of two model endpoints.
TIERS = ("rules", "small", "large")
_SOFT_WRAP = re.compile(r"(?<=[\w,/-][\w,/ -])\n(?=[a-zäöüé0-9(\"])")
_PHYSICAL = frozenset(
    words(
        "pack box bottle kit vial tablet capsule carton roll ream pallet set pair bag can drum tube ampoule "
        "sheet tonne kg g l ml"
    )
)


@dataclass
class Draft:
    """The answer while it is put together; `note` keeps the words a value came from."""

    text: str
    evidence: list[dict[str, Any]] = field(default_factory=list)

    def note(self, path: str, start: int, end: int) -> None:
        self.evidence.append({"path": path, "quote": self.text[start:end], "start": start, "end": end})


def read_request(text: str | bytes, *, today: date, tier: str = "rules", catalogue: Catalogue = ()) -> dict[str, Any]:
    """The request structured. A model is asked only on a plan's account, through the gateway; here rules stand in
    for any other tier and say so by `degraded`."""
    return read_by_rules(text, today=today, catalogue=catalogue) | {"degraded": tier != "rules"}


def read_by_rules(source: str | bytes | Normalised, *, today: date, catalogue: Catalogue = ()) -> dict[str, Any]:
    """The request as READERS.md describes it. Raises `TooLong` or `Empty`; any other text gives an answer."""
    normal = source if isinstance(source, Normalised) else normalise(source)
    parts = passages.divide(normal.text)
    view, wide = _unwrapped(parts.own), _unwrapped(parts.wide)
    found = _Scan(view, today)
    if (
        view != wide
        and not any(line.quantity for line in found.lines)
        and not (found.lines and quantities.NEED.search(view))
    ):
        found = _Scan(wide, today)
        view = wide
    draft = Draft(normal.text)
    lines = [_line(draft, view, number, line, catalogue) for number, line in enumerate(found.lines[:MOST])]
    matches = [each for _, each in lines]
    answer: dict[str, Any] = {
        "kind": _kind(draft, view, found.lines, matches),
        "lines": [each for each, _ in lines],
        "budget": _budget(draft, found.amounts),
        "needed_by": None,
        "deliver_to": None,
        "cost_centre": None,
        "vendor_mentioned": None,
        "urgency": "normal",
    }
    needed = deadlines.needed_by(view, found.dates)
    if needed:
        answer["needed_by"] = needed.value.isoformat()
        draft.note("needed_by", needed.start, needed.end)
    destinations = countries.destinations(found.countries)
    if len(destinations) == 1:
        answer["deliver_to"] = destinations[0].code
        draft.note("deliver_to", destinations[0].start, destinations[0].end)
    for name, cue in (
        ("cost_centre", found.cost_centre),
        ("vendor_mentioned", found.vendor),
        ("urgency", cues.urgency(wide)),
    ):
        if cue:
            answer[name] = cue.value
            draft.note(name, cue.start, cue.end)
    _default_quantity(draft, view, answer)
    asked = questions.of(
        answer,
        matches,
        catalogue,
        today=today,
        places=[each.code for each in destinations],
        too_many=len(found.lines) > MOST,
    )
    suspicious = sorted((*normal.suspicious, *parts.suspicious), key=lambda each: each.start)
    return answer | {
        "questions": asked,
        "evidence": draft.evidence,
        "suspicious": [each.as_json() for each in suspicious],
        "tier": "rules",
        "degraded": False,
        "text_sha256": normal.sha256,
    }


class _Scan:
    """All that one view of the text mentions."""

    def __init__(self, view: str, today: date) -> None:
        self.dates = dates.mentions(view, today)
        self.amounts = amounts.mentions(view)
        self.countries = countries.mentions(view)
        self.cost_centre = cues.cost_centre(view)
        self.vendor = cues.vendor(view)
        blocked = bytearray(len(view))
        ends = []
        spans: list[tuple[int, int]] = [
            *((each.start, each.end) for each in self.dates),
            *((each.start, each.end) for each in self.amounts if each.currency_span != (0, 0) or each.ceiling),
            *((each.start, each.end) for each in self.countries if each.sends),
        ]
        if self.cost_centre:
            spans.append((self.cost_centre.start, self.cost_centre.end))
        for start, end in spans:
            blocked[start:end] = b"\x01" * (end - start)
            ends.append(start)
        for start, end in medicines.measures(view):
            blocked[start:end] = b"\x01" * (end - start)
        self.lines = Finder(view, blocked, ends).find()


def _unwrapped(view: str) -> str:
    """Lines that a mail program broke become one again; offsets stay."""
    return _SOFT_WRAP.sub(" ", view)


def _line(draft: Draft, view: str, number: int, line: Line, catalogue: Catalogue) -> tuple[dict[str, Any], Match]:
    path = f"lines[{number}]"
    quantity = line.quantity
    description = re.sub(r"\s+", " ", view[line.start : line.end])
    said = f"{view[line.start : line.end]} {_counting_word(view, line)} {_pack_words(view, line)}"
    matched = match(said, catalogue)
    if quantity and quantity.span:
        draft.note(f"{path}.quantity", *quantity.span)
    if quantity and quantity.unit_span:
        draft.note(f"{path}.unit", *quantity.unit_span)
    draft.note(f"{path}.description", line.start, line.end)
    if matched.item:
        draft.note(f"{path}.item", line.start, line.end)
    return {
        "description": description,
        "quantity": numbers.plain(quantity.value) if quantity and quantity.value is not None else None,
        "unit": _unit_of(line, description),
        "item": matched.item,
        "candidates": [{"item": key, "score": score} for key, score in matched.candidates],
    }, matched


def _counting_word(view: str, line: Line) -> str:
    """“40 kits of Uni-Gold”: kits are part of what it is, packs are not."""
    quantity = line.quantity
    return view[slice(*quantity.unit_span)] if quantity and quantity.unit_span and quantity.unit == "kit" else ""


def _pack_words(view: str, line: Line) -> str:
    """Pack sizes said after the name: “(60 tabs per pack)”, “, bottle of 240 ml”."""
    begin = max(line.end, line.quantity.end if line.quantity else 0)
    return " ".join(view[start:end] for start, end in medicines.pack_spans(view, begin, max(begin, line.reach)))


def _unit_of(line: Line, description: str) -> str | None:
    quantity = line.quantity
    if quantity is None:
        return None
    if quantity.unit:
        return quantity.unit
    last = re.search(r"\b(kits?|seats?|licen[cs]es?|lizenzen)\b[^\w]*(?:\([^)]*\))?$", description, re.I)
    if last:
        return "kit" if last[1].casefold().startswith("kit") else "seat"
    if quantity.value is None:
        return None
    return None if medicines.strength(description) else "each"


def _kind(draft: Draft, view: str, lines: Iterable[Line], matches: list[Match]) -> str:
    if any(each.item or each.why == "several" for each in matches):
        return "goods"
    lines = list(lines)
    found = cues.kinds(view)
    units = {line.quantity.unit for line in lines if line.quantity}
    in_lines = [each for each in found if any(_about(each, line, view) for line in lines)]
    physical = bool(units & _PHYSICAL)
    chosen = next(iter(in_lines), None)
    if chosen is None and not physical:
        chosen = next(
            (
                each
                for each in found
                if each.value != "service" or not lines or units & {"hour", "day", "week", "month"}
            ),
            None,
        )
    if "seat" in units and (chosen is None or chosen.value == "service"):
        return "subscription"
    if chosen is None or (physical and chosen.value != "subscription"):
        return "service" if units & {"hour", "day"} else "goods"
    draft.note("kind", chosen.start, chosen.end)
    return chosen.value


def _about(cue: cues.Cue, line: Line, view: str) -> bool:
    """Said in the line itself or right before its quantity: “translation of 35 pages”, “hire 2 electricians”."""
    if re.match(
        r"(?:people|persons?|participants?|guests?|attendees|staff|visits?|sessions?|trips?|nights?|rooms?|pages?|words|days?|personen|personnes|seiten)\b",
        view[line.start : line.end],
        re.I,
    ):
        return True
    before = line.quantity is not None and cue.start <= line.quantity.start and line.quantity.start - cue.end <= 6
    return before or line.start <= cue.start < line.end


def _budget(draft: Draft, found: list[amounts.AmountMention]) -> dict[str, Any] | None:
    chosen = amounts.budget(found)
    if chosen is None or chosen.amount >= 10**13:
        return None
    cents = chosen.amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    amount = cents if cents == chosen.amount else chosen.amount
    draft.note("budget.amount", chosen.start, chosen.end)
    if chosen.currency:
        draft.note("budget.currency", *chosen.currency_span)
    return {
        "amount": format(amount, "f"),
        "currency": chosen.currency,
        "basis": "per_unit" if chosen.per_unit else "total",
    }


def _default_quantity(draft: Draft, view: str, answer: dict[str, Any]) -> None:
    """Services and subscriptions without a count are bought by the time named: “for 12 months”."""
    if answer["kind"] == "goods" or len(answer["lines"]) != 1 or answer["lines"][0]["quantity"] is not None:
        return
    spoken = quantities.duration(view)
    if spoken and spoken.value and spoken.span and spoken.unit_span:
        answer["lines"][0] |= {"quantity": numbers.plain(spoken.value), "unit": spoken.unit}
        draft.note("lines[0].quantity", *spoken.span)
        draft.note("lines[0].unit", *spoken.unit_span)
