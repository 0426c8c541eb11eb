"""What to ask back: in plain words, one question for each thing that is missing or not sure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from agents.readers.catalogue import Catalogue
from agents.readers.matching import Match

_SHOWN = 4


def of(
    answer: dict[str, Any],
    matches: Sequence[Match],
    catalogue: Catalogue,
    *,
    today: date,
    places: Sequence[str],
    too_many: bool,
) -> list[str]:
    """The questions for an answer, the most needed first."""
    out: list[str] = []
    if not answer["lines"]:
        out.append("What do you need, and how many?")
    for line, matched in zip(answer["lines"], matches, strict=True):
        name = line["description"][:80]
        if line["quantity"] is None:
            out.append(f"How many of “{name}” do you need?")
        out += _about_item(name, matched, catalogue)
        if matched.item and line["quantity"] and line["unit"] in (None, "tablet", "capsule", "test"):
            out.append(f"Is the quantity of “{name}” counted in packs or in single {line['unit'] or 'unit'}s?")
    if answer["kind"] == "goods" and answer["deliver_to"] is None:
        if len(places) > 1:
            out.append(f"Several places of delivery are named ({', '.join(places)}). What goes where?")
        else:
            out.append("Where should it be delivered (country)?")
    if answer["needed_by"] is None:
        out.append("By which date do you need it?")
    elif answer["needed_by"] < today.isoformat():
        out.append(f"The date {answer['needed_by']} has passed. By which date do you need it?")
    if answer["budget"] and answer["budget"]["currency"] is None:
        out.append("In which currency is the budget?")
    if too_many:
        out.append(
            f"The list has more than {len(answer['lines'])} lines; only these were read. Please send the "
            f"rest separately."
        )
    return out


def _about_item(name: str, matched: Match, catalogue: Catalogue) -> list[str]:
    if matched.item or not matched.candidates:
        return []
    names = {item.key: item.name for item in catalogue}
    shown = "; ".join(f"{names.get(key, key)} ({key})" for key, _ in matched.candidates[:_SHOWN])
    if matched.why == "several":
        return [f"Which item do you mean by “{name}”? Several fit: {shown}."]
    return [f"“{name}” is not in the catalogue as described. Is it one of these: {shown}?"]
