"""What a plan proposed is found by its number, by an index on both databases."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.db import connection

from agents import looking
from approvals.models import Proposal
from procure.console import plan_page
from tests.approvals.stage import block, propose

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("plan", "number"), [({"plan": "PLN-00007", "step": "award", "attempt": 1}, "PLN-00007"), (None, None), ({}, None)]
)
def test_the_database_keeps_the_number_beside_the_proposal(plan, number, entity, ben, vendor, policy):
    made = propose(block(), by=ben, entity=entity, plan=plan)
    made.refresh_from_db()
    assert made.plan_reference == number
    assert list(Proposal.objects.filter(plan_reference="PLN-00007")) == ([made] if number else [])


def test_however_many_there_are_those_of_a_plan_are_found_by_the_index(entity):
    plan = SimpleNamespace(reference="PLN-00007")
    step = SimpleNamespace(key="award")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # of an empty table nothing else would be worth it
    name = next(each.name for each in Proposal._meta.indexes if each.fields == ["plan_reference"])
    assert name in plan_page.proposals(plan).explain()
    with connection.execute_wrapper(lambda execute, sql, *rest: sent.append((sql, rest[0])) or execute(sql, *rest)):
        sent: list[tuple[str, object]] = []
        assert looking.carried_out(plan, [step]) == []
    how = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{how} {sent[0][0]}", sent[0][1])
        assert name in str(cursor.fetchall())
