"""The agreed price on a day, for a quantity."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from contracts import queries
from contracts.errors import UnknownContract
from contracts.models import Contract, ContractPrice
from ledger.importing import importing
from ledger.models import LegalEntity
from tests.vendors.rows import DIGEST, make_item, make_vendor
from vendors.models import Item, Vendor


@pytest.fixture
def vendor(entity: LegalEntity) -> Vendor:
    return make_vendor("VEN-023", entity=entity)


@pytest.fixture
def item(db: None) -> Item:
    return make_item("ITM-0120")


def make_contract(reference: str, *, vendor: Vendor, item: Item, prices: dict[int, str], **fields: object) -> Contract:
    fields = {
        "title": "Frame contract",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "currency": "USD",
        "status": Contract.Status.ACTIVE,
    } | fields
    with importing("tests", DIGEST):
        contract = Contract.objects.create(reference=reference, entity=vendor.entity, vendor=vendor, **fields)
        for quantity, price in prices.items():
            ContractPrice.objects.create(
                contract=contract, item=item, unit_price=Decimal(price), min_quantity=Decimal(quantity)
            )
    return contract


def price(on: date = date(2026, 6, 1), quantity: int = 2000) -> str | None:
    found = queries.price_for(vendor_key="ven-023", item_key="itm-0120", on=on, quantity=quantity)
    return found and f"{found.contract} {found.unit_price.normalize()}"


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(99, None), (100, "CTR-1 8"), (9_999, "CTR-1 8"), (10_000, "CTR-1 7"), (1_000_000, "CTR-1 7")],
)
def test_the_highest_break_reached_sets_the_price(vendor, item, quantity, expected) -> None:
    make_contract("CTR-1", vendor=vendor, item=item, prices={100: "8", 10_000: "7"})
    assert price(quantity=quantity) == expected


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), "CTR-1 8"),
        (date(2026, 12, 31), "CTR-1 8"),
        (date(2027, 1, 1), None),
    ],
)
def test_the_first_and_last_day_count(vendor, item, on, expected) -> None:
    make_contract("CTR-1", vendor=vendor, item=item, prices={0: "8"})
    assert price(on=on) == expected


@pytest.mark.parametrize("status", [Contract.Status.DRAFT, Contract.Status.ENDED])
def test_only_an_active_contract_has_a_price(entity, vendor, item, status) -> None:
    make_contract("CTR-1", vendor=vendor, item=item, prices={0: "8"}, status=status)
    assert price() is None
    assert not queries.live(entity, date(2026, 6, 1)).exists()


def test_the_contract_that_began_last_wins(vendor, item) -> None:
    make_contract("CTR-1", vendor=vendor, item=item, prices={0: "6"})
    make_contract("CTR-2", vendor=vendor, item=item, prices={0: "8"}, valid_from=date(2026, 5, 1))
    assert price() == "CTR-2 8"


def test_another_vendors_contract_is_not_ours(entity, vendor, item) -> None:
    make_contract("CTR-1", vendor=make_vendor("VEN-001", entity=entity), item=item, prices={0: "6"})
    assert price() is None


def test_a_contract_is_found_in_any_case_or_refused(vendor, item) -> None:
    made = make_contract("CTR-1", vendor=vendor, item=item, prices={0: "6"})
    assert queries.contract("ctr-1") == made
    with pytest.raises(UnknownContract):
        queries.contract("CTR-404")
