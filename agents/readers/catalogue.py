"""What the readers know of the catalogue: plain rows, so that matching needs no database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """`brand` is empty for a generic; `dosage` is the strength (`150/300mg`)."""

    key: str
    name: str
    generic_name: str = ""
    brand: str = ""
    dosage: str = ""
    dosage_form: str = ""
    units_per_pack: int = 1


Catalogue = Sequence[CatalogueItem]


def digest(items: Catalogue) -> str:
    """The same for the same rows: what was read with another one cannot be told by it."""
    rows = json.dumps([astuple(each) for each in items], ensure_ascii=False)
    return hashlib.sha256(rows.encode()).hexdigest()


def load() -> Catalogue:
    """The items that can be ordered, from the vendors app. The one function here that reads the database."""
    from vendors.models import Item

    fields = ("key", "name", "generic_name", "brand", "dosage", "dosage_form", "units_per_pack")
    return tuple(CatalogueItem(*row) for row in Item.objects.filter(active=True).order_by("key").values_list(*fields))
