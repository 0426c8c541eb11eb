"""Several workers at once, on real connections of their own."""

import threading
from collections import Counter

import pytest
from django.db import connection, transaction

from agents import engine, plans
from agents.models import Plan, StepAttempt
from agents.outcomes import Await, Finish
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of, record
from tests.agents.acting import ACTED, ACTS, make_template, start

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


def together(*works):
    """Each on a connection of its own, all from the same moment; what one of them raises is raised here."""
    barrier, raised = threading.Barrier(len(works)), []

    def run(work):
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert raised == []


def visit():
    while engine.answer():
        pass


def test_rival_workers_act_each_step_once_and_join_the_branches(entity):
    started = [start(entity, *STORY, name="story") for _ in range(8)]
    together(visit, visit, visit, visit)
    assert set(Plan.objects.values_list("status", flat=True)) == {"done"}
    assert set(StepAttempt.objects.values_list("number", "outcome", "detail")) == {(1, "finished", "")}
    assert Counter(ACTED) == dict.fromkeys("abcd", len(started))
    assert StepAttempt.objects.count() == 4 * len(started)


def test_facts_told_while_steps_begin_to_wait_for_them_are_never_lost(entity):
    started = [start(entity, {"key": "a"}, name="story") for _ in range(12)]
    told = [ObjectRef("order", f"PO-{each.pk:05d}") for each in started]

    def wait_for_own(context):
        order = ObjectRef("order", f"PO-{context.plan.pk:05d}")
        happened = history_of(order).exists()
        return Finish({"told": True}) if happened else Await([order], "its order")

    def tell():
        for each in told:
            with transaction.atomic():
                record("order.issued", actor=Actor.system("tests"), entity=entity, objects=[each])

    ACTS["a"] = wait_for_own
    together(visit, tell, visit)
    visit()
    assert set(Plan.objects.values_list("status", flat=True)) == {"done"}


def test_the_same_cause_read_by_rivals_starts_one_plan(entity):
    template = make_template(entity, {"key": "a"})

    def begin():
        plans.start(
            template=template,
            subject=ObjectRef("requisition", "PR-00001"),
            entity=entity,
            actor=Actor.system("tests"),
            start_key="f" * 64,
        )

    together(*[begin] * 4)
    assert Plan.objects.count() == 1
