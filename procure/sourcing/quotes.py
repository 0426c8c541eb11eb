"""What a supplier may say in a quote, checked before it is sealed. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from ledger.errors import InvalidInput
from ledger.money import parse_amount

MOST_LINES = 500
PLAIN = re.compile(r"[0-9]{1,15}(\.[0-9]{1,10})?", re.ASCII)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _amount(value: Any) -> Decimal | None:
    """Digits with at most one point; None when left blank. What could be read in two ways is refused."""
    if value is None or value == "":
        return None
    if isinstance(value, bool | float) or not isinstance(value, Decimal | int | str):
        raise ValueError(_("Give the amount as text, such as 1234.56."))
    if isinstance(value, str):
        value = value.strip()
        if "," in value:
            raise ValueError(
                _("“%s” has a comma. Write a point before the decimals and nothing between thousands: 1234.56.")
                % value[:40]
            )
        if not PLAIN.fullmatch(value):
            raise ValueError(_("“%s” is not a plain amount. Write it with digits and one point: 1234.56.") % value[:40])
    try:
        return parse_amount(value)
    except InvalidInput as error:
        raise ValueError(error.message) from None


def _named(value: Any) -> Decimal:
    amount = _amount(value)
    if amount is None:
        raise ValueError(_("Give an amount, such as 1234.56."))
    return amount


def _or_zero(value: Any) -> Decimal:
    return _amount(value) or Decimal(0)


def _whole(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip(), re.ASCII):
        return int(value.strip())
    raise ValueError(_("Give a whole number in digits, such as 30."))


def _day(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str) and DAY.fullmatch(value.strip()):
        return value.strip()
    if type(value) is date:
        return value
    raise ValueError(_("Give the day as year-month-day, such as 2027-01-31."))


def _readable(text: str) -> str:
    """No control or half characters: a database may refuse them when it is too late to ask again."""
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in text):
        raise ValueError(_("The text holds control characters. Type it again as plain text."))
    return text


Price = Annotated[Decimal, BeforeValidator(_named), Field(gt=0)]
Whole = Annotated[int, BeforeValidator(_whole)]
Day = Annotated[date | None, BeforeValidator(_day)]
Remarks = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), AfterValidator(_readable)]


class QuoteLine(BaseModel):
    """One line of the event, by its number."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: Annotated[Whole, Field(ge=1)]
    unit_price: Price
    lead_time_days: Annotated[Whole, Field(ge=0, le=730)]
    delivery_date: Day = None
    quantity_offered: Annotated[Annotated[Decimal, Field(gt=0)] | None, BeforeValidator(_amount)] = None
    remarks: Remarks = ""


class QuoteInput(BaseModel):
    """A whole quote. Lines left out are not offered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    freight: Annotated[Decimal, BeforeValidator(_or_zero), Field(ge=0)] = Decimal(0)
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
        found = error.errors(include_url=False, include_context=False, include_input=False)
        # A line that cannot be taken also leaves too few lines: only the line is worth telling.
        deeper = [each for each in found if len(each["loc"]) > 1] or found
        problems = [
            (".".join(str(part) for part in each["loc"]), each["msg"].removeprefix("Value error, "))
            for each in found
            if each in deeper or each["loc"] != ("lines",)
        ]
        raise InvalidInput(
            _("The quote cannot be taken: %s") % "; ".join(f"{where}: {what}" for where, what in problems[:5]),
            errors=problems,
        ) from None
    numbers = [each.line for each in quote.lines]
    if len(set(numbers)) != len(numbers):
        raise InvalidInput(_("A line is quoted twice."))
    return quote
