"""Rival decisions from several processes, on a real file or server: one stands, nothing is used twice."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

from tests.approvals.stage import approve, block, order, propose, propose_order
from tests.vendors.rows import make_vendor

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("policy", "item", "contract", "budget"),
]
MANY = 12


@pytest.fixture
def rivals(tmp_path):
    """Starts a process for each “verb:user”, lets them go together, and returns what each carried through."""
    at = connection.settings_dict

    def url() -> str:
        if connection.vendor == "postgresql":
            return f"postgres://{at['USER']}:{at['PASSWORD']}@{at['HOST']}:{at['PORT']}/{at['NAME']}"
        path = tmp_path / "shared.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(path)])
        # Here, once: rivals that each change the mode of a new file as they connect find it locked, without waiting.
        with contextlib.closing(sqlite3.connect(path)) as shared:
            shared.execute("PRAGMA journal_mode = WAL")
        return f"sqlite:///{path}"

    def run(*wanted: str) -> tuple[list[list[str]], dict]:
        environment = os.environ | {"DATABASE_URL": url(), "PROCURE_VAR": str(tmp_path)}
        environment["PROCURE_KEYS"] = str(settings.KEYS_DIR)
        environment["DJANGO_SETTINGS_MODULE"] = "procure.settings"
        command = [sys.executable, "-m", "tests.approvals.rival", *wanted]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        return said["through"], said["after"]

    return run


@pytest.fixture
def blocks(entity, ben):
    """Ben proposes to block a dozen vendors."""
    for number in range(MANY):
        make_vendor(f"VEN-1{number:02}", entity=entity)
    return [propose(block(f"VEN-1{number:02}"), by=ben, entity=entity) for number in range(MANY)]


def test_of_rival_decisions_one_stands(blocks, ada, amir, olga, rivals):
    through, after = rivals("approve:ada", "approve:amir", "reject:amir")
    approved_by_ada, approved_by_amir, rejected = map(set, through)
    assert not approved_by_ada & approved_by_amir
    assert not (approved_by_ada | approved_by_amir) & rejected
    assert len(approved_by_ada | approved_by_amir | rejected) == MANY
    for reference, row in after["proposals"].items():
        assert len(row["final"]) == 1
        assert row["status"] == ("rejected" if reference in rejected else "approved")
        assert row["authorities"] == (0 if reference in rejected else 1)


def test_a_decision_and_an_edit_never_both_hold(blocks, ada, ben, rivals):
    through, after = rivals("approve:ada", "revise:ben")
    approved, revised = map(set, through)
    assert len(revised) == MANY
    for reference, row in after["proposals"].items():
        assert (row["status"], row["revision"]) == ("waiting", 2), reference
        assert row["spent"] == 0
    assert approved <= revised


def test_rival_clerks_carry_out_once(entity, rita, ben, ada, rivals):
    for number in range(4):
        make_vendor(f"VEN-1{number:02}", entity=entity)
        approve(propose(block(f"VEN-1{number:02}"), by=ben, entity=entity), ada)
    propose_order(order(500), entity=entity, requested_by=rita)
    _, after = rivals(*["work:ada"] * 3)
    assert after["carried_out"] == 5
    assert {row["status"] for row in after["proposals"].values()} == {"carried_out"}
    assert {(row["authorities"], row["spent"]) for row in after["proposals"].values()} == {(1, 1)}


def test_two_orders_that_fit_alone_but_not_together_do_not_slip_through(entity, rita, rivals):
    """Each is below the threshold; rival clerks must not let both pass."""
    first = propose_order(order(600), entity=entity, requested_by=rita)
    type(first).objects.filter(pk=first.pk).update(status="waiting")
    second = propose_order(order(600), entity=entity, requested_by=rita, rationale="again")
    type(first).objects.filter(pk=first.pk).update(status="passed")
    assert second.status == "passed"
    _, after = rivals("work:ada", "work:ada")
    statuses = sorted(row["status"] for row in after["proposals"].values())
    assert statuses in (["carried_out", "waiting"], ["waiting", "waiting"])
