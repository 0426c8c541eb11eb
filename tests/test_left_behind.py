"""The tests' own housekeeping: what one test leaves is named, and taken away with everything else put as it was."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from ledger import owner, triggers
from ledger.models import LedgerHead, LegalEntity, Person
from tests import left_behind, told
from tests.cast import headquarters, make_person


@pytest.mark.django_db(transaction=True)
def test_rows_that_were_committed_are_named_and_taken_away_past_every_trigger():
    assert left_behind.now() == []
    make_person("zoe", entity=headquarters())
    assert {LegalEntity._meta.db_table, LedgerHead._meta.db_table, Person._meta.db_table} <= set(left_behind.now())
    left_behind.take_away()
    assert left_behind.now() == []
    assert triggers.wanting(connection) == []
    assert not LedgerHead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_what_migrating_made_is_put_back():
    known = Permission.objects.count()
    Permission.objects.order_by("pk")[0].delete()
    assert set(left_behind.FURNITURE) <= set(left_behind.now())
    left_behind.take_away()
    assert left_behind.now() == []
    assert Permission.objects.count() == known


@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_a_test_took_away_is_put_back():
    (first, *_others) = triggers.declared(connection)
    on = f" ON {first.table}" if connection.vendor == "postgresql" else ""
    with owner.acting(connection), connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {first.name}{on}")
    assert first.name in triggers.wanting(connection)
    left_behind.take_away()
    assert triggers.wanting(connection) == []


@pytest.mark.django_db(transaction=True)
def test_a_story_is_told_once_and_whoever_adds_to_it_is_found_out(monkeypatch):
    monkeypatch.setattr(told, "_told", {})
    tellings = []

    def tell() -> int:
        tellings.append(headquarters())
        return len(tellings)

    for _ in range(2):
        with told.standing("housekeeping", tell) as account:
            assert account == 1
            assert LegalEntity.objects.count() == 1
        assert LegalEntity.objects.count() == 0
    with told.copied("housekeeping", tell):
        LegalEntity.objects.update(name="Elsewhere")
    assert len(tellings) == 1
    with pytest.raises(AssertionError, match="housekeeping"), told.standing("housekeeping", tell):
        LegalEntity.objects.update(name="Elsewhere")
