"""Quotes side by side, freight divided, and who should get what."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import clock
from procure.errors import StillSealed
from procure.logistics.freight import divide
from procure.models import EventLine, ExchangeRate, OpenedBid, OpenedBidLine
from procure.sourcing.award_core import Offer, Weights, adjusted, best
from procure.sourcing.comparison import compare
from tests.procure.market import make_event, make_rate, reach_deadline, submit


def test_before_the_opening_there_is_nothing_to_compare(event):
    submit(event, 1)
    with pytest.raises(StillSealed):
        compare(event)


def test_landed_cost_is_goods_and_freight_in_base_currency(event):
    make_rate("USD", "1.25")
    submit(event, 1, "2.50", freight="5")
    submit(event, 2, "2.00", currency="EUR", freight="4", line={"quantity_offered": "8", "lead_time_days": 40})
    found = compare(reach_deadline(event))
    one, two = found.cell(1, "VEN-001"), found.cell(1, "VEN-002")
    assert (one.goods, one.freight, one.landed_total, one.landed_unit) == (25, 5, 30, 3)
    assert (two.goods, two.freight, two.landed_total, two.quoted_price) == (25, 5, 30, 2)
    assert any("8 of the quantity" in each for each in two.flags)
    assert found.missing == ()


def test_a_line_not_quoted_is_missing_and_the_cheapest_is_named(entity, rita):
    event = make_event(entity, rita, quantities=(10, 20))
    submit(event, 1, "2.50", lines=2)
    submit(event, 2, "2.40")
    found = compare(reach_deadline(event))
    assert found.missing == ((2, "VEN-002"),)
    assert [found.cheapest(line).vendor for line in (1, 2)] == ["VEN-002", "VEN-001"]


def test_a_bid_that_cannot_be_converted_is_shown_with_a_flag_beside_the_others(event):
    make_rate("USD", "1.25")
    submit(event, 1, "2.50")
    submit(event, 2, "2.00", currency="EUR")
    reach_deadline(event)
    ExchangeRate.objects.all().delete()
    found = compare(event)
    assert [row.vendor for row in found.rows] == ["VEN-001"]
    (aside,) = found.uncompared
    assert (aside.vendor, aside.quoted_price, aside.quoted_currency) == ("VEN-002", Decimal(2), "EUR")
    assert "exchange rate" in aside.flag
    assert [key for key, _name in found.vendors] == ["VEN-001", "VEN-002"]
    assert found.missing == ()


def test_a_bid_beyond_all_measure_hides_no_other(event):
    submit(event, 1)
    submit(event, 2)
    reach_deadline(event)
    EventLine.objects.update(quantity=Decimal("99999999999.9999"))
    OpenedBidLine.objects.filter(opened_bid__vendor__key="VEN-002").update(unit_price=Decimal("99999999999.9999"))
    found = compare(event)
    assert [row.vendor for row in found.rows] == ["VEN-001"]
    assert [each.vendor for each in found.uncompared] == ["VEN-002"]


def test_lateness_and_expiry_are_flagged(event):
    today = clock.business_date(event.entity)
    EventLine.objects.update(needed_by=today + timedelta(days=4))
    submit(event, 1, validity_until=str(today))
    reach_deadline(event)
    OpenedBid.objects.update(validity_until=today - timedelta(days=1))
    row = compare(event).cell(1, "VEN-001")
    assert row.late_days in (6, 7)  # the deadline may lie behind midnight
    assert len([each for each in row.flags if "days after" in each or "Valid until" in each]) == 2


def test_freight_of_a_quote_is_divided_without_a_cent_lost(entity, rita):
    event = make_event(entity, rita, quantities=(1, 1, 1))
    submit(event, 1, "3.33", lines=3, freight="100")
    rows = compare(reach_deadline(event)).rows
    assert [row.freight for row in rows] == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert sum(row.landed_total for row in rows) == Decimal("109.99")


AMOUNTS = st.decimals(min_value=0, max_value=Decimal("99999999999.9999"), places=4)


@given(AMOUNTS, st.lists(AMOUNTS, min_size=1, max_size=40))
def test_shares_add_up_and_none_is_off_by_more_than_one_unit(amount, weights):
    shares = divide(amount, weights)
    unit = Decimal("0.01") if amount % Decimal("0.01") == 0 else Decimal("0.0001")
    assert sum(shares) == amount
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert share >= 0
        if total:
            assert abs(share * total - amount * weight) <= unit * total


@pytest.mark.parametrize(
    ("amount", "weights", "shares"),
    [
        ("0", ["1", "2"], ["0", "0"]),
        ("1", ["0", "0"], ["0.50", "0.50"]),
        ("10", ["1", "0"], ["10", "0"]),
        ("0.05", ["1", "1", "1"], ["0.02", "0.02", "0.01"]),
        ("0.0003", ["1", "1"], ["0.0002", "0.0001"]),
    ],
)
def test_divided_as_written_here(amount, weights, shares):
    assert divide(Decimal(amount), [Decimal(each) for each in weights]) == [Decimal(each) for each in shares]


def offer(vendor: str, total: str, *, line: int = 1, days: int = 10, late: int = 0, risk: str = "0", offered: int = 10):
    return Offer(
        vendor=vendor,
        line=line,
        bid_line=ord(vendor[0]) * 100 + line,
        quantity=Decimal(10),
        quantity_offered=Decimal(offered),
        landed_total=Decimal(total),
        lead_days=days,
        late_days=late,
        late_probability=Decimal(risk),
    )


@pytest.mark.parametrize(
    ("offers", "winner", "why"),
    [
        ([offer("A", "100"), offer("B", "99")], "B", "lowest of 2"),
        ([offer("A", "100"), offer("B", "99", late=10)], "A", "B is cheaper to land but arrives later"),
        ([offer("A", "100"), offer("B", "95", risk="1")], "A", "B is cheaper"),
        ([offer("A", "100", days=20), offer("B", "100", days=10)], "B", "lowest"),
        ([offer("B", "100"), offer("A", "100")], "A", "lowest"),
        ([offer("A", "100", offered=9), offer("B", "500")], "B", "the only offer"),
    ],
    ids=["cheapest", "late", "risky", "quicker", "by name", "in full"],
)
def test_the_award_goes_where_the_rule_says_with_its_reason(offers, winner, why):
    (choice,) = best(offers, [1]).choices
    assert choice.vendor == winner
    assert why in choice.reason


def test_a_line_nobody_offers_in_full_is_unserved():
    found = best([offer("A", "100", offered=9), offer("B", "1", line=3)], [1, 2])
    assert (found.choices, found.unserved) == ((), (1, 2))


OFFERS = st.lists(
    st.builds(
        offer,
        st.sampled_from("ABCDEF"),
        st.decimals(min_value=1, max_value=10**9, places=2).map(str),
        line=st.integers(1, 3),
        days=st.integers(0, 300),
        late=st.integers(0, 300),
        risk=st.decimals(min_value=0, max_value=1, places=2).map(str),
        offered=st.integers(5, 15),
    ),
    unique_by=lambda each: (each.vendor, each.line),
    max_size=18,
)


@given(OFFERS, st.randoms())
def test_the_award_is_the_least_adjusted_cost_whatever_the_order_of_the_offers(offers, random):
    found = best(offers, [1, 2, 3])
    for choice in found.choices:
        rivals = [each for each in offers if each.line == choice.line and each.quantity_offered >= each.quantity]
        assert choice.adjusted_total == min(adjusted(each, Weights()) for each in rivals)
    assert {each.line for each in found.choices} | set(found.unserved) == {1, 2, 3}
    shuffled = list(offers)
    random.shuffle(shuffled)
    assert best(shuffled, [1, 2, 3]) == found
