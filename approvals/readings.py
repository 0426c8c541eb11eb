"""What evidence may point at: a fixed table of records and figures that code can read again.

Sealed values, tokens and personal data are not in it; a field that is not listed cannot be claimed about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from ledger import clock
from ledger.errors import DomainError
from ledger.models import LegalEntity

_computed: ContextVar[dict[tuple[str, str], Any] | None] = ContextVar("figures_computed", default=None)


class Unreadable(DomainError):
    """The source of this claim cannot be read."""

    code = "unreadable"


@dataclass(frozen=True, slots=True)
class Found:
    """What the source says now, in which version, as of when."""

    value: Any
    version: str = ""
    as_of: date | datetime | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a model by a stable key; `/` in a key separates the parts of a compound one."""

    model: str
    keys: tuple[str, ...]
    fields: frozenset[str]
    as_of: str = ""
    per_entity: bool = True


def _table(model: str, keys: str, fields: str, *, as_of: str = "", per_entity: bool = True) -> Table:
    return Table(model, tuple(keys.split()), frozenset(fields.split()), as_of, per_entity)


TABLES: dict[str, Table] = {
    "vendor": _table("vendors.Vendor", "key", "key name status blocked_reason country website"),
    "item": _table(
        "vendors.Item",
        "key",
        "key name category.code generic_name brand dosage dosage_form units_per_pack unit.code active "
        "price_p25 price_median price_p75 price_currency price_rows",
        as_of="price_as_of",
        per_entity=False,
    ),
    "delivery": _table(
        "vendors.Delivery",
        "reference",
        "vendor.key item.key order_reference country mode incoterm ordered_on promised_on delivered_on delay_days "
        "quantity unit_price currency value freight weight_kg",
    ),
    "contract": _table("contracts.Contract", "reference", "vendor.key title valid_from valid_to currency status"),
    "contract_price": _table(
        "contracts.ContractPrice",
        "contract__reference item__key min_quantity",
        "unit_price min_quantity contract.currency",
        per_entity=False,
    ),
    "requisition": _table(
        "procure.Requisition",
        "reference",
        "status needed_by deliver_to budget_amount budget_currency urgency cost_centre.code",
    ),
    "event": _table("procure.SourcingEvent", "reference", "status title deadline currency deliver_to incoterm"),
    "order": _table("procure.Order", "reference", "status currency current_version vendor.key"),
    "stock": _table("procure.StockLevel", "item__key location", "quantity", as_of="as_of"),
    "exchange_rate": _table("procure.ExchangeRate", "currency on", "per_eur", as_of="on", per_entity=False),
}
QUOTE_FIELDS = frozenset(
    (
        "unit_price",
        "lead_time_days",
        "delivery_date",
        "quantity_offered",
        "event_line.number",
        "opened_bid.currency",
        "opened_bid.freight",
        "opened_bid.incoterm",
        "opened_bid.validity_until",
        "opened_bid.vendor.key",
    )
)


def row(kind: str, key: str, field: str, *, entity: LegalEntity) -> Found:
    """Raises `Unreadable` when there is no such record, field or kind."""
    if kind in FIGURES:
        return _figure(kind, key, field, entity)
    table = TABLES.get(kind)
    if table is None or field not in table.fields:
        raise Unreadable(
            _("“%(field)s” of a %(kind)s is not something that can be read.") % {"field": field, "kind": kind}
        )
    parts = key.split("/", len(table.keys) - 1)
    wanted: dict[str, Any] = dict(zip(table.keys, parts, strict=False))
    if len(parts) != len(table.keys):
        raise Unreadable(_("There is no %(kind)s “%(key)s”.") % {"kind": kind, "key": key[:80]})
    if table.per_entity:
        wanted["entity"] = entity
    instance = _one(table.model, wanted, kind, key)
    as_of = getattr(instance, table.as_of) if table.as_of else None
    return Found(_follow(instance, field), _version(instance), as_of)


def quote_line(pk: str, field: str, *, entity: LegalEntity) -> Found:
    """A line of an opened quote; raises `Unreadable`."""
    if field not in QUOTE_FIELDS:
        raise Unreadable(_("“%(field)s” of a quote line is not something that can be read.") % {"field": field})
    wanted = {"pk": pk, "event_line__event__entity": entity}
    return Found(_follow(_one("procure.OpenedBidLine", wanted, _("quote line"), pk), field))


def _one(model: str, wanted: dict[str, Any], kind: str, key: str) -> Any:
    try:
        found = apps.get_model(model).objects.filter(**wanted).first()
    except (ValueError, TypeError, DomainError):
        found = None
    if found is None:
        raise Unreadable(_("There is no %(kind)s “%(key)s”.") % {"kind": kind, "key": key[:80]})
    return found


def _follow(instance: Any, field: str) -> Any:
    for name in field.split("."):
        instance = getattr(instance, name) if instance is not None else None
    return instance


def _version(instance: Any) -> str:
    if (number := getattr(instance, "current_version", None)) is not None:
        return str(number)
    if hasattr(instance, "history"):
        latest = instance.history.order_by("-history_id").values_list("history_id", flat=True).first()
        return str(latest or "")
    return ""


@contextmanager
def figures_once() -> Iterator[None]:
    """Inside, the same figures are computed once: many claims are about one supplier's history."""
    token = _computed.set({})
    try:
        yield
    finally:
        _computed.reset(token)


def _figures(kind: str, key: str, entity: LegalEntity) -> Any:
    known = _computed.get()
    if known is None:
        return FIGURES[kind](entity, key.split("/"))
    if (kind, key) not in known:
        known[kind, key] = FIGURES[kind](entity, key.split("/"))
    return known[kind, key]


def _figure(kind: str, key: str, field: str, entity: LegalEntity) -> Found:
    try:
        figures = _figures(kind, key, entity)
        value = getattr(figures, field) if not field.startswith("_") else None
    except (DomainError, AttributeError, ValueError, IndexError, ArithmeticError) as error:
        raise Unreadable(
            _("“%(field)s” of “%(key)s” cannot be computed.") % {"field": field[:40], "key": key[:80]}
        ) from error
    if value is None or callable(value):
        raise Unreadable(_("“%(field)s” of “%(key)s” is not known.") % {"field": field[:40], "key": key[:80]})
    return Found(value, as_of=getattr(figures, "as_of", None))


def _performance(entity: LegalEntity, parts: list[str]) -> Any:
    from vendors import performance

    item, country = [*parts, "", ""][1:3]
    as_of = clock.business_date(entity)
    return performance.figures(parts[0], item_key=item or None, country=country or None, as_of=as_of)


def _benchmark(entity: LegalEntity, parts: list[str]) -> Any:
    from vendors import queries

    return queries.benchmark(parts[0])


def _agreed_price(entity: LegalEntity, parts: list[str]) -> Any:
    from contracts import queries

    vendor, item, quantity = parts
    return queries.price_for(
        vendor_key=vendor, item_key=item, on=clock.business_date(entity), quantity=Decimal(quantity)
    )


def _budget(entity: LegalEntity, parts: list[str]) -> Any:
    from procure.finance import budgets

    centre, year = parts
    return budgets.available(entity, centre, int(year))


#: Figures that are computed afresh: performance VEN-1[/ITM-1[/NG]], benchmark ITM-1, agreed_price VEN-1/ITM-1/2000,
#: budget PROG/2026.
FIGURES: dict[str, Callable[[LegalEntity, list[str]], Any]] = {
    "performance": _performance,
    "benchmark": _benchmark,
    "agreed_price": _agreed_price,
    "budget": _budget,
}


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def same(claimed: str, found: Any) -> bool:
    """Numbers compare as numbers, to the last digit; everything else as text, in any case and spacing."""
    if not isinstance(found, bool):
        try:
            return Decimal(claimed) == Decimal(str(found))
        except InvalidOperation:
            pass
    return " ".join(claimed.split()).casefold() == " ".join(as_text(found).split()).casefold()
