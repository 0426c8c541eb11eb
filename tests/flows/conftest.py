"""The demo tenant, loaded once; each story runs in a transaction of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings

from procure.demo import tenant
from tests import told


@pytest.fixture(scope="module")
def _loaded(django_db_setup, django_db_blocker, own_var: Path) -> Iterator[None]:
    places = override_settings(VAR_DIR=own_var)
    with django_db_blocker.unblock(), places, told.standing("tenant", tenant.load):
        yield


@contextmanager
def one_transaction() -> Iterator[None]:
    """A visitor's request must not close the connection that the story stands on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


@pytest.fixture
def demo(_loaded, db, settings, own_var: Path) -> Iterator[None]:
    """A tenant ready for stories, each told in one transaction."""
    settings.VAR_DIR = own_var
    settings.STATIC_ROOT = own_var / "static"
    with one_transaction():
        yield
