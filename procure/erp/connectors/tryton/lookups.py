"""Finds the ids that one Tryton database gives to what an order names: party, product, unit, currency, warehouse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from procure.erp.connectors.base import CallContext, Names
from procure.erp.connectors.errors import Rejected
from procure.erp.connectors.payloads import PurchaseOrder
from procure.erp.connectors.tryton.wire import Wire
from procure.models.erp import ExternalRef

_PRODUCT = ["id", "code", "purchase_uom", "account_category.supplier_taxes_used"]


@dataclass(frozen=True, slots=True)
class Product:
    id: int
    code: str
    taxes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    id: int
    digits: int


@dataclass(frozen=True, slots=True)
class OrderIds:
    """All ids that one order needs."""

    party: int
    address: int
    payment_term: int | None
    company: int
    warehouse: int
    currency: int
    currency_digits: int
    products: dict[str, Product]
    units: dict[str, Unit]
    freight: tuple[Product, Unit] | None = None


@dataclass(frozen=True, slots=True)
class Lookups:
    """Looks things up by code or name; the connection's settings may rename: `{"units": {"pack": "Package"}}`."""

    wire: Wire
    names: Names
    context: CallContext

    @property
    def settings(self) -> dict[str, Any]:
        return self.wire.connection.settings

    def ids_for(self, order: PurchaseOrder) -> OrderIds:
        party = self._one(
            "party.party", "vendors", ExternalRef.Kind.VENDOR, order.vendor, ["id", "supplier_payment_term"]
        )
        codes = list(dict.fromkeys(line.item for line in order.lines))
        units = dict.fromkeys(line.unit for line in order.lines)
        currency = self._named("currency.currency", "code", order.currency, ["id", "digits"])
        return OrderIds(
            party=party["id"],
            address=self._address(party["id"], order.vendor),
            payment_term=party["supplier_payment_term"],
            company=self._company(),
            warehouse=self._warehouse(),
            currency=currency["id"],
            currency_digits=currency["digits"],
            products={code: self._product(code) for code in codes},
            units={name: self._unit(name) for name in units},
            freight=self._freight() if order.freight else None,
        )

    def _freight(self) -> tuple[Product, Unit]:
        code = self.settings.get("freight_product")
        if not code:
            raise Rejected(
                "The order has freight: name the ERP's freight product in the connection's “freight_product”."
            )
        row = self._named("product.product", "code", code, _PRODUCT)
        return _product(row), Unit(row["purchase_uom"], 0)

    def _product(self, item: str) -> Product:
        return _product(self._one("product.product", "items", ExternalRef.Kind.ITEM, item, _PRODUCT))

    def _unit(self, name: str) -> Unit:
        theirs = unit_name(self.settings, name)
        found = self._search(
            "product.uom", ["OR", ["name", "ilike", theirs], ["symbol", "=", theirs]], ["id", "digits"]
        )
        row = _only(found, f"unit “{theirs}”")
        return Unit(row["id"], row["digits"])

    def _address(self, party: int, vendor: str) -> int:
        found = self._search("party.address", [["party", "=", party]], ["id", "invoice"])
        if not found:
            raise Rejected(f"{vendor} has no address in Tryton; it needs one for invoices.")
        return int(next((each for each in found if each.get("invoice")), found[0])["id"])

    def _company(self) -> int:
        wanted = self.settings.get("company")
        domain = [["party.name", "=", wanted]] if wanted else []
        return int(_only(self._search("company.company", domain, ["id"]), f"company “{wanted or 'any'}”")["id"])

    def _warehouse(self) -> int:
        wanted = self.settings.get("warehouse")
        domain: list[Any] = [["type", "=", "warehouse"]] + ([["name", "=", wanted]] if wanted else [])
        return int(_only(self._search("stock.location", domain, ["id"]), f"warehouse “{wanted or 'any'}”")["id"])

    def _one(self, model: str, renamed: str, kind: str, key: str, fields: list[str]) -> dict[str, Any]:
        """By the id learnt before, else by code; what is found is learnt."""
        if known := self.names.known(kind, key):
            found = self._search(model, [["id", "=", int(known)]], fields)
        else:
            code = self.settings.get(renamed, {}).get(key, key)
            found = self._search(model, [["code", "=", code]], fields)
        row = _only(found, f"{kind} “{key}”")
        self.names.learn(kind, key, str(row["id"]), row.get("code") or "")
        return row

    def _named(self, model: str, field: str, value: str, fields: list[str]) -> dict[str, Any]:
        return _only(self._search(model, [[field, "=", value]], fields), f"“{value}”")

    def _search(self, model: str, domain: Iterable[Any], fields: list[str]) -> list[dict[str, Any]]:
        found = self.wire.call(f"model.{model}.search_read", list(domain), 0, 20, None, fields, context=self.context)
        return list(found)


def unit_name(settings: dict[str, Any], ours: str) -> str:
    return str(settings.get("units", {}).get(ours, ours))


def _only(found: list[dict[str, Any]], what: str) -> dict[str, Any]:
    if len(found) != 1:
        raise Rejected(
            f"Tryton has {'no' if not found else 'more than one'} {what}: correct it there or in the settings."
        )
    return found[0]


def _product(row: dict[str, Any]) -> Product:
    category = row.get("account_category.") or {}
    return Product(row["id"], row["code"] or "", tuple(category.get("supplier_taxes_used") or ()))


def check_exact(order: PurchaseOrder, ids: OrderIds) -> None:
    """Tryton rounds each line to the currency's digits and each quantity to the unit's: refuse what would change."""
    for line in order.lines:
        if not _fits(line.amount, ids.currency_digits):
            raise Rejected(
                f"{order.reference} line {line.number}: {line.quantity} × {line.unit_price} is {line.amount} "
                f"{order.currency}; Tryton would round it to {ids.currency_digits} places, so the totals would differ."
            )
        if not _fits(line.quantity, ids.units[line.unit].digits):
            raise Rejected(f"{order.reference} line {line.number}: {line.quantity} {line.unit} has too many places.")
    if not _fits(order.freight, ids.currency_digits):
        raise Rejected(
            f"{order.reference}: freight of {order.freight} {order.currency} has too many places for Tryton."
        )
    if order.reckoned_total != order.total:
        raise Rejected(f"{order.reference}: lines and freight add up to {order.reckoned_total}, not to {order.total}.")


def _fits(value: Decimal, digits: int) -> bool:
    return value == value.quantize(Decimal(1).scaleb(-digits))
