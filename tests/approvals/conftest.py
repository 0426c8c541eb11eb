"""A company with a policy, a supplier under contract, a budget and something worth ordering."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from approvals import bounds, policies
from contracts.models import Contract, ContractPrice
from ledger import clock
from ledger.importing import importing
from ledger.models import CostCentre, LegalEntity, Person
from procure.models import Budget
from tests.approvals.stage import DIGEST
from tests.vendors.rows import deliver, make_item, make_vendor
from vendors.models import Item, Vendor


@pytest.fixture
def policy(entity: LegalEntity, ada: Person, amir: Person):
    """Genesis and shipped bounds."""
    bounds.set_up_shipped(entity)
    return policies.publish_genesis(entity=entity, by=[ada, amir])


@pytest.fixture
def vendor(entity: LegalEntity) -> Vendor:
    return make_vendor("VEN-001", entity=entity, name="Cipla")


@pytest.fixture
def item(entity: LegalEntity, vendor: Vendor) -> Item:
    """Always paid 10.00 before, eight times, on time."""
    made = make_item(
        "ITM-0001",
        price_p25=Decimal(9),
        price_median=Decimal(10),
        price_p75=Decimal(11),
        price_currency="USD",
        price_rows=8,
        price_as_of=clock.business_date(entity),
    )
    for number in range(8):
        deliver(f"D-{number}", item=made, entity=entity, vendor=vendor)
    return made


@pytest.fixture
def contract(entity: LegalEntity, vendor: Vendor, item: Item) -> Contract:
    """Cipla's price for the item is 10.00."""
    today = clock.business_date(entity)
    with importing("tests", DIGEST):
        made = Contract.objects.create(
            reference="CTR-001",
            entity=entity,
            vendor=vendor,
            title="Frame",
            valid_from=today - timedelta(days=10),
            valid_to=today + timedelta(days=300),
            currency="USD",
            status=Contract.Status.ACTIVE,
        )
        ContractPrice.objects.create(contract=made, item=item, unit_price=Decimal(10))
    return made


@pytest.fixture
def budget(entity: LegalEntity, cost_centre: CostCentre) -> Budget:
    """100,000 USD for PROG this year."""
    with importing("tests", DIGEST):
        return Budget.objects.create(
            entity=entity,
            cost_centre=cost_centre,
            year=clock.business_date(entity).year,
            amount=Decimal(100_000),
            currency="USD",
        )


@pytest.fixture
def next_budget(budget: Budget) -> Budget:
    """As much for the year after, for tests that let weeks pass and may run in December."""
    with importing("tests", DIGEST):
        return Budget.objects.create(
            entity=budget.entity,
            cost_centre=budget.cost_centre,
            year=budget.year + 1,
            amount=budget.amount,
            currency=budget.currency,
        )
