"""What a cell of an imported table may hold: types that read text strictly and say what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BeforeValidator, StringConstraints

from ledger.errors import InvalidInput
from ledger.money import Money, parse_amount

_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,19}")
_COUNTRY = re.compile(r"[A-Z]{2}")
# Not just what fromisoformat takes: 20260915 may as well be a number.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _django(validate: Callable[[str], None], complaint: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        try:
            validate(text)
        except ValidationError:
            raise ValueError(_(complaint) % text[:60]) from None
        return text

    return check


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError(_("“%s” is no number: up to 20 letters, digits and . _ - of the plain alphabet") % text[:60])
    return text


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text):
        raise ValueError(_("“%s” is no country: write its two letters, such as DE") % text[:60])
    return text


def _amount(text: object) -> Decimal:
    try:
        return parse_amount(str(text))
    except InvalidInput as error:
        raise ValueError(error.message.rstrip(".")) from None


def _not_negative(amount: Decimal) -> Decimal:
    if amount < 0:
        raise ValueError(_("%s is negative") % amount)
    return amount


def _above_zero(amount: Decimal) -> Decimal:
    if amount <= 0:
        raise ValueError(_("%s is not above zero") % amount)
    return amount


def _day(text: object) -> date:
    written = str(text)
    try:
        if _DAY.fullmatch(written):
            return date.fromisoformat(written)
    except ValueError:
        pass
    raise ValueError(_("“%s” is not a date. Write it like 2026-09-15") % written[:40])


def _currency(text: str) -> str:
    try:
        return Money(Decimal(0), text).currency
    except InvalidInput as error:
        raise ValueError(error.message.rstrip(".")) from None


Number = Annotated[str, StringConstraints(to_upper=True), AfterValidator(_number)]
Country = Annotated[str, StringConstraints(to_upper=True), AfterValidator(_country)]
Currency = Annotated[str, StringConstraints(to_upper=True), AfterValidator(_currency)]
Day = Annotated[date, BeforeValidator(_day)]
Amount = Annotated[Decimal, BeforeValidator(_amount), AfterValidator(_not_negative)]
Quantity = Annotated[Decimal, BeforeValidator(_amount), AfterValidator(_above_zero)]
Word = Annotated[str, StringConstraints(max_length=40)]
Text = Annotated[str, StringConstraints(max_length=120)]
Name = Annotated[str, StringConstraints(max_length=200)]
LongText = Annotated[str, StringConstraints(max_length=300)]
MailAddress = Annotated[
    str,
    StringConstraints(to_lower=True, max_length=254),
    AfterValidator(_django(validate_email, "“%s” is not a mail address")),
]
WebAddress = Annotated[
    str,
    StringConstraints(max_length=200),
    AfterValidator(_django(URLValidator(schemes=["http", "https"]), "“%s” is not a web address")),
]
