"""Which words and records bear out what was understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from agents.roles.intake.answers import digest_of
from approvals.evidence import Claim, Row, Span
from procure.models import Requisition

_LINE = re.compile(r"lines\[(\d+)\]\.(quantity)")


def of_reading(requisition: Requisition) -> list[Claim]:
    structured = requisition.structured
    answered = structured.get("answers", {})
    said = {each["path"]: each for each in structured.get("evidence", ()) if each["path"] not in answered}
    found = [_said(path, span, structured) for path, span in said.items() if _value(path, structured)]
    found += [_answered(path, text, structured) for path, text in answered.items() if _value(path, structured)]
    return [*found, *_items(requisition)]


def _said(path: str, span: Mapping[str, Any], structured: Mapping[str, Any]) -> Claim:
    source = Span(structured["text_sha256"], span["start"], span["end"], span["quote"])
    return Claim(_title(path), _worded(_value(path, structured), span["quote"]), source)


def _answered(path: str, text: str, structured: Mapping[str, Any]) -> Claim:
    return Claim(_title(path), _worded(_value(path, structured), text), Span(digest_of(text), 0, len(text), text))


def _worded(value: str, quote: str) -> str:
    """A number said in words is claimed in those words, so that code can find them."""
    return value if any(each.isdigit() for each in quote) else quote


def _value(path: str, structured: Mapping[str, Any]) -> str:
    """Of the fields that are worth a claim; empty for all others."""
    if found := _LINE.fullmatch(path):
        lines = structured.get("lines", ())
        return str(lines[int(found[1])].get("quantity") or "") if int(found[1]) < len(lines) else ""
    if path == "budget.amount":
        return str((structured.get("budget") or {}).get("amount") or "")
    return str(structured.get(path) or "") if path in ("needed_by", "deliver_to") else ""


def _title(path: str) -> str:
    if found := _LINE.fullmatch(path):
        return _("Quantity of line %d") % (int(found[1]) + 1)
    titles = {"budget.amount": _("Budget"), "needed_by": _("Needed by"), "deliver_to": _("Deliver to")}
    return titles[path]


def _items(requisition: Requisition) -> Iterator[Claim]:
    for line in requisition.lines.select_related("item").exclude(item=None).order_by("number"):
        if line.item is not None:
            yield Claim(
                _("Line %d is this item of the catalogue") % line.number,
                line.item.name,
                Row("item", line.item.key, "name"),
            )
