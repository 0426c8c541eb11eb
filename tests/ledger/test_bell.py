"""A bell is heard by every listener once what it stands for is committed, and never before."""

import psycopg
import pytest
from django.db import connection, transaction

from ledger import bell

pytestmark = pytest.mark.django_db(transaction=True)
SOON, AT_ONCE = 5.0, 0.0


@pytest.fixture
def listener():
    """One that has begun to listen: its first wait ends at once, since it cannot know what was before."""
    found = bell.listen(bell.VISIT)
    assert found.wait(SOON)
    yield found
    if connection.vendor == "postgresql":
        found.close()


def test_a_stroke_is_heard_by_all_who_listen(listener):
    other = bell.listen(bell.VISIT)
    other.wait(SOON)
    bell.strike(bell.VISIT)
    assert listener.wait(SOON)
    assert other.wait(SOON)
    assert not listener.wait(AT_ONCE)
    if connection.vendor == "postgresql":
        other.close()


def test_it_is_heard_at_the_commit(listener):
    with transaction.atomic():
        bell.strike(bell.VISIT)
        assert not listener.wait(AT_ONCE)
    assert listener.wait(SOON)


def test_what_was_rolled_back_rings_nobody(listener):
    with transaction.atomic():
        bell.strike(bell.VISIT)
        transaction.set_rollback(True)
    assert not listener.wait(AT_ONCE)


def test_each_bell_has_listeners_of_its_own(listener):
    bell.strike(bell.QUEUE)
    assert not listener.wait(AT_ONCE)


def test_a_stroke_between_two_waits_is_not_lost(listener):
    bell.strike(bell.VISIT)
    bell.strike(bell.VISIT)
    assert listener.wait(SOON)


def test_the_file_beside_the_database_does_not_grow_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(bell, "LONGEST_FILE", 3)
    listener = bell._GrowingFile(tmp_path / "bell")
    listener.wait(SOON)
    for _ in range(8):
        bell._grow(tmp_path / "bell")
        assert listener.wait(SOON)
    assert (tmp_path / "bell").stat().st_size <= 3


def test_a_database_in_memory_is_polled(monkeypatch):
    slept = []
    monkeypatch.setattr(bell.time, "sleep", slept.append)
    assert bell._Poll().wait(10)
    assert slept == [bell.POLL]


@pytest.mark.postgres
def test_a_broken_connection_is_made_again_and_what_rang_meanwhile_is_looked_for(listener, monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has a connection that can break")
    slept = []
    monkeypatch.setattr(bell.time, "sleep", slept.append)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [listener._session.info.backend_pid])
    assert listener.wait(SOON), "it may have missed a stroke"
    assert slept == [bell.POLL]
    assert listener.wait(SOON), "so may the wait that connects"
    bell.strike(bell.VISIT)
    assert listener.wait(SOON)
    assert not listener.wait(AT_ONCE)


@pytest.mark.postgres
def test_a_server_that_is_away_is_asked_at_most_so_often(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL can be away")

    def away(self):
        raise psycopg.OperationalError("gone")

    slept = []
    monkeypatch.setattr(bell._Notifications, "_connected", away)
    monkeypatch.setattr(bell.time, "sleep", slept.append)
    listener = bell.listen(bell.VISIT)
    assert [listener.wait(SOON) for _ in range(3)] == [True] * 3
    assert slept == [bell.POLL] * 3
