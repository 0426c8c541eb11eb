"""The quote form: plain fields that keep what was typed; what counts as valid is asked of procure.sourcing.quotes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from procure.models import EventLine, SourcingEvent
from procure.portal import wording
from procure.portal.templatetags.figures import figure
from procure.sourcing.quotes import QuoteInput

LONGEST_TEXT = 2000
LONGEST_FIELD = 500
LINE_FIELDS = ("unit_price", "lead_time_days", "delivery_date", "quantity_offered", "remarks")
HEAD_FIELDS = ("freight", "incoterm", "validity_until", "remarks")
#: Incoterms 2020; the code is all that is kept.
INCOTERMS = ("EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP")


@dataclass
class Field:
    """One input: its name, what it asks for, what stands in it, and what is wrong with that."""

    name: str
    label: str
    value: str = ""
    error: str = ""
    longest: int = LONGEST_FIELD

    @property
    def id(self) -> str:
        return f"f-{self.name}"

    def refuse_if_too_long(self) -> None:
        if len(self.value) > self.longest:
            self.error = _("This is %(given)s characters long; at most %(most)s are taken. Shorten it.") % {
                "given": figure(len(self.value)),
                "most": figure(self.longest),
            }


@dataclass
class LineFields:
    line: EventLine
    fields: dict[str, Field]

    @property
    def is_offered(self) -> bool:
        return any(each.value.strip() for each in self.fields.values())

    @property
    def shows_more(self) -> bool:
        """Whether one of the less usual fields is filled or wrong."""
        return any(self.fields[name].value or self.fields[name].error for name in LINE_FIELDS[2:])


@dataclass
class QuoteForm:
    """`head` by field name, `lines` in the event's order, `reason` for declining."""

    event: SourcingEvent
    key: str
    head: dict[str, Field]
    lines: list[LineFields]
    reason: Field
    general: list[str] = field(default_factory=list)

    @property
    def incoterms(self) -> Sequence[str]:
        return INCOTERMS

    def fields(self) -> Iterator[Field]:
        for line in self.lines:
            yield from line.fields.values()
        yield from self.head.values()

    @property
    def errors(self) -> list[tuple[str, Field]]:
        """(where, field) in the order of the page."""
        found = [
            (_("Line %s") % line.line.number, each)
            for line in self.lines
            for each in line.fields.values()
            if each.error
        ]
        return found + [("", each) for each in (*self.head.values(), self.reason) if each.error]

    @property
    def filled(self) -> list[tuple[str, list[Field]]]:
        """(where, what was typed there), for reading."""
        groups: list[tuple[str, list[Field]]] = [
            (f"{line.line.number} {line.line.description}", list(line.fields.values())) for line in self.lines
        ]
        groups.append((_("For the whole quote"), list(self.head.values())))
        groups.append((_("Not quoting"), [self.reason]))
        shown = [(where, [each for each in fields if each.value]) for where, fields in groups]
        return [(where, fields) for where, fields in shown if fields]

    def typed(self) -> dict[str, str]:
        """For the draft: every field as it stands."""
        return {each.name: each.value for each in self.fields() if each.value}

    def as_quote(self) -> dict[str, Any]:
        """For `quotes.parse`: lines in which nothing stands are not offered."""
        offered = [
            {"line": each.line.number} | {name: each.fields[name].value.strip() for name in LINE_FIELDS}
            for each in self.lines
            if each.is_offered
        ]
        head = {name: self.head[name].value.strip() for name in HEAD_FIELDS}
        return {"currency": self.event.currency, "lines": offered, **head}

    def may_be_kept(self) -> bool:
        """Puts beside its field what no draft and no quote may hold."""
        for each in self.fields():
            each.refuse_if_too_long()
        incoterm = self.head["incoterm"]
        if incoterm.value and incoterm.value not in INCOTERMS:
            incoterm.error = _("Choose one of the list.")
        return not self.errors

    def refuse(self, problems: Sequence[tuple[str, str]], message: str) -> None:
        """Puts each problem beside its field; what belongs to none is told above the form."""
        offered = [each for each in self.lines if each.is_offered]
        for path, what in problems:
            found = self._field(path.split("."), offered)
            if found is not None:
                found.error = wording.told(what)
            elif path == "lines":
                self.general.append(_("Give a price and a lead time for at least one line."))
            else:
                self.general.append(wording.told(what))
        if not problems:
            self.general.append(wording.told(message))

    def renew(self) -> None:
        """A fresh key: what is sent next is another sending."""
        self.key = fresh_key()

    def _field(self, path: list[str], offered: list[LineFields]) -> Field | None:
        if len(path) == 3 and path[0] == "lines" and path[1].isdigit() and int(path[1]) < len(offered):
            return offered[int(path[1])].fields.get(path[2])
        return self.head.get(path[0]) if len(path) == 1 else None


def fresh_key() -> str:
    return secrets.token_hex(16)


def build(event: SourcingEvent, values: Mapping[str, str], *, key: str) -> QuoteForm:
    """The form with these values in it, whole, however long."""

    def taken(name: str, label: str, longest: int = LONGEST_FIELD) -> Field:
        # A browser counts a new line as one character and sends two.
        return Field(name, label, str(values.get(name, "")).replace("\r\n", "\n"), longest=longest)

    def line_fields(line: EventLine) -> dict[str, Field]:
        at = f"line-{line.number}"
        return {
            "unit_price": taken(f"{at}-unit_price", _("Price per %s") % line.unit),
            "lead_time_days": taken(f"{at}-lead_time_days", _("Lead time")),
            "delivery_date": taken(f"{at}-delivery_date", _("Delivery date, if you promise one")),
            "quantity_offered": taken(f"{at}-quantity_offered", _("Quantity, if not all of it")),
            "remarks": taken(f"{at}-remarks", _("Remarks on this line"), LONGEST_TEXT),
        }

    head = {
        "freight": taken("freight", _("Freight in total")),
        "incoterm": taken("incoterm", _("Incoterm")),
        "validity_until": taken("validity_until", _("Quote valid until")),
        "remarks": taken("remarks", _("Remarks"), LONGEST_TEXT),
    }
    lines = [LineFields(line, line_fields(line)) for line in event.lines.order_by("number")]
    return QuoteForm(event, key, head, lines, taken("reason", _("Why, if you like to say")))


def values_of(quote: QuoteInput) -> dict[str, str]:
    """A quote given before, as the form's values."""
    values = {name: _plain(getattr(quote, name)) for name in HEAD_FIELDS}
    for line in quote.lines:
        values |= {f"line-{line.line}-{name}": _plain(getattr(line, name)) for name in LINE_FIELDS}
    return values


def _plain(value: str | int | Decimal | date | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)
