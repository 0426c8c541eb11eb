"""The files of the demo tenant: their rows, their digest, and their dates moved by whole weeks."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "data"
#: The day after which nothing is in the history.
AS_OF = date(2014, 5, 23)
#: The regional warehouse, which the source lists among the vendors.
WAREHOUSE = "VEN-060"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Shift:
    """Moves dates by whole weeks, so that weekdays stay."""

    weeks: int

    def day(self, text: str) -> date | None:
        return date.fromisoformat(text) + timedelta(weeks=self.weeks) if text else None

    def must(self, text: str) -> date:
        return date.fromisoformat(text) + timedelta(weeks=self.weeks)

    @property
    def as_of(self) -> date:
        return AS_OF + timedelta(weeks=self.weeks)


def shift_to(today: date) -> Shift:
    """The one that puts AS_OF into the seven days up to `today`."""
    return Shift((today - AS_OF).days // 7)


def rows(name: str) -> Iterator[Row]:
    """The rows of `name`.csv or `name`.csv.gz, in the order of the file."""
    packed = FOLDER / f"{name}.csv.gz"
    raw = gzip.decompress(packed.read_bytes()) if packed.exists() else (FOLDER / f"{name}.csv").read_bytes()
    yield from csv.DictReader(io.StringIO(raw.decode(), newline=""))


def document(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_bytes())


def digest() -> str:
    """Of all data files together; it changes when any of them does."""
    found = hashlib.sha256()
    for path in sorted(FOLDER.iterdir()):
        if path.suffix != ".md":
            found.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def country_codes() -> dict[str, str]:
    return {row["scms_country"]: row["iso2"] for row in rows("country_codes")}


def number(text: str) -> Decimal | None:
    return Decimal(text) if text else None
