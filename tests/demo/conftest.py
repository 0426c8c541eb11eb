"""The demo tenant, loaded once for all tests of this folder that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from procure.demo import tenant
from procure.demo.tenant import Loaded
from tests import told


@pytest.fixture(scope="session")
def _another_var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(autouse=True)
def var_dir(request: pytest.FixtureRequest, own_var: Path, _another_var: Path, settings) -> Path:
    """Passwords of these tests stay here: those of the loaded tenant, or others."""
    settings.VAR_DIR = own_var if "loaded" in request.fixturenames else _another_var
    return settings.VAR_DIR


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, own_var: Path) -> Iterator[Loaded]:
    """Tests that use it also use `db`, for a transaction of their own."""
    places = override_settings(VAR_DIR=own_var)
    with django_db_blocker.unblock(), places, told.standing("tenant", tenant.load) as loaded:
        yield loaded
