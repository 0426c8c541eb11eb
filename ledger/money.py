"""Money: an exact decimal amount in an ISO 4217 currency. Never a float, never two currencies in one sum."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from ledger.errors import InvalidInput

# ISO 4217 minor units where they are not 2.
MINOR_UNITS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}
#: Largest amount a column takes: 15 significant digits, which is also what a policy compares exactly.
LIMIT = Decimal("99999999999.9999")


def parse_amount(text: str | int | Decimal) -> Decimal:
    """A finite decimal within LIMIT, with at most four places; anything else is `InvalidInput`."""
    if isinstance(text, float):
        raise InvalidInput("Money is never a float: give a decimal string.")
    if isinstance(text, str) and len(text) > 40:
        raise InvalidInput("That is not an amount: it is longer than 40 characters.")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise InvalidInput(f"“{str(text)[:40]}” is not an amount. Write it like 1234.56.") from None
    if not value.is_finite() or abs(value) > LIMIT:
        raise InvalidInput(f"An amount must lie within ±{LIMIT}.")
    if value != value.quantize(Decimal("0.0001")):
        raise InvalidInput("An amount has at most four decimal places.")
    return value


@dataclass(frozen=True, slots=True)
class Money:
    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            object.__setattr__(self, "amount", parse_amount(self.amount))
        if len(self.currency) != 3 or not self.currency.isupper():
            raise InvalidInput(f"“{self.currency[:10]}” is not an ISO 4217 currency code.")

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidInput(f"{self.currency} and {other.currency} cannot be added or compared.")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def rounded(self) -> Money:
        """To the currency's minor unit, half up."""
        places = Decimal(1).scaleb(-MINOR_UNITS.get(self.currency, 2))
        return Money(self.amount.quantize(places, ROUND_HALF_UP), self.currency)

    def __str__(self) -> str:
        rounded = self.rounded().amount
        return f"{'−' if rounded < 0 else ''}{abs(rounded):,} {self.currency}"

    def as_json(self) -> dict[str, str]:
        return {"amount": format(self.amount.normalize(), "f"), "currency": self.currency}
