"""The demo's frame contracts."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from simple_history.utils import bulk_create_with_history

from contracts.models import Contract, ContractPrice
from ledger import numbering
from ledger.models import LegalEntity
from procure.demo.scms.dataset import Shift, document
from vendors.models import Item, Vendor

WHY = "Written for the demo"


def load(*, entity: LegalEntity, shift: Shift) -> int:
    vendors = {each.key: each for each in Vendor.objects.filter(entity=entity)}
    items = {each.key: each for each in Item.objects.all()}
    written = document("contracts")
    contracts = bulk_create_with_history(
        [
            Contract(
                reference=numbering.take("CTR"),
                entity=entity,
                vendor=vendors[each["vendor"]],
                title=each["title"],
                valid_from=shift.as_of + timedelta(days=each["from_days"]),
                valid_to=shift.as_of + timedelta(days=each["to_days"]),
                currency="USD",
                status=each["status"],
            )
            for each in written
        ],
        Contract,
        default_change_reason=WHY,
    )
    prices = [
        ContractPrice(contract=contract, item=items[item], min_quantity=Decimal(quantity), unit_price=Decimal(price))
        for contract, each in zip(contracts, written, strict=True)
        for item, quantity, price in each["prices"]
    ]
    bulk_create_with_history(prices, ContractPrice, default_change_reason=WHY)
    return len(contracts)
