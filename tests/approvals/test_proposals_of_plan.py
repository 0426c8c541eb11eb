"""What a plan has proposed is found by an index, on either database, however much was proposed meanwhile."""

from __future__ import annotations

import pytest
from django.db import connection

from approvals.models import Proposal
from ledger import clock

pytestmark = pytest.mark.django_db


def make(entity, reference: str, plan: dict[str, str] | None) -> Proposal:
    return Proposal.objects.create(
        reference=reference, entity=entity, status="passed", commands=[], command_kinds="", fingerprint="0" * 64,
        sentence="s", author_kind="agent", author_id="a", author_name="a", plan=plan, verdict="pass",
        made_at=clock.now(),
    )  # fmt: skip


def test_the_plan_stands_beside_as_it_is_written_there(entity):
    made = make(entity, "PRO-1", {"plan": "PLN-1", "step": "a"})
    without = make(entity, "PRO-2", None)
    assert list(Proposal.objects.filter(of_plan="PLN-1")) == [made]
    Proposal.objects.filter(pk=made.pk).update(plan={"plan": "PLN-2"})
    assert [Proposal.objects.get(pk=each.pk).of_plan for each in (made, without)] == ["PLN-2", None]


def test_it_is_looked_for_by_its_index(entity):
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # So few rows are read faster than an index.
            cursor.execute("SET LOCAL enable_seqscan = off")
    assert "proposal_of_plan" in Proposal.objects.filter(of_plan="PLN-1").explain()
