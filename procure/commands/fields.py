"""Field types that this floor's commands share."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from ledger.errors import InvalidInput
from ledger.money import parse_amount
from ledger.spoken import AUTHORS, REQUESTERS


def _amount(value: Any) -> Any:
    try:
        return parse_amount(value)
    except InvalidInput as error:
        raise ValueError(error.message) from None


def _readable(text: str) -> str:
    """No NUL or half characters: a database or the ledger would refuse them after the decision."""
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in text):
        raise ValueError("the text holds control characters")
    return text


Readable = AfterValidator(_readable)
Reference = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=1, max_length=20), Readable
]
VendorKey = Reference
ItemKey = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=20), Readable]
Description = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Readable, REQUESTERS
]
Unit = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20), Readable]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Readable, AUTHORS]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000), Readable, AUTHORS]
Currency = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^([A-Z]{2})?$")]
Incoterm = Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^([A-Z]{3})?$")]
Centre = Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), Readable]
Quantity = Annotated[Decimal, BeforeValidator(_amount), Field(gt=0)]
Price = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0)]
Amount = Annotated[Decimal, BeforeValidator(_amount), Field(ge=0)]


def plain(number: Decimal) -> str:
    """2,000 and 7.85, without trailing zeros."""
    text = f"{number.normalize():,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
