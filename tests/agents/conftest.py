from collections.abc import Iterator
from datetime import timedelta

import pytest

from agents import roles
from ledger import clock, crashpoints
from tests.agents import acting


@pytest.fixture(autouse=True)
def _fresh_fake_role() -> Iterator[None]:
    roles.register("fake", module="tests.agents.acting")
    # Tests of other rooms act too.
    acting.ACTS.clear()
    acting.ACTED.clear()
    yield
    acting.ACTS.clear()
    acting.ACTED.clear()
    crashpoints.hook = None


@pytest.fixture
def later():
    """Moves the database clock as this process sees it, by so many seconds from the true time."""
    return lambda seconds: clock.shift(timedelta(seconds=seconds))
