"""Where an order and what the ERP holds of it differ. Exact: no rounding forgives a last digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from procure.erp.connectors.payloads import LineReadBack, OrderReadBack, PurchaseOrder, PurchaseOrderLine


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """`field` like “total” or “line 2 quantity”; both sides as a person reads them."""

    field: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.field}: ours {self.ours or '–'}, theirs {self.theirs or '–'}"


def differences(
    order: PurchaseOrder, held: OrderReadBack, *, unit_name: Callable[[str], str] = str
) -> tuple[Discrepancy, ...]:
    """Vendor, currency, total, freight and every line. `unit_name` says what our unit is called over there."""
    return tuple(_differences(order, held, unit_name))


def _differences(order: PurchaseOrder, held: OrderReadBack, unit_name: Callable[[str], str]) -> Iterator[Discrepancy]:
    for name in ("vendor", "currency", "total", "freight"):
        yield from _unequal(name, getattr(order, name), getattr(held, name))
    ours = {line.number: line for line in order.lines}
    theirs = {line.number: line for line in held.lines}
    for number in sorted(ours.keys() | theirs.keys()):
        yield from _line_differences(number, ours.get(number), theirs.get(number), unit_name)
    if len(held.lines) != len(theirs):
        yield Discrepancy("lines", str(len(ours)), str(len(held.lines)))


def _line_differences(
    number: int, ours: PurchaseOrderLine | None, theirs: LineReadBack | None, unit_name: Callable[[str], str]
) -> Iterator[Discrepancy]:
    if ours is None or theirs is None:
        yield Discrepancy(f"line {number}", ours.item if ours else "", theirs.item if theirs else "")
        return
    yield from _unequal(f"line {number} unit", unit_name(ours.unit).lower(), theirs.unit.lower())
    for name in ("item", "quantity", "unit_price", "delivery_date"):
        yield from _unequal(f"line {number} {name.replace('_', ' ')}", getattr(ours, name), getattr(theirs, name))


def _unequal(field: str, ours: Any, theirs: Any) -> Iterator[Discrepancy]:
    if ours != theirs:
        yield Discrepancy(field, "" if ours is None else str(ours), "" if theirs is None else str(theirs))
