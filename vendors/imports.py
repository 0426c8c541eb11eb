"""Vendors and items of a company's own, from a table."""

from __future__ import annotations

from typing import Annotated, Literal

from django.utils.translation import gettext as _
from pydantic import Field, StringConstraints

from ledger import clock, numbering
from ledger.errors import InvalidInput
from ledger.models import LegalEntity
from vendors import queries
from vendors.batches import RowFields, Status, Taken, changed
from vendors.cells import Country, LongText, MailAddress, Name, Number, Text, WebAddress, Word
from vendors.folding import fold
from vendors.models import Category, CategoryApproval, Item, Unit, Vendor, VendorContact


class VendorRow(RowFields):
    """An empty cell leaves what is there. `categories` are codes, separated by semicolons."""

    name: Name
    number: Number | None = None
    status: Literal["prospect", "approved", "conditional", "blocked", "retired"] | None = None
    blocked_reason: LongText | None = None
    country: Country | None = None
    website: WebAddress | None = None
    categories: str | None = None
    contact_name: Name | None = None
    contact_email: MailAddress | None = None
    contact_verified: bool = False


class ItemRow(RowFields):
    """Categories and units that are not there yet are made."""

    number: Number
    name: LongText
    category: Word
    unit: Annotated[str, StringConstraints(to_lower=True, max_length=20)] | None = None
    units_per_pack: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    generic_name: LongText | None = None
    brand: Text | None = None
    strength: Text | None = None
    form: Text | None = None
    active: bool | None = None


class VendorImport:
    """A vendor is known by its number, without one by its name. Its categories only ever grow by import."""

    kind = "vendors"
    fields = VendorRow
    opens = "vendor"

    def take(self, row: VendorRow, *, entity: LegalEntity) -> Taken:
        vendor, status = self._vendor(row, entity)
        if self._approve(vendor, row.categories) + self._introduce(vendor, row) and status == Status.SKIPPED:
            status = Status.UPDATED
        return Taken(status, vendor.key, _("Nothing new.") if status == Status.SKIPPED else "")

    def _vendor(self, row: VendorRow, entity: LegalEntity) -> tuple[Vendor, Status]:
        vendor = self._known(row, entity)
        status = row.status or (vendor.status if vendor else Vendor.Status.PROSPECT)
        if status == Vendor.Status.BLOCKED and not (row.blocked_reason or (vendor and vendor.blocked_reason)):
            raise InvalidInput(_("A blocked vendor needs a blocked_reason."))
        values = {"name": row.name, "status": status, "country": row.country, "website": row.website}
        values = {name: value for name, value in values.items() if value is not None}
        if status != Vendor.Status.BLOCKED:
            values["blocked_reason"] = ""
        elif row.blocked_reason:
            values["blocked_reason"] = row.blocked_reason
        if vendor is None:
            key = row.number or numbering.take("VEN")
            vendor = Vendor(key=key, entity=entity, created_at=clock.now(), **values)
            return self._save(vendor), Status.CREATED
        if names := changed(vendor, values):
            return self._save(vendor, names), Status.UPDATED
        return vendor, Status.SKIPPED

    def _known(self, row: VendorRow, entity: LegalEntity) -> Vendor | None:
        namesakes = list(Vendor.objects.filter(entity=entity, folded_name=fold(row.name))[:2])
        if row.number is None:
            if len(namesakes) > 1:
                raise InvalidInput(_("Several vendors have this name: give the number."))
            return namesakes[0] if namesakes else None
        vendor = Vendor.objects.filter(key=row.number).first()
        if vendor is None and namesakes:
            raise InvalidInput(_("%s has this name already. Is it the same vendor?") % namesakes[0].key)
        if vendor is not None and vendor.entity_id != entity.pk:
            raise InvalidInput(_("The number %s is taken.") % row.number)
        return vendor

    def _save(self, vendor: Vendor, names: list[str] | None = None) -> Vendor:
        vendor._change_reason = "Imported"  # type: ignore[attr-defined]
        vendor.save(update_fields=[*names, "folded_name"] if names else None)
        return vendor

    def _approve(self, vendor: Vendor, codes: str | None) -> int:
        """How many approvals are new."""
        wanted = [queries.category(code) for code in (codes or "").split(";") if code.strip()]
        made = [CategoryApproval.objects.get_or_create(vendor=vendor, category=each) for each in wanted]
        return sum(created for _approval, created in made)

    def _introduce(self, vendor: Vendor, row: VendorRow) -> int:
        """1 when the contact is new or changed. Who imports vouches for `contact_verified`."""
        if row.contact_email is None:
            return 0
        contact, created = VendorContact.objects.get_or_create(
            vendor=vendor, email=row.contact_email, defaults={"name": row.contact_name or vendor.name}
        )
        values: dict[str, object] = {"name": row.contact_name or contact.name}
        if row.contact_verified and contact.verified_at is None:
            values["verified_at"] = clock.now()
        if names := changed(contact, values):
            contact.save(update_fields=names)
        return int(created or bool(names))


class ItemImport:
    kind = "items"
    fields = ItemRow
    opens = ""

    def take(self, row: ItemRow, *, entity: LegalEntity) -> Taken:
        category, new_category = Category.objects.get_or_create(
            code=_same_case(row.category), defaults={"name": row.category}
        )
        item = Item.objects.filter(key=row.number).first()
        values = {
            "name": row.name,
            "category": category,
            "unit": _unit(row.unit or "each") if row.unit or item is None else None,
            "units_per_pack": row.units_per_pack,
            "generic_name": row.generic_name,
            "brand": row.brand,
            "dosage": row.strength,
            "dosage_form": row.form,
            "active": row.active,
        }
        values = {name: value for name, value in values.items() if value is not None}
        message = _("New category %s.") % category.code if new_category else ""
        if item is None:
            item = Item.objects.create(key=row.number, **values)
            return Taken(Status.CREATED, item.key, message)
        if names := changed(item, values):
            item.save(update_fields=[*names, "folded_name"])
            return Taken(Status.UPDATED, item.key, message)
        return Taken(Status.SKIPPED, item.key, _("Nothing new."))


def _unit(code: str) -> Unit:
    return Unit.objects.get_or_create(code=code, defaults={"name": code.capitalize()})[0]


def _same_case(code: str) -> str:
    """The code as it is known, whatever the case it is written in."""
    known = Category.objects.filter(code__iexact=code).values_list("code", flat=True).first()
    return known or code
