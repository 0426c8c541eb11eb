"""What is missing or unclear, as one question a field with likely answers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from agents.readers.catalogue import Catalogue
from agents.readers.countries import mentions
from procure.requisitions import Question

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Known:
    """What questions and answers are held against. `centres` maps codes of cost centres to names."""

    today: date
    items: Catalogue
    centres: Mapping[str, str]
    base_currency: str

    @property
    def names(self) -> dict[str, str]:
        return {each.key: each.name for each in self.items}


def find(
    structured: Mapping[str, Any],
    known: Known,
    *,
    unclear: Mapping[str, str] | None = None,
    times: Mapping[str, int] | None = None,
) -> list[Question]:
    """`unclear` are answers that could not be read: asked again with a hint. `times` a field was answered before."""
    unclear, times = unclear or {}, times or {}
    return [
        Question(
            f"{path}.{times[path] + 1}" if times.get(path) else path,
            f"{_not_understood(unclear[path])} {text}" if path in unclear else text,
            suggestions,
        )
        for path, text, suggestions in _gaps(structured, known)
    ]


def _not_understood(answer: str) -> str:
    return _("“%s” was not understood.") % answer[:60]


Gap = tuple[str, str, tuple[str, ...]]


def _gaps(structured: Mapping[str, Any], known: Known) -> Iterator[Gap]:
    lines = structured.get("lines") or []
    if not lines:
        yield "lines[0]", _("What do you need, and how many? For example: 20 laptops."), ()
    goods = structured.get("kind") == "goods"
    for number, line in enumerate(lines):
        yield from _line_gaps(f"lines[{number}]", line, known, goods=goods)
    if goods and not structured.get("deliver_to"):
        yield "deliver_to", _("To which country should it be delivered?"), ()
    needed_by = structured.get("needed_by")
    if not needed_by:
        yield "needed_by", _("By which date do you need it?"), ()
    elif date.fromisoformat(needed_by) < known.today:
        yield "needed_by", _("%s has passed. By which date do you need it?") % needed_by, ()
    budget = structured.get("budget")
    if budget and not budget.get("currency"):
        yield "budget.currency", _("In which currency is the budget?"), (known.base_currency,)
    if (structured.get("cost_centre") or "").upper() not in {code.upper() for code in known.centres}:
        yield "cost_centre", _("Which cost centre pays?"), _likely_centres(known, structured.get("deliver_to"))


def _likely_centres(known: Known, country: str | None) -> tuple[str, ...]:
    """Those named after the country of delivery first."""
    named = {code: any(each.code == country for each in mentions(name)) for code, name in known.centres.items()}
    ordered = sorted(known.centres, key=lambda code: (not named[code], code))
    return tuple(f"{code} · {known.centres[code]}" for code in ordered[:SHOWN])


def _line_gaps(path: str, line: Mapping[str, Any], known: Known, *, goods: bool) -> Iterator[Gap]:
    name = (line.get("description") or "")[:80]
    if not line.get("quantity"):
        yield f"{path}.quantity", _("How many of “%s” do you need?") % name, ()
    if goods and not line.get("item"):
        candidates = [each["item"] for each in line.get("candidates") or ()][:SHOWN]
        shown = tuple(f"{key} · {known.names.get(key, key)}" for key in candidates)
        if shown:
            yield f"{path}.item", _("Which item of the catalogue do you mean by “%s”?") % name, shown
        else:
            yield f"{path}.item", _("“%s” is not in the catalogue. What is its number or usual name?") % name, ()
    elif goods and line.get("unit") in ("tablet", "capsule", "test"):
        unit = f"{line['unit']}s"
        text = _("Is the quantity of “%(name)s” counted in %(unit)s or in packs?") % {"name": name, "unit": unit}
        yield f"{path}.unit", text, ("packs", unit)
