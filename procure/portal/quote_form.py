"""The quote form: plain fields that keep what was typed; what counts as valid is asked of procure.sourcing.quotes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from procure.models import EventLine, SourcingEvent
from procure.sourcing.quotes import QuoteInput

LONGEST = {"remarks": 2000}
LONGEST_FIELD = 400
LINE_FIELDS = ("unit_price", "lead_time_days", "delivery_date", "quantity_offered", "remarks")
HEAD_FIELDS = ("freight", "incoterm", "validity_until", "remarks")
#: Incoterms 2020; the code is all that is kept.
INCOTERMS = ("EXW", "FCA", "FAS", "FOB", "CFR", "CIF", "CPT", "CIP", "DAP", "DPU", "DDP")


@dataclass
class Field:
    """One input: its name, what stands in it, and what is wrong with that."""

    name: str
    value: str = ""
    error: str = ""

    @property
    def id(self) -> str:
        return f"f-{self.name}"


@dataclass
class LineFields:
    line: EventLine
    fields: dict[str, Field]

    def __getattr__(self, name: str) -> Field:
        try:
            return self.__dict__["fields"][name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class QuoteForm:
    """`head` by field name, `lines` in the event's order."""

    event: SourcingEvent
    key: str
    head: dict[str, Field]
    lines: list[LineFields]
    general: list[str] = field(default_factory=list)

    @property
    def incoterms(self) -> Sequence[str]:
        return INCOTERMS

    def fields(self) -> Iterator[Field]:
        yield from self.head.values()
        for line in self.lines:
            yield from line.fields.values()

    @property
    def errors(self) -> list[Field]:
        return [each for each in self.fields() if each.error]

    def typed(self) -> dict[str, str]:
        """For the draft: every field as it stands."""
        return {each.name: each.value for each in self.fields() if each.value}

    def as_quote(self) -> dict[str, Any]:
        """For `quotes.parse`: lines without a price and a lead time are not offered."""
        offered = []
        for each in self.lines:
            values = {name: each.fields[name].value.strip() for name in LINE_FIELDS}
            if any(values.values()):
                offered.append({"line": each.line.number, **values})
        head = {name: self.head[name].value.strip() for name in HEAD_FIELDS}
        return {"currency": self.event.currency, "lines": offered, **head}

    def refuse(self, problems: Sequence[tuple[str, str]], message: str) -> None:
        """Puts each problem beside its field; what belongs to none is told above the form."""
        offered = [each for each in self.lines if any(each.fields[name].value.strip() for name in LINE_FIELDS)]
        for path, what in problems:
            found = self._field(path.split("."), offered)
            if found is not None:
                found.error = what
            elif path == "lines":
                self.general.append(_("Give a price and a lead time for at least one line."))
            else:
                self.general.append(what)
        if not problems:
            self.general.append(message)

    def _field(self, path: list[str], offered: list[LineFields]) -> Field | None:
        if len(path) == 3 and path[0] == "lines" and path[1].isdigit() and int(path[1]) < len(offered):
            return offered[int(path[1])].fields.get(path[2])
        return self.head.get(path[0]) if len(path) == 1 else None


def build(event: SourcingEvent, values: Mapping[str, str], *, key: str) -> QuoteForm:
    """The form with these values in it, cut to what a field may hold."""

    def taken(name: str, of: str) -> Field:
        return Field(name, str(values.get(name, ""))[: LONGEST.get(of, LONGEST_FIELD)])

    lines = [
        LineFields(line, {of: taken(f"line-{line.number}-{of}", of) for of in LINE_FIELDS})
        for line in event.lines.select_related("item").order_by("number")
    ]
    return QuoteForm(event, key, {of: taken(of, of) for of in HEAD_FIELDS}, lines)


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
