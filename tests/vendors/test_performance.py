"""Figures about deliveries, and the rows behind them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import LegalEntity
from tests.vendors.rows import deliver, make_item, make_vendor
from vendors import performance
from vendors.errors import UnknownItem, UnknownVendor
from vendors.models import Delivery, Item, Vendor

TODAY = date(2026, 5, 1)


@pytest.fixture
def cipla(entity: LegalEntity) -> Vendor:
    return make_vendor("VEN-023", entity=entity, name="Cipla Limited")


@pytest.fixture
def combo(db: None) -> Item:
    return make_item("ITM-0120", name="Lamivudine/Zidovudine 150/300mg")


def test_late_is_delivered_after_promised_and_early_is_on_time(entity, cipla, combo) -> None:
    for number, delay in enumerate([-5, 0, 0, 3]):
        deliver(f"D{number}", item=combo, entity=entity, vendor=cipla, delay=delay)
    found = performance.figures("VEN-023", item_key="ITM-0120", as_of=TODAY)
    assert (found.deliveries, found.on_time_rate) == (4, Decimal("0.7500"))


def test_few_rows_are_drawn_to_the_tenants_base_rate_and_many_speak_for_themselves(entity, combo) -> None:
    steady, fresh = (make_vendor(key, entity=entity) for key in ("VEN-001", "VEN-002"))
    for number in range(190):
        deliver(f"S{number}", item=combo, entity=entity, vendor=steady)
    for number in range(2):
        deliver(f"F{number}", item=combo, entity=entity, vendor=fresh, delay=9)
    one, two = performance.figures_for(["VEN-001", "VEN-002"], as_of=TODAY)
    base = performance.base_late_rate(entity, as_of=TODAY)
    assert one.late_probability < Decimal("0.01")
    assert base < two.late_probability < Decimal("0.3")
    assert one.confidence > Decimal("0.9") > Decimal("0.2") > two.confidence


def test_a_slice_without_rows_takes_the_vendors_own_rate_and_says_so(entity, cipla, combo) -> None:
    for number in range(40):
        deliver(f"D{number}", item=combo, entity=entity, vendor=cipla, delay=number % 2, country="KE", lead=60)
    found = performance.figures("VEN-023", item_key="ITM-0120", country="NG", as_of=TODAY)
    assert (found.deliveries, found.on_time_rate, found.reference_keys) == (0, None, ())
    assert found.confidence == 0
    assert Decimal("0.4") < found.late_probability < Decimal("0.5")
    assert (found.lead_days_median, found.lead_basis) == (Decimal("60.0"), "this item")


def test_percentiles_lie_between_the_two_nearest_values(entity, cipla, combo) -> None:
    for lead in (10, 20, 30, 40):
        deliver(f"L{lead}", item=combo, entity=entity, vendor=cipla, lead=lead)
    found = performance.figures("VEN-023", as_of=TODAY)
    assert (found.lead_days_median, found.lead_days_p90) == (Decimal("25.0"), Decimal("37.0"))


def test_what_had_not_arrived_by_then_was_not_known(entity, cipla, combo) -> None:
    deliver("OLD", item=combo, entity=entity, vendor=cipla, on=date(2025, 3, 1))
    deliver("NEW", item=combo, entity=entity, vendor=cipla, on=date(2026, 4, 1), delay=30)
    found = performance.figures("VEN-023", as_of=date(2026, 1, 1))
    assert found.reference_keys == ("OLD",)
    assert found.last_delivery == date(2025, 3, 1)


def test_issues_from_the_warehouse_count_for_nobody(entity, cipla, combo) -> None:
    deliver("D1", item=combo, entity=entity, vendor=cipla)
    before = performance.base_late_rate(entity, as_of=TODAY)
    for number in range(20):
        deliver(f"W{number}", item=combo, entity=entity, vendor=None, delay=40)
    assert performance.base_late_rate(entity, as_of=TODAY) == before
    assert performance.figures("VEN-023", as_of=TODAY).deliveries == 1


def test_the_price_is_of_the_item_recent_and_in_one_currency(entity, cipla, combo) -> None:
    for number, price in enumerate(["6.5", "6.6", "6.7"]):
        deliver(f"P{number}", item=combo, entity=entity, vendor=cipla, price=price)
    deliver("EUR", item=combo, entity=entity, vendor=cipla, price="1", currency="EUR")
    deliver("FREE", item=combo, entity=entity, vendor=cipla, price="0")
    found = performance.figures("VEN-023", item_key="itm-0120", as_of=TODAY)
    assert (found.price_median, found.price_currency) == (Decimal("6.6000"), "USD")
    assert performance.figures("VEN-023", as_of=TODAY).price_median is None


def test_many_vendors_cost_no_more_queries_than_one(entity, combo) -> None:
    keys = [f"VEN-{number:03}" for number in range(12)]
    for key in keys:
        deliver(f"D{key}", item=combo, entity=entity, vendor=make_vendor(key, entity=entity))
    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = performance.figures_for(reversed(keys), item_key="ITM-0120", country="ng", as_of=TODAY)
    assert [each.vendor for each in found] == list(reversed(keys))
    assert len(asked) <= 4


def test_unknown_keys_are_named(entity, cipla) -> None:
    with pytest.raises(UnknownVendor, match="VEN-999"):
        performance.figures("VEN-999", as_of=TODAY)
    with pytest.raises(UnknownItem, match="ITM-9999"):
        performance.figures("VEN-023", item_key="ITM-9999", as_of=TODAY)


def test_the_same_receipt_twice_is_one_delivery(entity, cipla, combo) -> None:
    def receive() -> Delivery:
        return performance.record_delivery(
            entity=entity,
            vendor=cipla,
            item=combo,
            reference="GRN-1",
            order_reference="PO-00001",
            country="NG",
            ordered_on=date(2026, 1, 1),
            promised_on=date(2026, 3, 1),
            delivered_on=date(2026, 3, 4),
            quantity=Decimal(50),
            unit_price=Decimal("6.5"),
            currency="USD",
        )

    assert receive() == receive()
    only = Delivery.objects.get()
    assert (only.delay_days, only.value) == (3, Decimal(325))
