"""Money in other money, by European Central Bank reference rates crossed over the euro."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext

from django.utils.translation import gettext as _

from ledger.errors import InvalidInput
from ledger.models import LegalEntity
from ledger.money import Money
from procure.errors import NoRate
from procure.models import ExchangeRate

#: Far above any amount that a column takes, and well within what decimals keep to the last place.
BEYOND = Decimal(10) ** 20


def per_euro(currency: str, on: date) -> Decimal:
    """Units of `currency` for one euro at the latest rate on or before that day. Raises `NoRate`."""
    if currency == "EUR":
        return Decimal(1)
    rate = ExchangeRate.objects.filter(currency=currency, on__lte=on).order_by("-on").first()
    if rate is None:
        raise NoRate(_("There is no exchange rate for %(currency)s on %(on)s.") % {"currency": currency, "on": on})
    return rate.per_eur


def convert(money: Money, to: str, on: date) -> Money:
    """Rounded half up to the target's minor unit."""
    if money.currency == to:
        return money
    with localcontext(prec=60):
        amount = money.amount / per_euro(money.currency, on) * per_euro(to, on)
    if abs(amount) >= BEYOND:
        raise InvalidInput(_("That amount is too large to convert."))
    return Money(amount.quantize(Decimal("0.0001")), to).rounded()


def to_base(money: Money, entity: LegalEntity, on: date) -> Money:
    return convert(money, entity.base_currency, on)
