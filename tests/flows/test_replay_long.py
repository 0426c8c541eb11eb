"""A company with a long past, rebuilt from its journal."""

import pytest

from ledger import replay, verification
from ledger.models import LedgerHead
from tests.bench import busy_company


@pytest.mark.long
@pytest.mark.django_db
def test_thousands_of_entries_give_no_difference():
    busy_company.live_through(500)
    assert LedgerHead.objects.get(pk=busy_company.LOG).seq > 8_000
    assert list(replay.differences(busy_company.LOG)) == []


@pytest.mark.django_db
def test_a_short_past_gives_none_either():
    busy_company.live_through(5)
    assert verification.verify(busy_company.LOG).entries == 3 + 3 * 15 + 2 * 17
    assert verification.verify(busy_company.LOG).valid
    assert list(replay.differences(busy_company.LOG)) == []
    assert len(replay.states(busy_company.LOG)) == 5 * 6 + 4
