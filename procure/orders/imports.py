"""Open order lines of a company's own ERP, from a table."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from django.utils.translation import gettext as _
from pydantic import StringConstraints

from ledger.errors import InvalidInput
from ledger.models import LegalEntity
from procure.models import ImportedOrderLine
from vendors import queries
from vendors.batches import RowFields, Status, Taken, changed
from vendors.cells import Amount, Country, Currency, Day, LongText, Name, Number, Quantity, Word
from vendors.models import Item, Vendor


class OpenOrderRow(RowFields):
    """`reference` is the line's own key in the ERP. Purchases name a vendor, by number or whole name."""

    reference: Word
    order: Word
    country: Country
    quantity: Quantity
    value: Amount
    item: Number | None = None
    description: LongText | None = None
    vendor: Name | None = None
    kind: Literal["purchase", "transfer"] = "purchase"
    unit_price: Amount | None = None
    currency: Currency | None = None
    mode: Annotated[str, StringConstraints(max_length=20)] = ""
    incoterm: Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z]{3}$")] | None = None
    ordered_on: Day | None = None
    promised_on: Day | None = None


class OpenOrderImport:
    """A line whose item or vendor is not known here stays with the words of the ERP, and its report says so."""

    kind = "open_orders"
    fields = OpenOrderRow
    opens = ""

    def take(self, row: OpenOrderRow, *, entity: LegalEntity) -> Taken:
        item = Item.objects.filter(key=row.item).first() if row.item else None
        if row.item and item is None:
            raise InvalidInput(_("There is no item “%s” in the catalogue.") % row.item)
        if item is None and not row.description:
            raise InvalidInput(_("The line needs an item or a description."))
        vendor = self._vendor(row, entity)
        values = {
            "kind": row.kind,
            "order_reference": row.order,
            "country": row.country,
            "quantity": row.quantity,
            "value": row.value,
            "item": item,
            "description": row.description or (item.name if item else ""),
            "vendor": vendor,
            "vendor_name": row.vendor or "",
            "unit_price": _unit_price(row),
            "currency": row.currency or entity.base_currency,
            "mode": row.mode,
            "incoterm": row.incoterm or "",
            "ordered_on": row.ordered_on,
            "promised_on": row.promised_on,
        }
        line = ImportedOrderLine.objects.filter(entity=entity, reference=row.reference).first()
        if line is None:
            ImportedOrderLine.objects.create(entity=entity, reference=row.reference, **values)
            return Taken(Status.CREATED, row.reference, self._remark(item, vendor, row))
        if names := changed(line, values):
            line.save(update_fields=names)
            return Taken(Status.UPDATED, row.reference, self._remark(item, vendor, row))
        return Taken(Status.SKIPPED, row.reference, _("Nothing new."))

    def _vendor(self, row: OpenOrderRow, entity: LegalEntity) -> Vendor | None:
        if row.kind == ImportedOrderLine.Kind.TRANSFER:
            return None
        if not row.vendor:
            raise InvalidInput(_("A purchase needs a vendor."))
        return queries.vendor_named(row.vendor, entity=entity)

    def _remark(self, item: Item | None, vendor: Vendor | None, row: OpenOrderRow) -> str:
        remarks = [] if item else [_("The item is not in the catalogue.")]
        if vendor is None and row.kind == ImportedOrderLine.Kind.PURCHASE:
            remarks.append(_("“%s” is no vendor here.") % row.vendor)
        return " ".join(remarks)


def _unit_price(row: OpenOrderRow) -> Decimal:
    return (row.value / row.quantity).quantize(Decimal("0.0001")) if row.unit_price is None else row.unit_price
