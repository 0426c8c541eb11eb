"""The usual price of an item."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from tests.vendors.rows import deliver, make_item, make_vendor
from vendors import prices, queries
from vendors.prices import Paid

TODAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("values", "at", "expected"),
    [
        ([], "0.5", None),
        (["3"], "0.9", "3.0000"),
        (["1", "2"], "0.5", "1.5000"),
        (["4", "1", "2", "3"], "0.25", "1.7500"),
    ],
)
def test_quantiles(values: list[str], at: str, expected: str | None) -> None:
    found = prices.quantile([Decimal(each) for each in values], Decimal(at))
    assert (None if found is None else str(found)) == expected


def test_old_prices_count_only_while_recent_ones_are_few() -> None:
    old = [Paid(Decimal(20), date(2015, 1, 1))] * 3
    new = [Paid(Decimal(7), date(2026, 1, 1))] * prices.ENOUGH_PRICES
    assert set(prices.recent(old + new, as_of=TODAY)) == {Decimal(7)}
    assert len(prices.recent(old + new[:-1], as_of=TODAY)) == 3 + prices.ENOUGH_PRICES - 1


def test_the_benchmark_comes_from_what_vendors_were_paid(entity) -> None:
    item, vendor = make_item("ITM-0001"), make_vendor("VEN-001", entity=entity)
    assert queries.benchmark("ITM-0001") is None
    for number, price in enumerate(["6", "7", "8", "9", "0"]):
        deliver(f"D{number}", item=item, entity=entity, vendor=vendor, price=price)
    deliver("W1", item=item, entity=entity, price="99")
    deliver("TOMORROW", item=item, entity=entity, vendor=vendor, price="99", on=date(2027, 1, 1))
    assert prices.refresh(entity=entity, as_of=TODAY) == 1
    found = queries.benchmark("itm-0001")
    assert found is not None
    assert (found.p25, found.median, found.p75) == (Decimal("6.75"), Decimal("7.5"), Decimal("8.25"))
    assert (found.currency, found.rows, found.as_of) == ("USD", 4, TODAY)
