"""The demo tenant, loaded once for all tests of this folder that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import transaction

from procure.demo import tenant
from procure.demo.tenant import Loaded


@pytest.fixture(scope="session")
def _own_var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(autouse=True)
def var_dir(_own_var_dir: Path, settings) -> Path:
    """Passwords of these tests stay here."""
    settings.VAR_DIR = _own_var_dir
    return _own_var_dir


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, _own_var_dir: Path) -> Iterator[Loaded]:
    """One load for a module; rolled back after it. Tests that use it also use `db`, for a savepoint of their own."""
    from django.test import override_settings

    with django_db_blocker.unblock(), transaction.atomic(), override_settings(VAR_DIR=_own_var_dir):
        yield tenant.load()
        transaction.set_rollback(True)
