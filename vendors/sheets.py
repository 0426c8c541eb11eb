"""Tables that people send: CSV or XLSX, read row by row, with what cannot be taken named by its row.

Formulas are refused: their value is not in the file, and elsewhere they would run.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from django.utils.translation import gettext as _

from ledger.errors import InvalidInput
from vendors.folding import fold

MAX_BYTES = 20_000_000
MAX_UNPACKED = 200_000_000
MAX_ROWS = 100_000
MAX_CELL = 2_000


class BadSheet(InvalidInput):
    """This file cannot be read as a table."""

    code = "bad_sheet"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`number` is the row's in the file, the heading being 1. `problem` says why it cannot be taken."""

    number: int
    cells: dict[str, str]
    problem: str = ""


def read(name: str, content: bytes, *, required: Sequence[str], optional: Sequence[str]) -> list[SheetRow]:
    """Rows by column name; empty rows are left out. Raises `BadSheet` when no row of the file can be trusted."""
    if len(content) > MAX_BYTES:
        raise BadSheet(_("The file is larger than %d MB. Split it.") % (MAX_BYTES // 1_000_000))
    lines = _xlsx(content) if PurePath(name).suffix.lower() == ".xlsx" else _csv(content)
    heading = next(lines, None)
    if heading is None:
        raise BadSheet(_("The file is empty."))
    columns = _columns(heading[1], required=required, optional=optional)
    rows: list[SheetRow] = []
    for number, values in lines:
        if len(rows) == MAX_ROWS:
            raise BadSheet(_("The file has more than %d rows. Split it.") % MAX_ROWS)
        if any(_text(value) for value in values):
            rows.append(_row(number, columns, values))
    return rows


def _columns(heading: Sequence[Any], *, required: Sequence[str], optional: Sequence[str]) -> list[str]:
    columns = [fold(_text(each)[:80]).replace(" ", "_") for each in heading]
    while columns and not columns[-1]:
        columns.pop()
    known = [*required, *optional]
    for each in columns:
        if each not in known:
            raise BadSheet(
                _("There is no column “%(column)s” here. Known: %(known)s.")
                % {"column": each[:40], "known": ", ".join(known)}
            )
        if columns.count(each) > 1:
            raise BadSheet(_("The column “%s” is there twice.") % each)
    if missing := [each for each in required if each not in columns]:
        raise BadSheet(_("These columns are missing: %s.") % ", ".join(missing))
    return columns


def _row(number: int, columns: list[str], values: Sequence[Any]) -> SheetRow:
    if any(_text(each) for each in values[len(columns) :]):
        return SheetRow(number, {}, _("The row has more cells than the heading."))
    cells = {}
    for column, value in zip(columns, values, strict=False):
        text = _text(value)
        if len(text) > MAX_CELL:
            problem = _("%(column)s: the cell is longer than %(limit)d characters.")
            return SheetRow(number, {}, problem % {"column": column, "limit": MAX_CELL})
        if _is_formula(text):
            return SheetRow(number, {}, _("%s: formulas are not taken. Put the value there.") % column)
        if any(ord(each) < 32 and each not in "\t\n\r" for each in text):
            return SheetRow(number, {}, _("%s: the cell holds control characters.") % column)
        cells[column] = text
    return SheetRow(number, cells)


def _is_formula(text: str) -> bool:
    """What a spreadsheet would compute; a signed number is a number."""
    if text[:1] in ("=", "@"):
        return True
    return text[:1] in ("+", "-") and not text[1:2].isdigit()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        raise BadSheet(_("The file is not UTF-8. Save it as “CSV UTF-8” or as XLSX.")) from None
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    before = csv.field_size_limit(MAX_BYTES)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        yield from ((reader.line_num, values) for values in reader)
    except csv.Error as error:
        raise BadSheet(_("The file is not a table: %s.") % error) from None
    finally:
        csv.field_size_limit(before)


def _xlsx(content: bytes) -> Iterator[tuple[int, list[Any]]]:
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MAX_UNPACKED:
                raise BadSheet(_("The file grows too large when it is unpacked."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        yield from enumerate(_values(sheet.iter_rows()), start=1)
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError, SyntaxError) as error:
        raise BadSheet(_("The file is not an XLSX workbook: %s.") % str(error)[:100]) from None


def _values(rows: Iterable[Any]) -> Iterator[list[Any]]:
    for row in rows:
        values = [f"={each.value}" if each.data_type == "f" else each.value for each in row]
        yield values
