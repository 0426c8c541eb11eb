"""Several workers at once, on real connections of their own."""

import threading
from collections import Counter

import pytest
from django.db import connection

from agents import engine
from agents.models import Plan, StepAttempt
from tests.agents.acting import ACTED, start

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
STORY = (
    {"key": "a"},
    {"key": "b", "after": ["a"]},
    {"key": "c", "after": ["a"]},
    {"key": "d", "after": ["b", "c"]},
)


@pytest.fixture(autouse=True)
def _on_a_server(db):
    if connection.vendor != "postgresql":
        pytest.skip("rival connections need PostgreSQL (set TEST_DATABASE_URL); SQLite lets in one writer at a time")


def work_together(count):
    barrier = threading.Barrier(count)

    def work():
        barrier.wait()
        try:
            while engine.answer():
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(count)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)


def test_rival_workers_act_each_step_once_and_join_the_branches(entity):
    plans = [start(entity, *STORY, name="story") for _ in range(8)]
    work_together(4)
    assert set(Plan.objects.values_list("status", flat=True)) == {"done"}
    assert Counter(ACTED) == dict.fromkeys("abcd", len(plans))
    assert StepAttempt.objects.count() == 4 * len(plans)
