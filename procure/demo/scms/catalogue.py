"""Categories and items of the SCMS history."""

from __future__ import annotations

import re
from collections import defaultdict

from procure.demo.scms.dataset import rows
from vendors.models import Category, Item, Unit

BRAND = re.compile(r"\[([^\]]+)\]")
DONATED = "DON"


def load() -> int:
    """How many items there are."""
    pack, _ = Unit.objects.get_or_create(code="pack", defaults={"name": "Pack"})
    Unit.objects.get_or_create(code="each", defaults={"name": "Each"})
    categories = _load_categories()
    details: dict[str, dict[str, str]] = {}
    for row in rows("deliveries"):
        details.setdefault(row["item_key"], row)
    items = []
    for row in rows("items"):
        if more := details.get(row["item_key"]):
            item = _item(row, more, pack)
            item.category = categories[row["product_group"], row["sub_class"]]
            items.append(item)
    Item.objects.bulk_create(items, batch_size=200)
    _load_equivalents(items)
    return len(items)


def _load_categories() -> dict[tuple[str, str], Category]:
    found: dict[tuple[str, str], Category] = {}
    for row in rows("categories"):
        parent = found.get((row["group"], ""))
        found[row["group"], row["sub_class"]], _ = Category.objects.get_or_create(
            code=row["code"], defaults={"name": row["name"], "parent": parent}
        )
    return found


def _item(row: dict[str, str], more: dict[str, str], unit: Unit) -> Item:
    return Item(
        key=row["item_key"],
        name=row["item"],
        generic_name=row["molecule_or_test"],
        brand=_brand(row["item"], more["brand"]),
        dosage=more["dosage"],
        dosage_form=row["dosage_form"],
        units_per_pack=int(row["units_per_pack"]),
        unit=unit,
    )


def _brand(name: str, given: str) -> str:
    in_name = [each for each in BRAND.findall(name) if each != DONATED]
    if in_name:
        return in_name[0]
    return "" if given == "Generic" else given


def _load_equivalents(items: list[Item]) -> None:
    """Same substance, strength, pack and form. Donated items are never bought, so they stand in for none."""
    alike = defaultdict(list)
    for item in items:
        if f"[{DONATED}]" not in item.name:
            form = item.dosage_form.split(" - ")[0]
            alike[item.generic_name, item.dosage, item.units_per_pack, form].append(item)
    link = Item.equivalents.through
    link.objects.bulk_create(
        link(from_item=one, to_item=other)
        for group in alike.values()
        for one in group
        for other in group
        if one != other
    )
