"""The demo tenant, loaded once for all tests of this folder that only look at it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import override_settings

from procure.demo import tenant
from procure.demo.tenant import Loaded
from tests import told


@pytest.fixture(autouse=True)
def var_dir(request: pytest.FixtureRequest, own_var: Path, tmp_path: Path, settings) -> Path:
    """Passwords of a test stay here; beside the loaded tenant they begin as a copy of its own."""
    settings.VAR_DIR = tmp_path / "var"
    if "loaded" in request.fixturenames:
        shutil.copytree(own_var, settings.VAR_DIR)
    else:
        settings.VAR_DIR.mkdir()
    return settings.VAR_DIR


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker, own_var: Path) -> Iterator[Loaded]:
    """Tests that use it also use `db`, for a transaction of their own."""
    places = override_settings(VAR_DIR=own_var)
    with django_db_blocker.unblock(), places, told.standing("tenant", tenant.load) as loaded:
        yield loaded
