"""`manage.py erp`: one JSON document on stdout, and a failure that says what to do."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledger.models import LegalEntity, Person
from procure.erp.connectors.sandbox import dials
from procure.models import ErpConnection, SandboxDial, SandboxOrder
from tests.procure.erp.orders import issue, work

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Any:
    out = io.StringIO()
    call_command("erp", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_check_says_who_answers(sandbox: ErpConnection) -> None:
    assert run("check") == [{"connection": "sandbox-hq", "answered": "Sandbox ERP"}]


def test_check_fails_when_an_erp_is_down(sandbox: ErpConnection) -> None:
    dials.turn(sandbox, "down")
    with pytest.raises(CommandError, match="down"):
        run("check")


def test_dials_are_turned_and_turned_back(sandbox: ErpConnection) -> None:
    assert run("dials", "sandbox-hq", "--set", "down", "--calls", "2") == [
        {"fault": "down", "remaining": 2, "seconds": 0.0}
    ]
    assert run("dials", "sandbox-hq", "--reset") == []
    assert not SandboxDial.objects.exists()


def test_a_real_erp_has_no_dials(entity: LegalEntity) -> None:
    ErpConnection.objects.create(entity=entity, name="real", kind="tryton", base_url="https://erp.example")
    with pytest.raises(CommandError, match="only a sandbox"):
        run("dials", "real", "--set", "down")
    assert not SandboxDial.objects.exists()


def test_an_unknown_name_is_said(sandbox: ErpConnection) -> None:
    with pytest.raises(CommandError, match="Unknown: nowhere"):
        run("check", "nowhere")


def test_reconcile_shows_an_edit_made_in_the_erp(entity: LegalEntity, sandbox: ErpConnection) -> None:
    issue(entity, "PO-00070")
    work()
    assert run("reconcile", "PO-00070")[0]["discrepancies"] == []
    SandboxOrder.objects.update(total="18426.79")
    with pytest.raises(CommandError, match="PO-00070"):
        run("reconcile", "PO-00070")


def test_an_erp_that_keeps_its_own_masters_says_so(sandbox: ErpConnection, olga: Person) -> None:
    with pytest.raises(CommandError, match="keep it there"):
        run("seed", "sandbox-hq", "--actor", olga.username)
    with pytest.raises(CommandError, match="nobody called"):
        run("seed", "sandbox-hq", "--actor", "nobody")
