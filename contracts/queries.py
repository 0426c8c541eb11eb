"""What was agreed, for whoever buys: live contracts and their prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from contracts.errors import UnknownContract
from contracts.models import Contract, ContractPrice
from ledger.models import LegalEntity


@dataclass(frozen=True, slots=True)
class AgreedPrice:
    """`contract` is its reference; `min_quantity` the price break that applies."""

    contract: str
    unit_price: Decimal
    currency: str
    valid_to: date
    min_quantity: Decimal


def contract(reference: str) -> Contract:
    """Raises `UnknownContract`."""
    found = Contract.objects.select_related("entity", "vendor").filter(reference=reference.strip().upper()).first()
    if found is None:
        raise UnknownContract(_("There is no contract “%(reference)s”.") % {"reference": reference[:40]})
    return found


def live(entity: LegalEntity, on: date) -> QuerySet[Contract]:
    """Active contracts that hold on that day, first and last day included."""
    return Contract.objects.filter(
        entity=entity, status=Contract.Status.ACTIVE, valid_from__lte=on, valid_to__gte=on
    ).select_related("vendor")


def price_for(*, vendor_key: str, item_key: str, on: date, quantity: Decimal | int) -> AgreedPrice | None:
    """The price of the highest break reached, in the contract that began last; None when nothing is agreed."""
    found = (
        ContractPrice.objects.filter(
            contract__vendor__key=vendor_key.strip().upper(),
            item__key=item_key.strip().upper(),
            contract__status=Contract.Status.ACTIVE,
            contract__valid_from__lte=on,
            contract__valid_to__gte=on,
            min_quantity__lte=quantity,
        )
        .select_related("contract")
        .order_by("-contract__valid_from", "-contract__pk", "-min_quantity")
        .first()
    )
    if found is None:
        return None
    return AgreedPrice(
        contract=found.contract.reference,
        unit_price=found.unit_price,
        currency=found.contract.currency,
        valid_to=found.contract.valid_to,
        min_quantity=found.min_quantity,
    )


def prices_for(*, item_key: str, entity: LegalEntity, on: date) -> QuerySet[ContractPrice]:
    """Every live price of an item, cheapest break first within each contract."""
    return ContractPrice.objects.filter(
        item__key=item_key.strip().upper(), contract__in=live(entity, on)
    ).select_related("contract__vendor")
