"""Makes the parties, units and products that Tryton lacks. Nothing there is ever changed, and no order does this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from procure.erp.connectors.base import CallContext, Masters, Party, Product
from procure.erp.connectors.errors import Rejected
from procure.erp.connectors.tryton.lookups import unit_name
from procure.erp.connectors.tryton.wire import Wire

#: Codes asked for, and rows made, in one call: Tryton turns each into a condition of its own, and SQLite takes few.
BATCH = 20


@dataclass(frozen=True, slots=True)
class MasterMaker:
    """Looks by code (units by name) and makes what is missing, so that a second run makes nothing."""

    wire: Wire
    context: CallContext

    @property
    def settings(self) -> dict[str, Any]:
        return self.wire.connection.settings

    def make(self, masters: Masters) -> dict[str, int]:
        """How many of each were made. Raises `Rejected` when Tryton's user may not, or a category has to be named."""
        # What fewest users may comes first, so that a refusal leaves nothing behind.
        units = self._units([each.unit for each in masters.products])
        products = self._products(masters.products)
        return {"units": units, "products": products, "parties": self._parties(masters.parties)}

    def _parties(self, parties: Sequence[Party]) -> int:
        by_code = {self._code("vendors", each.key): each for each in parties}
        address = [["create", [{"invoice": True}]]]
        rows = [
            {"name": by_code[code].name, "code": code, "addresses": address}
            for code in self._absent("party.party", "code", by_code)
        ]
        return self._create("party.party", rows)

    def _units(self, wanted: Iterable[str]) -> int:
        names = {unit_name(self.settings, each): each for each in wanted}
        missing = [
            name
            for name in names
            if not self._search("product.uom", ["OR", ["name", "ilike", name], ["symbol", "=", name]], ["id"])
        ]
        if not missing:
            return 0
        category = self._only("product.uom.category", [["name", "=", "Units"]], "the unit category “Units”")
        counted = {"category": category, "rate": 1.0, "factor": 1.0, "digits": 0, "rounding": 1.0}
        return self._create("product.uom", [counted | {"name": name, "symbol": name} for name in missing])

    def _products(self, products: Sequence[Product]) -> int:
        by_code = {self._code("items", each.key): each for each in products}
        missing = self._absent("product.product", "code", by_code)
        freight = self.settings.get("freight_product")
        new_freight = self._absent("product.product", "code", [freight] if freight else [])
        if not missing and not new_freight:
            return 0
        accounts = self._accounts()
        units = {each.unit: self._unit(each.unit) for each in by_code.values()}
        rows = [
            self._template(code, by_code[code].name, units[by_code[code].unit], "goods", accounts) for code in missing
        ]
        rows += [self._template(code, "Freight", self._unit("Unit"), "service", accounts) for code in new_freight]
        return self._create("product.template", rows)

    @staticmethod
    def _template(code: str, name: str, unit: int, kind: str, accounts: int) -> dict[str, Any]:
        return {
            "name": name,
            "type": kind,
            "default_uom": unit,
            "purchasable": True,
            "purchase_uom": unit,
            "account_category": accounts,
            "products": [["create", [{"suffix_code": code, "cost_price": Decimal(0)}]]],
        }

    def _accounts(self) -> int:
        """By what the ERP's own accountants have set up, never by an account of our choosing."""
        wanted = self.settings.get("product_category")
        domain = [["accounting", "=", True]] + ([["name", "=", wanted]] if wanted else [])
        return self._only(
            "product.category", domain, "accounting category: name it as “product_category” in the settings"
        )

    def _unit(self, ours: str) -> int:
        name = unit_name(self.settings, ours)
        return self._only("product.uom", ["OR", ["name", "ilike", name], ["symbol", "=", name]], f"unit “{name}”")

    def _code(self, renamed: str, key: str) -> str:
        return str(self.settings.get(renamed, {}).get(key, key))

    def _only(self, model: str, domain: list[Any], what: str) -> int:
        found = self._search(model, domain, ["id"])
        if len(found) != 1:
            raise Rejected(f"Tryton has {'no' if not found else 'more than one'} {what}.")
        return int(found[0]["id"])

    def _absent(self, model: str, field: str, wanted: Iterable[str]) -> list[str]:
        """In the order given. A code that was switched off over there counts as present: it is theirs to switch on."""
        codes = list(wanted)
        present: set[str] = set()
        for start in range(0, len(codes), BATCH):
            some = [[field, "in", codes[start : start + BATCH]], ["active", "in", [True, False]]]
            present |= {row[field] for row in self._search(model, some, [field])}
        return [code for code in codes if code not in present]

    def _search(self, model: str, domain: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        return list(self.wire.call(f"model.{model}.search_read", domain, 0, 1000, None, fields, context=self.context))

    def _create(self, model: str, rows: list[dict[str, Any]]) -> int:
        for start in range(0, len(rows), BATCH):
            self.wire.call(f"model.{model}.create", rows[start : start + BATCH], context=self.context, writes=True)
        return len(rows)
