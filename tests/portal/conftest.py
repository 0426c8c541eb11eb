from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.core.cache import cache

from ledger.models import LegalEntity, Person
from procure.models import Invitation, SourcingEvent
from tests.portal import market


@dataclass(frozen=True)
class Invited:
    event: SourcingEvent
    invitation: Invitation
    page: str


@pytest.fixture(autouse=True)
def _nobody_has_knocked() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def invited(entity: LegalEntity, ben: Person) -> Invited:
    """A supplier with a link to an open event of two lines."""
    event = market.publish(entity, ben)
    return Invited(event, *market.invite(event, "VEN-A", name="Maker A"))
