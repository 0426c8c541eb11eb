"""Purchase orders in Tryton: draft, quotation, confirmed, and back again while nothing was received."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2 as httpx

from procure.erp.connectors.base import (
    CallContext,
    Capabilities,
    ErpConnector,
    Masters,
    Names,
    OrderState,
    WriteResult,
)
from procure.erp.connectors.errors import (
    Ambiguous,
    Conflict,
    Missing,
    SessionExpired,
    SignInRefused,
    TooLate,
    Transient,
)
from procure.erp.connectors.payloads import LineReadBack, OrderReadBack, PurchaseOrder
from procure.erp.connectors.tryton.lookups import Lookups, OrderIds, Product, Unit, check_exact, unit_name
from procure.erp.connectors.tryton.masters import MasterMaker
from procure.erp.connectors.tryton.wire import Wire, number
from procure.erp.discrepancies import differences
from procure.models.erp import ErpConnection

STATES = {
    "draft": OrderState.DRAFT,
    "quotation": OrderState.DRAFT,
    "confirmed": OrderState.OPEN,
    "processing": OrderState.FIXED,
    "done": OrderState.FIXED,
    "cancelled": OrderState.CANCELLED,
}
_PURCHASE = "model.purchase.purchase"
_HEADER = [
    "id",
    "number",
    "state",
    "reference",
    "party.code",
    "currency.code",
    "untaxed_amount",
    "comment",
    "_timestamp",
]
_LINE = ["sequence", "product.code", "quantity", "unit.name", "unit_price", "delivery_date"]
#: More steps than any way through the states needs.
_MOST_STEPS = 4


class TrytonConnector(ErpConnector):
    kind = "tryton"
    label = "Tryton"
    capabilities = Capabilities(
        key_field="reference",
        key_length=60,
        can_cancel_until=OrderState.OPEN,
        settles_within=timedelta(seconds=60),
        has_etag=True,
        comment_field="comment",
    )

    def __init__(
        self, connection: ErpConnection, *, names: Names, transport: httpx.BaseTransport | None = None
    ) -> None:
        super().__init__(connection, names=names)
        self.wire = Wire(connection, transport=transport)

    def validate(self, order: PurchaseOrder, *, context: CallContext) -> None:
        self._checked_ids(order, context)

    def make_masters(self, masters: Masters, *, context: CallContext) -> dict[str, int]:
        return MasterMaker(self.wire, context).make(masters)

    def create_order(self, order: PurchaseOrder, *, key: str, context: CallContext) -> WriteResult:
        """Draft, compared with what was meant, then quotation (which gives the number), then confirmed."""
        if context.dry_run:
            self.validate(order, context=context)
            return WriteResult("", "", OrderState.DRAFT)
        header = self._header_by_key(key, context)
        if header is None:
            fields = _fields(order, key, self._checked_ids(order, context))
            [external_id] = self.wire.call(f"{_PURCHASE}.create", [fields], context=context, writes=True)
        else:
            external_id = header["id"]
        with _something_is_there():
            header = self._header(external_id, context)
            if STATES[header["state"]] == OrderState.DRAFT:
                self._compare(order, header, context)
            return self._carry_on(header, context)

    def find_by_key(self, key: str, *, context: CallContext) -> WriteResult | None:
        header = self._header_by_key(key, context)
        return _result(header) if header else None

    def fetch(self, external_id: str, *, context: CallContext) -> OrderReadBack:
        return self._read_back(self._header(int(external_id), context), context)

    def _read_back(self, header: dict[str, Any], context: CallContext) -> OrderReadBack:
        rows = self.wire.call(
            "model.purchase.line.search_read",
            [["purchase", "=", header["id"]], ["type", "=", "line"]],
            0,
            1000,
            [["sequence", "ASC"]],
            _LINE,
            context=context,
        )
        return _read_back(header, rows, self.connection.settings)

    def cancel_order(self, external_id: str, *, key: str, context: CallContext) -> WriteResult:
        header = self._header(int(external_id), context)
        if header["reference"] != key:
            raise Conflict(f"Tryton's purchase {external_id} has the reference {header['reference']}, not {key}.")
        for _ in range(_MOST_STEPS):
            match header["state"]:
                case "cancelled":
                    return _result(header)
                case "draft" | "quotation":
                    header = self._step("cancel", header, context)
                case "confirmed":
                    header = self._step("draft", header, context)
                case _:
                    raise TooLate(
                        f"{header['number']} is {header['state']} in Tryton: goods or invoices hang on it. "
                        "Return them there or ask for a credit note."
                    )
        raise Conflict(f"Tryton's purchase {external_id} keeps changing its state; look at it there.")

    def unit_name(self, ours: str) -> str:
        return unit_name(self.connection.settings, ours)

    def health(self, *, context: CallContext) -> str:
        version = self.wire.version(context=context)
        self.wire.call(f"{_PURCHASE}.search_count", [], context=context)
        return f"Tryton {version}"

    def _checked_ids(self, order: PurchaseOrder, context: CallContext) -> OrderIds:
        ids = Lookups(self.wire, self.names, context).ids_for(order)
        check_exact(order, ids)
        return ids

    def _carry_on(self, header: dict[str, Any], context: CallContext) -> WriteResult:
        for _ in range(_MOST_STEPS):
            match header["state"]:
                case "draft":
                    header = self._step("quote", header, context)
                case "quotation":
                    header = self._step("confirm", header, context)
                case _:
                    return _result(header)
        raise Conflict(f"Tryton's purchase {header['id']} keeps changing its state; look at it there.")

    def _step(self, button: str, header: dict[str, Any], context: CallContext) -> dict[str, Any]:
        """Presses it only on the version that was read, and reads what came of it."""
        stamps = {f"purchase.purchase,{header['id']}": header["_timestamp"]}
        self.wire.call(f"{_PURCHASE}.{button}", [header["id"]], context=context, writes=True, stamps=stamps)
        return self._header(header["id"], context)

    def _header(self, external_id: int, context: CallContext) -> dict[str, Any]:
        found = self.wire.call(
            f"{_PURCHASE}.search_read", [["id", "=", external_id]], 0, 1, None, _HEADER, context=context
        )
        if not found:
            raise Missing(f"Tryton has no purchase with the id {external_id}, or our user may not see it.")
        return dict(found[0])

    def _header_by_key(self, key: str, context: CallContext) -> dict[str, Any] | None:
        found = self.wire.call(
            f"{_PURCHASE}.search_read",
            [["reference", "=", key]],
            0,
            10,
            [["id", "DESC"]],
            _HEADER,
            context=context,
        )
        alive = [each for each in found if each["state"] != "cancelled"]
        if len(alive) > 1:
            raise Conflict(
                f"Tryton has {len(alive)} live purchases with the reference {key}; keep one and cancel the rest."
            )
        return next(iter(alive or found), None)

    def _compare(self, order: PurchaseOrder, header: dict[str, Any], context: CallContext) -> None:
        """Nothing binding is made of a draft that differs; it is cancelled instead."""
        held = self._read_back(header, context)
        found = differences(order, held, unit_name=self.unit_name)
        if found:
            self._step("cancel", header, context)
            said = "; ".join(str(each) for each in found)
            raise Conflict(f"Tryton's draft of {order.reference} differed and was cancelled there: {said}.")


@contextmanager
def _something_is_there() -> Iterator[None]:
    """From here on “nothing was sent” would be untrue."""
    try:
        yield
    except (Transient, SessionExpired, SignInRefused) as error:
        raise Ambiguous(f"The order was begun in Tryton and not finished: {error.message}") from error


def _fields(order: PurchaseOrder, key: str, ids: OrderIds) -> dict[str, Any]:
    """Everything is said: Tryton fills in no default when it is called from outside."""
    lines = [
        _line(line.number, ids.products[line.item], ids.units[line.unit])
        | {
            "quantity": number(line.quantity),
            "unit_price": line.unit_price,
            "description": line.description,
            "delivery_date_edit": line.delivery_date is not None,
            "delivery_date_store": line.delivery_date,
        }
        for line in order.lines
    ]
    if ids.freight:
        last = max(line.number for line in order.lines)
        lines.append(_line(last + 1, *ids.freight) | {"quantity": 1, "unit_price": order.freight})
    return {
        "party": ids.party,
        "invoice_address": ids.address,
        "company": ids.company,
        "currency": ids.currency,
        "payment_term": ids.payment_term,
        "warehouse": ids.warehouse,
        "reference": key,
        "description": order.reference,
        "comment": order.comment,
        "purchase_date": order.ordered_on,
        "lines": [["create", lines]],
    }


def _line(sequence: int, product: Product, unit: Unit) -> dict[str, Any]:
    taxes = [["add", list(product.taxes)]]
    return {"type": "line", "sequence": sequence, "product": product.id, "unit": unit.id, "taxes": taxes}


def _read_back(header: dict[str, Any], rows: list[dict[str, Any]], settings: dict[str, Any]) -> OrderReadBack:
    freight_code = settings.get("freight_product")
    freight = [row for row in rows if freight_code and _code(row["product."]) == freight_code]
    return OrderReadBack(
        external_id=str(header["id"]),
        external_number=header["number"] or "",
        key=header["reference"] or "",
        state=STATES[header["state"]],
        vendor=_ours(settings.get("vendors", {}), _code(header["party."])),
        currency=header["currency."]["code"],
        total=header["untaxed_amount"],
        freight=sum((row["unit_price"] * Decimal(row["quantity"]) for row in freight), Decimal(0)),
        lines=tuple(
            LineReadBack(
                number=row["sequence"],
                item=_ours(settings.get("items", {}), _code(row["product."])),
                quantity=Decimal(row["quantity"]),
                unit=(row["unit."] or {}).get("name") or "",
                unit_price=row["unit_price"],
                delivery_date=row["delivery_date"],
            )
            for row in rows
            if row not in freight
        ),
        comment=header["comment"] or "",
        version_token=header["_timestamp"],
    )


def _code(related: dict[str, Any] | None) -> str:
    return (related or {}).get("code") or ""


def _ours(renamed: dict[str, str], theirs: str) -> str:
    return next((ours for ours, name in renamed.items() if name == theirs), theirs)


def _result(header: dict[str, Any]) -> WriteResult:
    return WriteResult(
        external_id=str(header["id"]),
        external_number=header["number"] or "",
        state=STATES[header["state"]],
        version_token=header["_timestamp"],
        answer={"total": format(header["untaxed_amount"], "f"), "currency": header["currency."]["code"]},
    )
