"""What the requester answered, put where it belongs. Each answer is read for its own field only."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Any

from agents.readers import countries, dates, numbers
from agents.readers.matching import match
from agents.readers.request import read_by_rules
from agents.roles.intake.gaps import Known
from procure.models import Requisition

_LINE = re.compile(r"lines\[(\d{1,2})\](?:\.(\w+))?")
_NUMBER = re.compile(r"\d[\d.,'’ ]*")


def given(requisition: Requisition) -> dict[str, str]:
    """The last answer about each field."""
    answered = requisition.questions.exclude(answered_at=None).order_by("pk").values_list("path", "answer")
    return {field_of(path): text for path, text in answered}


def times_asked(requisition: Requisition) -> Counter[str]:
    """How many answers about each field there are: they stay, so asking again takes another path."""
    answered = requisition.questions.exclude(answered_at=None).values_list("path", flat=True)
    return Counter(field_of(path) for path in answered)


def field_of(path: str) -> str:
    """`needed_by.2` is the second question about `needed_by`."""
    return re.sub(r"\.\d+$", "", path)


def digest_of(text: str) -> str:
    """Under which the answer is kept as a source."""
    return hashlib.sha256(text.encode()).hexdigest()


def apply(structured: dict[str, Any], given: Mapping[str, str], known: Known) -> dict[str, str]:
    """Changes `structured`; returns the answers that could not be read, by path."""
    unclear = {}
    structured["answers"] = {}
    for path, text in given.items():
        if _put(structured, path, text, known):
            structured["answers"][path] = text
        else:
            unclear[path] = text
    return unclear


def _put(structured: dict[str, Any], path: str, text: str, known: Known) -> bool:
    if found := _LINE.fullmatch(path):
        return _put_line(structured, int(found[1]), found[2] or "", text, known)
    reader = _FIELDS.get(path)
    value = reader(text, known) if reader else None
    if value is None:
        return False
    if path == "budget.currency":
        structured["budget"] = (structured.get("budget") or {}) | {"currency": value}
    else:
        structured[path] = value
    return True


def _put_line(structured: dict[str, Any], number: int, field: str, text: str, known: Known) -> bool:
    lines = structured.setdefault("lines", [])
    if not field:
        lines[:] = lines or read_by_rules(text, today=known.today, catalogue=known.items)["lines"]
        return bool(lines)
    if number >= len(lines):
        return False
    line = lines[number]
    if field == "unit":
        return _put_unit(line, text, known)
    value = _quantity(text) if field == "quantity" else _item(text, known) if field == "item" else None
    if value is None:
        return False
    line[field] = value
    return True


def _put_unit(line: dict[str, Any], text: str, known: Known) -> bool:
    """Packs it is from now on: a count of tablets becomes the packs that hold them."""
    packs = bool(re.search(r"\bpacks?\b", text, re.I))
    size = next((each.units_per_pack for each in known.items if each.key == line.get("item")), 0)
    if not packs and (not size or not line.get("quantity")):
        return False
    if not packs:
        needed = Decimal(line["quantity"]) / size
        line["quantity"] = numbers.plain(needed.to_integral_value(ROUND_CEILING))
    line["unit"] = "pack"
    return True


def _quantity(text: str) -> str | None:
    digits = _NUMBER.search(text)
    value = numbers.parse(digits[0].strip(" .,'’")) if digits else numbers.parse_words(text)
    return numbers.plain(value) if value and 0 < value < 10**12 else None


def _item(text: str, known: Known) -> str | None:
    key = text.split("·")[0].strip().upper()
    return key if key in known.names else match(text, known.items).item


def _country(text: str, known: Known) -> str | None:
    word = text.strip()
    for said in (word, word.upper() if len(word) == 2 else word.title()):
        named = {each.code for each in countries.mentions(f"deliver to {said}")}
        if len(named) == 1:
            return named.pop()
    return None


def _date(text: str, known: Known) -> str | None:
    named: set[date] = {each.value for each in dates.mentions(f"by {text}", known.today)}
    return named.pop().isoformat() if len(named) == 1 else None


def _currency(text: str, known: Known) -> str | None:
    found = re.search(r"\b[A-Z]{3}\b", text.upper())
    return found[0] if found else None


def _centre(text: str, known: Known) -> str | None:
    said = text.split("·")[0].strip().casefold()
    return next((code for code, name in known.centres.items() if said in (code.casefold(), name.casefold())), None)


_FIELDS: dict[str, Callable[[str, Known], str | None]] = {
    "deliver_to": _country,
    "needed_by": _date,
    "budget.currency": _currency,
    "cost_centre": _centre,
}
