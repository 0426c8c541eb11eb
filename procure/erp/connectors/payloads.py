"""Orders as plain values: what we send and what we read back. Decimals throughout, no float."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from ledger.command import canonical
from ledger.errors import InvalidInput
from ledger.money import Money


@dataclass(frozen=True, slots=True)
class PurchaseOrderLine:
    number: int
    item: str
    description: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    delivery_date: date | None = None

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class PurchaseOrder:
    """One version of one order. `total` is the lines plus freight, half up to the currency's minor unit."""

    reference: str
    version: int
    vendor: str
    currency: str
    lines: tuple[PurchaseOrderLine, ...]
    total: Decimal
    freight: Decimal = Decimal(0)
    incoterm: str = ""
    deliver_to: str = ""
    ordered_on: date | None = None
    comment: str = ""

    @property
    def reckoned_total(self) -> Decimal:
        return Money(sum((line.amount for line in self.lines), self.freight), self.currency).rounded().amount

    def as_request(self) -> dict[str, Any]:
        """The `request` of an outbox effect: plain JSON with decimals and dates as strings."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "reference"}
        lines = [{name: getattr(line, name) for name in line.__dataclass_fields__} for line in self.lines]
        return canonical({"order": self.reference, **fields, "lines": lines})

    @classmethod
    def from_request(cls, request: Mapping[str, Any]) -> PurchaseOrder:
        """Reads `as_request` back exactly; `InvalidInput` names what is missing or no decimal."""
        try:
            return cls(
                reference=request["order"],
                version=int(request.get("version") or 1),
                vendor=request["vendor"],
                currency=request["currency"],
                lines=tuple(_line(each) for each in request["lines"]),
                total=_decimal(request["total"]),
                freight=_decimal(request.get("freight") or "0"),
                incoterm=request.get("incoterm") or "",
                deliver_to=request.get("deliver_to") or "",
                ordered_on=_date(request.get("ordered_on")),
                comment=request.get("comment") or "",
            )
        except KeyError as missing:
            raise InvalidInput(f"The order for the ERP has no {missing}.") from None


def _line(fields: Mapping[str, Any]) -> PurchaseOrderLine:
    return PurchaseOrderLine(
        number=int(fields["number"]),
        item=fields["item"],
        description=fields.get("description") or "",
        quantity=_decimal(fields["quantity"]),
        unit=fields.get("unit") or "",
        unit_price=_decimal(fields["unit_price"]),
        delivery_date=_date(fields.get("delivery_date")),
    )


def _decimal(value: Any) -> Decimal:
    if isinstance(value, float):
        raise InvalidInput("An amount for the ERP must be a decimal string, never a float.")
    try:
        return Decimal(value)
    except (InvalidOperation, TypeError):
        raise InvalidInput(f"“{str(value)[:40]}” is not an amount.") from None


def _date(value: Any) -> date | None:
    return date.fromisoformat(value) if value else None


@dataclass(frozen=True, slots=True)
class LineReadBack:
    number: int
    item: str
    quantity: Decimal
    unit: str
    unit_price: Decimal
    delivery_date: date | None = None


@dataclass(frozen=True, slots=True)
class OrderReadBack:
    """An order as the ERP holds it. `state` is an OrderState; `freight` is what it holds beside the items."""

    external_id: str
    external_number: str
    key: str
    state: str
    vendor: str
    currency: str
    total: Decimal
    freight: Decimal
    lines: tuple[LineReadBack, ...]
    comment: str = ""
    version_token: str = ""
