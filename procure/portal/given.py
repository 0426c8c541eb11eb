"""A quote as its supplier reads it on the receipt. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from procure.models import EventLine
from procure.sourcing.quotes import QuoteInput, QuoteLine


@dataclass(frozen=True, slots=True)
class GivenLine:
    line: EventLine
    quoted: QuoteLine
    quantity: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Given:
    """The lines offered with their amounts, and what they come to with freight."""

    quote: QuoteInput
    lines: tuple[GivenLine, ...]
    total: Decimal


def read(quote: QuoteInput, asked: Iterable[EventLine]) -> Given:
    by_number = {line.line: line for line in quote.lines}
    lines = []
    for line in asked:
        if quoted := by_number.get(line.number):
            quantity = quoted.quantity_offered or line.quantity
            lines.append(GivenLine(line, quoted, quantity, quoted.unit_price * quantity))
    return Given(quote, tuple(lines), quote.freight + sum((each.amount for each in lines), Decimal(0)))
