"""Fixtures shared by all tests."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ledger import clock
from tests import ready_made
from tests.cast import ada, amir, ben, cost_centre, entity, ivan, olga, rita

__all__ = ["ada", "amir", "ben", "cost_centre", "entity", "ivan", "olga", "rita"]


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    return ready_made.is_wanted() or django_db_keepdb


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    if ready_made.is_wanted():
        ready_made.lay_out()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker) -> Iterator[None]:
    """Migrations run once for a set of them; later runs start from a copy (SQLite)."""
    if ready_made.is_wanted():
        with django_db_blocker.unblock():
            ready_made.keep()
    yield
    if ready_made.is_wanted():
        ready_made.clear_away()


@pytest.fixture(autouse=True)
def _clock_runs_true() -> Iterator[None]:
    """A shift made by one test never reaches the next."""
    yield
    clock.shift(timedelta(0))
