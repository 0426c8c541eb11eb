"""Version 1 of the API, and what monitors ask."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from ledger import clock, heartbeat
from ledger.models import Effect, LedgerHead
from ledger.rights import Role
from procure.models import Requisition
from tests.agents import market
from tests.cast import make_person
from tests.console.conftest import SignIn, Story

PROBLEM = "application/problem+json"


def test_asking_by_api_is_asking_by_page(company, rita, cost_centre, sign_in: SignIn):
    response = sign_in(rita).post(
        "/api/v1/requisitions/", {"words": market.WORDS, "cost_centre": "PROG"}, content_type="application/json"
    )
    made = Requisition.objects.get()
    assert response.status_code == 201
    assert response.headers["Location"] == f"/api/v1/requisitions/{made.reference}/"
    assert (made.channel, made.requested_by, made.cost_centre) == ("api", rita, cost_centre)


@pytest.mark.parametrize(("words", "status"), [("", 400), ("?!", 422), ("x " * 150_000, 400)])
def test_a_refusal_is_a_problem_with_details(words, status, company, rita, sign_in: SignIn):
    response = sign_in(rita).post("/api/v1/requisitions/", {"words": words}, content_type="application/json")
    body = json.loads(response.content)
    assert response.status_code == status
    assert response.headers["Content-Type"] == PROBLEM
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert not Requisition.objects.exists()


def test_strangers_get_a_problem_not_a_page(client, db):
    response = client.get("/api/v1/orders/")
    assert response.status_code in (401, 403)
    assert response.headers["Content-Type"] == PROBLEM


def test_an_auditor_reads_and_asks_for_nothing(story: Story, sign_in: SignIn):
    ivan = sign_in(story.cast["ivan"])
    assert ivan.get("/api/v1/orders/").json()["count"] == 1
    response = ivan.post("/api/v1/requisitions/", {"words": market.WORDS}, content_type="application/json")
    assert response.status_code == 403
    assert response.headers["Content-Type"] == PROBLEM


def test_one_of_each_can_be_read(story: Story, sign_in: SignIn):
    ben = sign_in(story.cast["ben"])
    order = ben.get(f"/api/v1/orders/{story.order.reference}/").json()
    assert order["erp_number"] == story.order.tracking.erp_number
    assert order["versions"][0]["lines"][0]["unit_price"] == "7.1000"
    proposal = ben.get(f"/api/v1/proposals/{story.award.reference}/").json()
    assert proposal["verdict"] == "ask"
    assert all(each["verified"] for each in proposal["evidence"])
    event = ben.get(f"/api/v1/events/{story.event.reference}/").json()
    assert {each["status"] for each in event["invitations"]} == {"submitted"}
    assert ben.get(f"/api/v1/requisitions/{story.requisition.reference}/").json()["deliver_to"] == "NG"


def test_a_foreign_object_looks_absent(story: Story, sign_in: SignIn):
    other = sign_in(make_person("otto", Role.REQUESTER, entity=story.entity))
    for kind, reference in (
        ("requisitions", story.requisition.reference),
        ("orders", story.order.reference),
        ("events", story.event.reference),
        ("proposals", story.award.reference),
    ):
        foreign = other.get(f"/api/v1/{kind}/{reference}/")
        absent = other.get(f"/api/v1/{kind}/XX-99999/")
        assert foreign.status_code == absent.status_code == 404
        assert foreign.json() == absent.json()
        assert other.get(f"/api/v1/{kind}/").json()["count"] == 0


def test_no_statement_per_row(story: Story, sign_in: SignIn, django_assert_max_num_queries):
    ben = sign_in(story.cast["ben"])
    for kind, most in (("requisitions", 12), ("orders", 12), ("events", 12), ("proposals", 9)):
        with django_assert_max_num_queries(most):
            assert ben.get(f"/api/v1/{kind}/").status_code == 200


def test_decisions_cannot_be_made_over_the_api(story: Story, sign_in: SignIn):
    ada = sign_in(story.cast["ada"])
    for method in (ada.post, ada.put, ada.patch, ada.delete):
        assert method(f"/api/v1/proposals/{story.award.reference}/").status_code == 405
    story.award.refresh_from_db()
    assert story.award.status == "waiting"


def test_the_schema_is_valid_and_the_documentation_needs_a_sign_in(story: Story, client, sign_in: SignIn):
    validate_schema(SchemaGenerator().get_schema(request=None, public=True))
    assert client.get(reverse("api:docs")).status_code == 302
    page = sign_in(story.cast["ben"]).get(reverse("api:docs")).content.decode()
    assert "https://" not in page.replace("https://github.com", "")


def test_alive_says_nothing_but_that(client, db):
    assert client.get("/health/live").content == b"live\n"


def test_ready_when_database_ledger_and_work_are_in_order(client, story: Story):
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert {"database", "ledger", "work", "heartbeats"} <= set(response.json()["checks"])


def test_not_ready_while_work_is_left_undone(client, story: Story):
    Effect.objects.update(status="waiting", not_before="2020-01-01T00:00:00Z")
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["work"]["ok"] is False


@pytest.mark.parametrize(("silent", "living"), [("worker", "sweeper"), ("sweeper", "worker")])
def test_not_ready_when_a_process_has_gone_silent_and_it_says_which_and_for_how_long(silent, living, client, db):
    heartbeat.beat(silent)
    clock.shift(timedelta(hours=1))
    heartbeat.beat(living)
    response = client.get("/health/ready")
    told = response.json()["checks"]["heartbeats"]
    assert (response.status_code, told["ok"]) == (503, False)
    assert f"the {silent} has been silent for 3600 s" in told["detail"]
    assert f"the {living} went round" in told["detail"]
    heartbeat.beat(silent)
    assert client.get("/health/ready").status_code == 200


def test_a_process_that_has_not_gone_round_yet_is_named_and_still_starting(client, db):
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert "the worker has not gone round yet" in response.json()["checks"]["heartbeats"]["detail"]


def test_not_ready_when_the_ledgers_head_is_not_its_newest_entry(client, story: Story, monkeypatch):
    head = LedgerHead(log="main", origin="x", seq=99, hash="f" * 64)
    monkeypatch.setattr(LedgerHead.objects, "all", lambda: [head])
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["ledger"]["ok"] is False


def test_metrics_are_plain_gauges_without_names(client, story: Story):
    text = client.get("/metrics").content.decode()
    assert "procure_ledger_entries " in text
    assert "procure_outbox_unknown 0" in text
    assert "Rita" not in text
