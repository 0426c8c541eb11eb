"""The queue and the proposal page's answers, in few queries."""

from __future__ import annotations

import pytest
from django.test.utils import CaptureQueriesContext

from approvals import queries
from approvals.vocabulary import VOCABULARY
from ledger.errors import NotFound
from tests.approvals.stage import BAD_CLAIM, GOOD_CLAIM, approve, block, order, propose, propose_order, work
from tests.vendors.rows import make_vendor

pytestmark = pytest.mark.usefixtures("policy", "item", "contract", "budget")


@pytest.fixture
def waiting(entity, rita, ada, amir, ben):
    return propose_order(order(2000), entity=entity, requested_by=rita, claims=[GOOD_CLAIM, BAD_CLAIM])


def references(person, tab="mine") -> list[str]:
    return [each.reference for each in queries.queue(person, tab)]


def test_each_finds_what_waits_for_them_and_what_they_asked_for(waiting, entity, rita, ada, amir, ben):
    mine = waiting.reference
    assert (references(ada), references(amir), references(ben)) == ([], [], [mine])
    assert references(rita, "requests") == [mine]
    assert references(rita) == []
    assert references(amir, "all") == [mine]
    assert queries.count(ben) == 1
    assert queries.count(rita, "requests") == 1


def test_the_queue_forgets_what_ended(entity, ben, ada, vendor):
    made = propose(block(), by=ben, entity=entity)
    assert references(ada) == [made.reference]
    approve(made, ada)
    assert (references(ada), references(ada, "all")) == ([], [made.reference])
    work()
    assert references(ada, "all") == []


def test_the_gist_says_what_nine_of_ten_decisions_need(waiting):
    gist = queries.gist(queries.find(waiting.reference))
    assert str(gist.amount) == "20,000.00 USD"
    assert gist.checkpoint == "Value threshold; Thin evidence"
    assert gist.level == "Procurement"
    assert (gist.evidence_total, gist.evidence_verified) == (2, 1)
    assert gist.waits_for == ("Ben",)
    assert (gist.risk.level, gist.risk.reason) == ("medium", "Thin evidence")
    assert [each.name for each in gist.facts] == ["amount", "evidence_coverage", "budget_remaining_after"]
    assert gist.author.mark == "agent"
    assert "cancelled" in gist.undo_line


def test_the_detail_holds_all_that_the_page_shows(waiting, ada, ben):
    detail = queries.detail(waiting, ben)
    assert (detail.may_decide, detail.why_not) == (True, "")
    assert [fact.name for fact in detail.facts] == list(VOCABULARY)
    assert next(fact for fact in detail.facts if fact.name == "amount").fired
    assert detail.commands[0].preview[0].field == "vendor"
    assert [step.label for step in detail.steps] == ["Procurement", "Owner of the cost centre"]
    assert [entry.kind for entry in detail.history] == ["proposal.made", "proposal.judged"]
    assert detail.policy_version == 1
    refused = queries.detail(waiting, ada)
    assert refused.may_decide is False
    assert "Procurement" in refused.why_not


def test_a_proposal_whose_supplier_cannot_be_shown_any_more_is_still_shown(waiting, ada, monkeypatch):
    from ledger.errors import NotFound as Gone

    def gone(*args: object) -> None:
        raise Gone("There is no vendor.")

    monkeypatch.setattr("vendors.queries.vendor", gone)
    detail = queries.detail(waiting, ada)
    assert detail.commands[0].preview_problem == "There is no vendor."
    assert detail.commands[0].sentence == "Issue order"


def test_the_number_of_queries_does_not_grow_with_the_queue(entity, ben, ada, django_assert_max_num_queries):
    from django.db import connection

    def cost() -> int:
        with CaptureQueriesContext(connection) as caught:
            queries.queue(ada, "all")
        return len(caught)

    for number in range(2):
        make_vendor(f"VEN-1{number:02}", entity=entity)
        propose(block(f"VEN-1{number:02}"), by=ben, entity=entity)
    few = cost()
    for number in range(2, 8):
        make_vendor(f"VEN-1{number:02}", entity=entity)
        propose(block(f"VEN-1{number:02}"), by=ben, entity=entity)
    assert (cost(), len(queries.queue(ada, "all"))) == (few, 8)
    assert few <= 6


def test_an_unknown_number_is_not_found(db):
    with pytest.raises(NotFound):
        queries.find("PP-99999")


def test_records_are_shown_in_the_admin_and_changed_nowhere(client, waiting, policy, olga):
    from django.contrib import admin
    from django.urls import reverse

    client.force_login(olga)
    for model in (each for each in admin.site._registry if each._meta.app_label == "approvals"):
        base = f"admin:approvals_{model._meta.model_name}"
        assert client.get(reverse(f"{base}_changelist")).status_code == 200, model
        row = model.objects.first()
        if row is None:
            continue
        page = client.get(reverse(f"{base}_change", args=[row.pk]))
        assert page.status_code == 200, model
        assert client.post(reverse(f"{base}_change", args=[row.pk]), {"status": "x"}).status_code == 403, model
        assert client.post(reverse(f"{base}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403, model
        assert client.get(reverse(f"{base}_add")).status_code == 403, model
