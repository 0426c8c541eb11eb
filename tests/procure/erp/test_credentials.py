"""Secrets stay outside the database, and out of every record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.errors import Misconfigured
from procure.erp import credentials
from procure.models import ErpConnection

CONNECTION = ErpConnection(name="main-erp", kind="tryton")


def test_the_environment_comes_first(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.KEYS_DIR = tmp_path
    path = credentials.file_of(CONNECTION)
    path.write_text("from the file\n")
    path.chmod(0o600)
    assert credentials.password(CONNECTION) == "from the file"
    monkeypatch.setenv("PROCURE_ERP_MAIN_ERP_PASSWORD", "from the environment")
    assert credentials.password(CONNECTION) == "from the environment"


def test_a_file_that_others_can_read_is_refused(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path
    path = credentials.file_of(CONNECTION)
    path.write_text("seen by all")
    path.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        credentials.password(CONNECTION)


def test_a_missing_password_names_both_places(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path
    with pytest.raises(Misconfigured) as raised:
        credentials.password(CONNECTION)
    assert "PROCURE_ERP_MAIN_ERP_PASSWORD" in raised.value.message
    assert str(credentials.file_of(CONNECTION)) in raised.value.message


def test_secrets_are_struck_out_by_name_and_by_value() -> None:
    body = {"user": "u", "Password": "x", "nested": [{"session_token": "y"}, "said hunter2 aloud"], "total": "1.00"}
    assert credentials.strike_out(body, "hunter2") == {
        "user": "u",
        "Password": "•••",
        "nested": [{"session_token": "•••"}, "said ••• aloud"],
        "total": "1.00",
    }
