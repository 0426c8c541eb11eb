"""`manage.py import_data`: budgets and open orders, exit codes and the report."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from ledger.importing import importing
from ledger.models import CostCentre
from procure.models import Budget, ImportedOrderLine
from tests.vendors.rows import DIGEST, make_item, make_vendor


def run(kind: str, text: str, folder: Path, **options: object) -> dict[str, object]:
    """The report, also of a run that ended with errors."""
    file = folder / f"{kind}.csv"
    file.write_text(text)
    out = io.StringIO()
    try:
        call_command("import_data", kind, str(file), "--json", actor="olga", stdout=out, **options)
    except CommandError:
        if not out.getvalue():
            raise
    return json.loads(out.getvalue())


def statuses(report: dict[str, object]) -> list[str]:
    return [each["status"] for each in report["rows"]]


def test_budgets_are_made_raised_and_left(tmp_path, entity, olga, cost_centre) -> None:
    table = "cost_centre,year,amount,cost_centre_name\nprog,2026,1000.50,\nNEW-1,2026,20,New centre\n"
    assert statuses(run("budgets", table, tmp_path)) == ["created", "created"]
    assert CostCentre.objects.get(code="NEW-1").name == "New centre"
    assert statuses(run("budgets", table.replace("1000.50", "2000"), tmp_path)) == ["updated", "skipped"]
    budget = Budget.objects.get(cost_centre=cost_centre)
    assert (budget.amount, budget.currency, budget.year) == (Decimal(2000), "USD", 2026)


@pytest.mark.parametrize(
    "row", ["NOBODY,2026,5", "PROG,2026,-5", "PROG,2026,1e400", "PROG,2026,12.34567", "PROG,1026,5", "PROG,2026,"]
)
def test_a_budget_that_cannot_be_is_refused(tmp_path, entity, olga, cost_centre, row: str) -> None:
    assert statuses(run("budgets", f"cost_centre,year,amount\n{row}\n", tmp_path)) == ["error"]
    assert not Budget.objects.exists()


def test_a_budget_never_falls_below_what_is_committed(tmp_path, entity, olga, cost_centre) -> None:
    with importing("tests", DIGEST):
        Budget.objects.create(
            entity=entity, cost_centre=cost_centre, year=2026, amount=100, committed=60, currency="USD"
        )
    report = run("budgets", "cost_centre,year,amount\nPROG,2026,59\n", tmp_path)
    assert "60.00 USD is already committed" in report["rows"][0]["message"]
    assert Budget.objects.get().amount == 100


OPEN = "reference,order,kind,vendor,item,description,country,quantity,value,promised_on\n"


def test_open_orders_are_taken_with_what_is_known(tmp_path, entity, olga) -> None:
    vendor, item = make_vendor("VEN-001", entity=entity, name="Acme"), make_item("ITM-0001")
    table = OPEN + (
        "1,SO-1,,acme,itm-0001,,ng,10,75.50,2026-12-01\n"
        "2,SO-1,transfer,,ITM-0001,,NG,5,0,\n"
        "3,SO-2,,Stranger,,Something else,NG,5,10,\n"
    )
    report = run("open_orders", table, tmp_path)
    assert statuses(report) == ["created", "created", "created"]
    assert "“Stranger” is no vendor here" in report["rows"][2]["message"]
    first = ImportedOrderLine.objects.get(reference="1")
    assert (first.vendor, first.item, first.country, first.kind) == (vendor, item, "NG", "purchase")
    assert (first.unit_price, first.promised_on, first.currency) == (Decimal("7.55"), date(2026, 12, 1), "USD")
    assert ImportedOrderLine.objects.get(reference="2").vendor is None
    assert statuses(run("open_orders", table, tmp_path)) == ["skipped", "skipped", "skipped"]


@pytest.mark.parametrize(
    "row",
    [
        "1,SO-1,,Acme,ITM-404,,NG,10,75,",
        "1,SO-1,,Acme,,,NG,10,75,",
        "1,SO-1,,,ITM-0001,,NG,10,75,",
        "1,SO-1,,Acme,ITM-0001,,NG,0,75,",
        "1,SO-1,,Acme,ITM-0001,,NG,-1,75,",
        "1,SO-1,,Acme,ITM-0001,,NG,10,75,20261201",
        "1,SO-1,,Acme,ITM-0001,,NG,10,75,next week",
        "1,SO-1,gift,Acme,ITM-0001,,NG,10,75,",
    ],
)
def test_an_open_order_that_cannot_be_is_refused(tmp_path, entity, olga, row: str) -> None:
    make_item("ITM-0001")
    assert statuses(run("open_orders", OPEN + row + "\n", tmp_path)) == ["error"]
    assert not ImportedOrderLine.objects.exists()


def test_nobody_and_no_file_are_wrong_use(tmp_path, entity, olga) -> None:
    with pytest.raises(CommandError, match="nobody") as refused:
        call_command("import_data", "vendors", str(tmp_path / "x.csv"), actor="nobody")
    assert refused.value.returncode == 2
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_data", "vendors", str(tmp_path / "x.csv"), actor="olga")


def test_without_json_a_line_a_row_and_the_sums_are_printed(tmp_path, entity, olga) -> None:
    file, out = tmp_path / "v.csv", io.StringIO()
    file.write_text("name,number\nAcme,VEN-001\n")
    call_command("import_data", "vendors", str(file), actor="olga", stdout=out)
    assert out.getvalue() == "row 2: created VEN-001\n1 created, 0 updated, 0 skipped, 0 error\n"
