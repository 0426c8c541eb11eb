"""Fixtures shared by all tests."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from ledger import clock
from tests.cast import ada, amir, ben, cost_centre, entity, ivan, olga, rita

__all__ = ["ada", "amir", "ben", "cost_centre", "entity", "ivan", "olga", "rita"]


@pytest.fixture(autouse=True)
def _clock_runs_true() -> Iterator[None]:
    """A shift made by one test never reaches the next."""
    yield
    clock.shift(timedelta(0))
