"""The catalogue of the demo tenant's items, as plain rows."""

import csv
from datetime import date
from pathlib import Path

from agents.readers.catalogue import Catalogue, CatalogueItem

HERE = Path(__file__).parent
TODAY = date(2014, 5, 23)


def catalogue() -> Catalogue:
    with (HERE / "items.csv").open(newline="") as file:
        return tuple(
            CatalogueItem(**(row | {"units_per_pack": int(row["units_per_pack"])})) for row in csv.DictReader(file)
        )


ITEMS = catalogue()
