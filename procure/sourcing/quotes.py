"""What a supplier may say in a quote, checked before it is sealed. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from ledger.errors import InvalidInput
from ledger.money import parse_amount

MOST_LINES = 500
Remarks = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


def _money(value: Any) -> Any:
    if value is None or value == "":
        return None
    try:
        return parse_amount(value if isinstance(value, Decimal | int) else str(value).strip().replace(",", ""))
    except InvalidInput as error:
        raise ValueError(error.message) from None


def _blank(value: Any) -> Any:
    return None if value == "" else value


Price = Annotated[Decimal, BeforeValidator(_money), Field(gt=0)]
NotNegative = Annotated[Decimal, BeforeValidator(_money), Field(ge=0)]
Day = Annotated[date | None, BeforeValidator(_blank)]


class QuoteLine(BaseModel):
    """One line of the event, by its number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int = Field(ge=1)
    unit_price: Price
    lead_time_days: int = Field(ge=0, le=730)
    delivery_date: Day = None
    quantity_offered: Annotated[Annotated[Decimal, Field(gt=0)] | None, BeforeValidator(_money)] = None
    remarks: Remarks = ""


class QuoteInput(BaseModel):
    """A whole quote. Lines left out are not offered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    freight: NotNegative = Decimal(0)
    incoterm: Annotated[str, StringConstraints(pattern=r"^([A-Z]{3})?$")] = ""
    validity_until: Day = None
    remarks: Remarks = ""
    lines: tuple[QuoteLine, ...] = Field(min_length=1, max_length=MOST_LINES)


def parse(data: Any) -> QuoteInput:
    """From plain values. Raises `InvalidInput` with `errors` by field path."""
    if isinstance(data, QuoteInput):
        return data
    try:
        quote = QuoteInput.model_validate(data)
    except ValidationError as error:
        problems = [(".".join(str(part) for part in each["loc"]), each["msg"]) for each in error.errors()]
        raise InvalidInput(
            _("The quote cannot be taken: %s") % "; ".join(f"{where}: {what}" for where, what in problems[:5]),
            errors=problems,
        ) from None
    numbers = [each.line for each in quote.lines]
    if len(set(numbers)) != len(numbers):
        raise InvalidInput(_("A line is quoted twice."))
    return quote
