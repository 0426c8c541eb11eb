"""When the ledger cannot be written the answer is an error, and nothing has changed."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse

from ledger import owner
from ledger.models import CostCentre, Entry, EntryObject, LedgerHead, LegalEntity, Person
from procure.models import Requisition
from tests.agents import market
from tests.console.conftest import SignIn
from tests.two_roles import RUNTIME
from vendors.models import Vendor

LEDGER = (Entry, LedgerHead, EntryObject)


@pytest.fixture
def silent_ledger(company: LegalEntity) -> None:
    """A ledger that takes no entry any more."""
    with owner.acting(connection), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"REVOKE EXECUTE ON FUNCTION ledger_append(text, bytea, bytea) FROM {RUNTIME}")
        else:
            cursor.execute(
                "CREATE TRIGGER silent BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )


def rows() -> tuple:
    return (
        Requisition.objects.count(),
        Vendor.objects.count(),
        sorted(CostCentre.objects.values_list("code", "name")),
        sorted(Person.objects.values_list("username", "password", "job_title")),
        *(list(model.objects.order_by("pk").values_list()) for model in LEDGER),
    )


def test_without_the_ledger_a_page_says_so_and_nothing_changes(silent_ledger, rita, sign_in: SignIn):
    before = rows()
    answer = sign_in(rita).post("/ask/", {"words": market.WORDS})
    assert answer.status_code == 503
    assert "nothing was changed" in answer.text
    assert rows() == before


def test_without_the_ledger_the_api_says_so_and_nothing_changes(silent_ledger, rita, sign_in: SignIn):
    before = rows()
    answer = sign_in(rita).post("/api/v1/requisitions/", {"words": market.WORDS}, content_type="application/json")
    assert answer.status_code == 503
    assert answer.json()["type"].endswith("ledger_unavailable")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert rows() == before


@pytest.mark.parametrize("what", ["cost centre", "password"])
def test_without_the_ledger_the_admin_says_so_and_nothing_changes(silent_ledger, olga, ben, sign_in: SignIn, what):
    before = rows()
    page, form = {
        "cost centre": (
            reverse("admin:ledger_costcentre_add"), {"entity": olga.entity_id, "code": "NEW", "name": "New"}
        ),
        "password": (
            reverse("admin:auth_user_password_change", args=[ben.pk]),
            {"password1": "correct horse battery 2", "password2": "correct horse battery 2", "usable_password": "true"},
        ),
    }[what]  # fmt: skip
    answer = sign_in(olga).post(page, form)
    assert answer.status_code == 503
    assert "nothing was changed" in answer.text
    assert rows() == before


def test_without_the_ledger_a_command_says_so_and_nothing_changes(silent_ledger, olga, tmp_path):
    before = rows()
    table = tmp_path / "vendors.csv"
    table.write_text("name\nAcme\n")
    with pytest.raises(CommandError, match="nothing was changed") as caught:
        call_command("import_data", "vendors", table, actor="olga")
    assert caught.value.returncode == 1
    assert rows() == before
