from decimal import Decimal

import pytest

from agents.readers import amounts

CEILINGS = [
    ("budget 20k USD", "20000", "USD", False),
    ("$3.2k budget", "3200", "USD", False),
    ("Budget: 1.234,56 €", "1234.56", "EUR", False),
    ("Budget 12 400 kr", "12400", None, False),
    ("max EUR 30.000", "30000", "EUR", False),
    ("budget is 30k€", "30000", "EUR", False),
    ("max 5 per unit", "5", None, True),
    ("not more than EUR 2.50 each", "2.50", "EUR", True),
    ("quoted 8,500 EUR but our budget is 7.5k EUR", "7500", "EUR", False),
    ("list price 99 USD, ceiling 80 USD per seat", "80", "USD", True),
    ("last time we paid 4.50 EUR per pack, budget 30,000 EUR", "30000", "EUR", False),
    ("budget of twenty thousand dollars", "20000", "USD", False),
    ("Kostenrahmen 15 Tsd. Euro", "15000", "EUR", False),
    ("plafond de 12 000 euros", "12000", "EUR", False),
    ("budget CHF 9'500.-", "9500", "CHF", False),
]


@pytest.mark.parametrize(("text", "amount", "currency", "per_unit"), CEILINGS)
def test_a_ceiling_is_the_budget(text, amount, currency, per_unit):
    found = amounts.budget(amounts.mentions(text))
    assert found is not None
    assert (found.amount, found.currency, found.per_unit) == (Decimal(amount), currency, per_unit)


@pytest.mark.parametrize(
    "text",
    [
        "We paid $12,000 last year.",
        "The invoice over 500 EUR is settled",
        "They quoted 9 USD per pack",
        "maximum 3 weeks",
        "at 4.50 EUR each",
        "budget 0 USD",
        "budget " + "9" * 400 + " USD",
    ],
)
def test_other_sums_are_no_budget(text):
    assert amounts.budget(amounts.mentions(text)) is None
