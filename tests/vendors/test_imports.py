"""Vendors and items from tables: what is taken, what is refused, and that errors leave nothing behind."""

from __future__ import annotations

import io
from datetime import datetime

import pytest
from openpyxl import Workbook

from ledger import chain
from ledger.actors import Actor
from ledger.errors import NotAllowed
from ledger.models import Entry, GrantedAuthority, LegalEntity, Person
from tests.vendors.rows import make_category, make_item, make_vendor
from vendors import batches, sheets
from vendors.batches import BatchReport
from vendors.imports import ItemImport, VendorImport
from vendors.models import CategoryApproval, Item, Vendor, VendorContact
from vendors.sheets import BadSheet


@pytest.fixture
def take(entity: LegalEntity, olga: Person):
    def run(
        text: str | bytes, *, importer=None, name: str = "vendors.csv", actor: Person = olga, **options
    ) -> BatchReport:
        content = text.encode() if isinstance(text, str) else text
        return batches.run(
            importer or VendorImport(), name=name, content=content, actor=Actor.human(actor), entity=entity, **options
        )

    return run


def told(report: BatchReport) -> list[tuple[int, str, str]]:
    return [(each.row, str(each.status), each.key) for each in report.rows]


def workbook(*rows: list[object]) -> bytes:
    book, file = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


def test_new_known_and_unchanged_vendors_are_told_apart(entity, take) -> None:
    make_vendor("VEN-001", entity=entity, name="Acme", country="DE")
    make_vendor("VEN-002", entity=entity, name="Bolt")
    report = take("number,name,country\nVEN-001,Acme,fr\nven-002,Bolt,\nVEN-003,Öko GmbH,de\n")
    assert told(report) == [(2, "updated", "VEN-001"), (3, "skipped", "VEN-002"), (4, "created", "VEN-003")]
    assert Vendor.objects.get(key="VEN-001").country == "FR"
    assert Vendor.objects.get(key="VEN-003").folded_name == "öko gmbh"
    assert Vendor.objects.get(key="VEN-003").status == "prospect"
    assert Vendor.objects.get(key="VEN-001").history.first().history_change_reason == "Imported"


def test_the_ledger_keeps_one_entry_with_the_files_digest(take) -> None:
    report = take("name\nAcme\nBolt\n")
    record = chain.read(Entry.objects.get())
    assert record["kind"] == "batch.imported"
    assert record["data"] == {
        "digest": report.digest,
        "counts": {"created": "2", "updated": "0", "skipped": "0", "error": "0"},
        "opening": {
            "states": {"vendor": {row.key: {"status": "prospect", "categories": {}} for row in report.rows}},
        },
    }


def test_the_same_file_again_changes_nothing(take) -> None:
    table = "name,contact_email,contact_verified,categories\nAcme,a@example.org,yes,arv\n"
    make_category("ARV")
    assert take(table).kept
    again = take(table)
    assert (again.kept, [each.status for each in again.rows]) == (False, ["skipped"])
    assert Entry.objects.count() == 1
    assert VendorContact.objects.get().verified_at is not None
    assert CategoryApproval.objects.get().category.code == "ARV"


BAD_ROWS = {
    "no name": (",VEN-002,", "name: the cell is empty"),
    "formula": ("=1+1,VEN-002,", "formulas are not taken"),
    "command": ("@SUM(A1),VEN-002,", "formulas are not taken"),
    "giant cell": ("x" * 300_000 + ",VEN-002,", "longer than 2000 characters"),
    "control characters": ("A\x00b,VEN-002,", "control characters"),
    "country": ("Bolt,VEN-002,Germany", "country"),
    "number": ("Bolt,../etc,", "number"),
    "twice": ("Acme again,VEN-001,", "Row 2 is about VEN-001 too"),
    "too many cells": ("Bolt,VEN-002,DE,extra", "more cells than the heading"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_one_bad_row_keeps_all_out(take, case: str) -> None:
    row, message = BAD_ROWS[case]
    report = take(f"name,number,country\nAcme,VEN-001,DE\n{row}\n")
    assert not report.kept
    assert [each.status for each in report.rows] == ["skipped", "error"]
    assert message in report.rows[1].message
    assert not Vendor.objects.exists()
    assert not Entry.objects.exists()
    assert not GrantedAuthority.objects.exists()


@pytest.mark.parametrize("case", BAD_ROWS)
def test_partial_keeps_the_good_rows(take, case: str) -> None:
    report = take(f"name,number,country\nAcme,VEN-001,DE\n{BAD_ROWS[case][0]}\nCore,VEN-003,\n", partial=True)
    assert report.kept
    assert [each.status for each in report.rows] == ["created", "error", "created"]
    assert set(Vendor.objects.values_list("name", flat=True)) == {"Acme", "Core"}


def test_a_dry_run_reports_and_keeps_nothing(take) -> None:
    report = take("name\nAcme\n", dry_run=True)
    assert (report.kept, [each.status for each in report.rows]) == (False, ["created"])
    assert not Vendor.objects.exists()
    assert not Entry.objects.exists()


def test_a_namesake_is_a_question_not_a_second_vendor(entity, take) -> None:
    make_vendor("VEN-001", entity=entity, name="Acme  Ltd")
    report = take("name,number\nACME LTD,VEN-009\n")
    assert "VEN-001 has this name already" in report.rows[0].message
    assert Vendor.objects.count() == 1


@pytest.mark.parametrize(
    ("columns", "cells", "message"),
    [
        ("name,status", "Acme,blocked", "blocked_reason"),
        ("name,categories", "Acme,NOWHERE", "no category"),
        ("name,contact_email", "Acme,not a mail", "is not a mail address"),
        ("name,website", "Acme,javascript:alert(1)", "is not a web address"),
    ],
)
def test_what_contradicts_itself_is_refused(take, columns: str, cells: str, message: str) -> None:
    report = take(f"{columns}\n{cells}\n")
    assert message in report.rows[0].message
    assert not Vendor.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("v.csv", b"", "empty"),
        ("v.csv", b"name,colour\nAcme,red\n", "no column “colour”"),
        ("v.csv", b"number\nVEN-001\n", "missing: name"),
        ("v.csv", b"name,name\nAcme,Acme\n", "twice"),
        ("v.csv", "name\nÖko\n".encode("latin-1"), "not UTF-8"),
        ("v.xlsx", b"name\nAcme\n", "not an XLSX workbook"),
        ("v.csv", b"x" * (sheets.MAX_BYTES + 1), "larger than"),
    ],
)
def test_a_file_that_is_no_table_is_refused_whole(take, name: str, content: bytes, message: str) -> None:
    with pytest.raises(BadSheet, match=message):
        take(content, name=name)
    assert not Vendor.objects.exists()


def test_excel_files_semicolons_and_marks_are_read(take) -> None:
    assert told(take("\ufeffName;Country\nAcme;DE\n".encode())) == [(2, "created", Vendor.objects.get().key)]
    file = workbook(["Name", "Number", None], ["Bolt", "VEN-077", None], [None, None, None], ["Core", 4711, None])
    assert told(take(file, name="V.XLSX")) == [(2, "created", "VEN-077"), (4, "created", "4711")]


def test_an_excel_formula_and_a_date_are_what_they_are(take) -> None:
    report = take(workbook(["name", "number"], ["=A1", "VEN-001"]), name="v.xlsx")
    assert "formulas are not taken" in report.rows[0].message
    rows = sheets.read("t.xlsx", workbook(["day"], [datetime(2026, 9, 15)]), required=["day"], optional=[])  # noqa: DTZ001
    assert rows[0].cells == {"day": "2026-09-15"}


def test_only_an_administrator_imports(take, ben) -> None:
    with pytest.raises(NotAllowed):
        take("name\nAcme\n", actor=ben)
    assert not Vendor.objects.exists()


def test_items_bring_their_categories_and_units_along(take) -> None:
    make_item("ITM-0001", name="Old", brand="Kept")
    report = take(
        "number,name,category,unit,units_per_pack,active\nITM-0001,New,arv,,30,no\nITM-0002,Second,TESTS,Kit,,\n",
        importer=ItemImport(),
    )
    assert [each.status for each in report.rows] == ["updated", "created"]
    assert report.rows[1].message == "New category TESTS."
    first, second = Item.objects.order_by("key")
    assert (first.name, first.brand, first.category.code, first.unit.code) == ("New", "Kept", "ARV", "pack")
    assert (first.units_per_pack, first.active) == (30, False)
    assert (second.unit.code, second.units_per_pack, second.active) == ("kit", 1, True)


@pytest.mark.parametrize("packs", ["0", "-3", "1e9", "many"])
def test_an_impossible_pack_is_refused(take, packs: str) -> None:
    report = take(f"number,name,category,units_per_pack\nI-1,One,ARV,{packs}\n", importer=ItemImport())
    assert [each.status for each in report.rows] == ["error"]
    assert not Item.objects.exists()
