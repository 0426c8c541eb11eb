"""Workers elsewhere: what they are given, what they may hand back, and that nothing else changes anything."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from agents import engine, plans, templates
from agents.edge import client as edge_client
from agents.edge import tokens
from agents.models import EdgeWorker, Plan, Step, StepAttempt
from ledger import chain, clock, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError, NotAllowed
from ledger.models import Entry, LegalEntity
from ledger.rights import Role
from tests.cast import make_person

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
GOOD = {"quantity": "12.5", "unit": "box", "counted_on": "2026-11-25"}
COUNT = {
    "key": "count",
    "role": "site",
    "task": "count_stock",
    "pool": "harare",
    "given": {"item": "plan.item", "location": "plan.where"},
    "attempts": 3,
}


@pytest.fixture
def plan(entity) -> Plan:
    template = templates.publish(
        name="count",
        definition={
            "title": "Count stock",
            "subject": "requisition",
            "inputs": {"item": "item", "where": "text"},
            "steps": [COUNT],
        },
        actor=Actor.system("set-up"),
        entity=entity,
    )
    return plans.start(
        template=template,
        subject=ObjectRef("requisition", "PR-00001"),
        entity=entity,
        actor=Actor.system("tests"),
        inputs={"item": "ITM-0118", "where": "Harare"},
    )


def issue(entity, olga, **options) -> tuple[EdgeWorker, str]:
    told = {"name": "Harare", "pool": "harare", "tasks": ["site.count_stock"], "valid_for": DAY} | options
    return tokens.issue(actor=Actor.human(olga), entity=entity, **told)


@pytest.fixture
def worker(entity, olga) -> tuple[EdgeWorker, str]:
    return issue(entity, olga)


def post(verb: str, token: str, **body):
    return Client().post(
        reverse(f"api:edge-{verb}"), json.dumps(body), "application/json", headers={"authorization": f"Bearer {token}"}
    )


def lease(token: str) -> dict:
    answer = post("lease", token)
    assert answer.status_code == 200, answer.content
    return answer.json()


def state() -> tuple:
    """All that a refused call must leave as it was."""
    steps = list(Step.objects.order_by("pk").values_list("status", "fence", "attempts", "result", "lease_until"))
    return steps, StepAttempt.objects.count(), Entry.objects.count()


def test_it_is_given_what_its_task_takes_and_the_step_is_done_with_what_it_brings(plan, worker):
    given = lease(worker[1])
    assert (given["task"], given["given"]) == ("count_stock", {"item": "ITM-0118", "location": "Harare"})
    assert given["gives"] == {"quantity": "decimal", "unit": "text", "counted_on": "date"}
    assert post("finish", worker[1], lease=given["lease"], result=GOOD | {"more": "is dropped"}).status_code == 204
    plan.refresh_from_db()
    assert plan.status == Plan.Status.DONE
    assert plan.steps.get().result == GOOD


def test_our_own_workers_leave_it_alone(plan, worker):
    engine.answer()
    assert plan.steps.get().attempts == 0
    lease(worker[1])


def test_nothing_to_do_is_no_content(worker):
    assert post("lease", worker[1]).status_code == 204


@pytest.mark.parametrize("token", ["", "edge_unknown", "nonsense", "edge_" + "é" * 9, "edge_" + "a" * 5000])
def test_an_unknown_token_opens_nothing(plan, token):
    before = state()
    for verb in ("lease", "beat", "finish", "fail"):
        answer = post(verb, token, lease="1.1", result=GOOD, reason="x")
        assert answer.status_code in (401, 403)
        assert answer["Content-Type"] == "application/problem+json"
    assert state() == before


@pytest.mark.parametrize("verb", ["beat", "finish", "fail"])
def test_an_expired_and_a_revoked_token_change_nothing(plan, worker, olga, verb, later):
    held = lease(worker[1])["lease"]
    EdgeWorker.objects.update(expires_at=clock.now())
    before = state()
    assert post(verb, worker[1], lease=held, result=GOOD, reason="x").status_code == 401
    EdgeWorker.objects.update(expires_at=clock.now() + DAY)
    tokens.revoke(worker[0], actor=Actor.human(olga))
    after = state()
    assert post(verb, worker[1], lease=held, result=GOOD, reason="x").status_code == 401
    assert state() == after
    assert after[0] == before[0]


@pytest.mark.parametrize("verb", ["beat", "finish", "fail"])
def test_a_foreign_and_a_made_up_lease_change_nothing(plan, worker, entity, olga, verb):
    held = lease(worker[1])["lease"]
    _, other = issue(entity, olga, name="Another")
    before = state()
    for token, name in (
        (other, held),
        (worker[1], held + "9"),
        (worker[1], "0.0"),
        (worker[1], "x"),
        (worker[1], "1.-1"),
        (worker[1], "9" * 30 + ".1"),
    ):
        assert post(verb, token, lease=name, result=GOOD, reason="x").status_code == 409
    assert state() == before


def test_a_lease_that_has_run_out_is_another_workers(plan, worker, entity, olga, later):
    held = lease(worker[1])["lease"]
    later(120)
    _, other = issue(entity, olga, name="Another")
    taken = lease(other)
    assert taken["attempt"] == 2
    before = state()
    assert post("finish", worker[1], lease=held, result=GOOD).status_code == 409
    assert state() == before
    assert post("finish", other, lease=taken["lease"], result=GOOD).status_code == 204


def test_a_sign_of_life_makes_the_lease_last(plan, worker, later):
    held = lease(worker[1])["lease"]
    later(50)
    assert post("beat", worker[1], lease=held).status_code == 200
    later(100)
    assert post("finish", worker[1], lease=held, result=GOOD).status_code == 204


@pytest.mark.parametrize(
    "result",
    [
        {},
        None,
        [],
        "12",
        {**GOOD, "quantity": 12},
        {**GOOD, "quantity": "many"},
        {**GOOD, "counted_on": "yesterday"},
        {**GOOD, "unit": None},
        {**GOOD, "unit": ["box"]},
    ],
)
def test_a_result_of_the_wrong_type_changes_nothing_and_the_right_one_still_counts(plan, worker, result):
    held = lease(worker[1])["lease"]
    before = state()
    assert post("finish", worker[1], lease=held, result=result).status_code in (400, 422)
    assert state() == before
    assert post("finish", worker[1], lease=held, result=GOOD).status_code == 204


def test_a_result_too_large_is_refused(plan, worker):
    held = lease(worker[1])["lease"]
    before = state()
    assert post("finish", worker[1], lease=held, result=GOOD | {"unit": "x" * 300_000}).status_code == 422
    assert state() == before


def test_a_failure_is_tried_again_and_then_a_persons(plan, worker, later):
    for attempt in (1, 2, 3):
        later(3600 * attempt)
        given = lease(worker[1])
        assert given["attempt"] == attempt
        assert post("fail", worker[1], lease=given["lease"], reason="<b>the scale</b> is broken").status_code == 204
    step = plan.steps.get()
    assert (step.status, step.error) == (Step.Status.PARKED, "<b>the scale</b> is broken")
    assert b"scale" not in b"".join(bytes(each.bytes) for each in Entry.objects.filter(kind="step.parked"))


def test_another_pool_other_tasks_and_another_company_get_nothing(plan, entity, olga):
    far = LegalEntity.objects.create(
        code="FAR", name="Far", base_currency="USD", log=chain.begin("far", origin="procure.example/far")
    )
    boss = make_person("boss", Role.ADMINISTRATOR, entity=far)
    before = state()[0]
    for _, token in (
        issue(entity, olga, pool="lagos"),
        issue(entity, olga, tasks=["site.look_up"]),
        issue(far, boss),
    ):
        assert post("lease", token).status_code == 204
    assert state()[0] == before


@pytest.mark.parametrize("scope", ["all", "role:site", "plan"])
def test_a_stop_button_holds_it_and_ends_a_step_at_work(plan, worker, olga, entity, scope):
    scope = f"plan:{plan.reference}" if scope == "plan" else scope
    held = lease(worker[1])["lease"]
    switches.turn(scope, stop=True, actor=Actor.human(olga), entity=entity, reason="a drill")
    answer = post("beat", worker[1], lease=held)
    assert (answer.status_code, answer.json()["type"]) == (409, "/api/problems/stopped")
    Step.objects.update(status=Step.Status.READY, fence=9, lease_until=None)
    assert post("lease", worker[1]).status_code == 204
    switches.turn(scope, stop=False, actor=Actor.human(olga), entity=entity)
    assert lease(worker[1])["attempt"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"name": "x" * 61},
        {"pool": ""},
        {"pool": "Harare 1"},
        {"tasks": []},
        {"tasks": ["sourcing.award"]},
        {"tasks": ["site.count_stock", "site.nothing"]},
        {"valid_for": timedelta(0)},
        {"valid_for": timedelta(days=91)},
    ],
)
def test_a_worker_that_cannot_be_let_in_is_not(entity, olga, wrong):
    before = Entry.objects.count()
    with pytest.raises(DomainError):
        issue(entity, olga, **wrong)
    assert (EdgeWorker.objects.count(), Entry.objects.count()) == (0, before)


def test_only_an_administrator_lets_in_and_the_token_stands_nowhere(entity, ben, olga):
    with pytest.raises(NotAllowed):
        issue(entity, ben)
    worker, token = issue(entity, olga)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM agents_edgeworker")
        assert token not in str(cursor.fetchall())
    assert token.encode() not in b"".join(bytes(each.bytes) for each in Entry.objects.all())
    with pytest.raises(NotAllowed):
        tokens.revoke(worker, actor=Actor.human(ben))
    worker.refresh_from_db()
    assert worker.revoked_at is None


def test_the_page_lets_in_shows_the_token_once_and_shuts_out(entity, olga, ben):
    client = Client()
    client.force_login(olga, backend="django.contrib.auth.backends.ModelBackend")
    form = {"name": "Harare <1>", "pool": "harare", "task": ["site.count_stock"], "days": "7"}
    told = client.post(reverse("console:edge"), form).content.decode()
    assert told.count("edge_") >= 1
    assert "Harare &lt;1&gt;" in told
    worker = EdgeWorker.objects.get()
    assert 'class="token"' not in client.get(reverse("console:edge")).content.decode()
    answer = client.post(reverse("console:edge"), form | {"days": "1000"})
    assert (answer.status_code, EdgeWorker.objects.count()) == (422, 1)
    client.post(reverse("console:edge-revoke", args=[worker.pk]))
    worker.refresh_from_db()
    assert worker.revoked_at is not None
    client.force_login(ben, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("console:edge")).status_code == 403


PROGRAM = """
import json, sys
told = json.load(sys.stdin)
assert told["given"]["item"] == "ITM-0118"
{0}
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (f"print(json.dumps({GOOD!r}))", "done", ""),
        ("print('twelve')", "parked", "the program printed no JSON object"),
        ("print('{\"quantity\": 1}')", "parked", "wrong type"),
        ("sys.stderr.write('no such shelf'); sys.exit(3)", "parked", "no such shelf"),
        ("sys.stderr.write('the scale is off'); sys.exit(1)", "ready", "the scale is off"),
    ],
)
def test_the_client_runs_a_program_and_brings_what_it_prints(
    plan, worker, live_server, tmp_path, body, status, error, capsys
):
    token = tmp_path / "token"
    token.write_text(worker[1] + "\n")
    program = [sys.executable, "-c", PROGRAM.format(body)]
    call_command("edge_worker", "--url", live_server.url, "--token-file", token, "--once", *program)
    step = plan.steps.get()
    assert step.status == status
    assert error in step.error


@pytest.mark.django_db(transaction=True)
def test_the_client_says_why_it_is_not_let_in(live_server, tmp_path):
    token = tmp_path / "token"
    token.write_text("edge_wrong")
    with pytest.raises(CommandError, match="The portal refuses: This token opens nothing"):
        call_command("edge_worker", "--url", live_server.url, "--token-file", token, "--once", "true")
    with pytest.raises(CommandError, match="cannot be reached"):
        call_command("edge_worker", "--url", "http://127.0.0.1:9", "--token-file", token, "--once", "true")


@pytest.mark.django_db(transaction=True)
def test_a_refused_sign_of_life_ends_the_program(plan, worker, live_server, monkeypatch):
    monkeypatch.setattr(edge_client, "BEAT", 0.2)
    portal = edge_client.Portal(live_server.url, worker[1])
    given = portal.post("lease")
    Step.objects.update(fence=9)
    with pytest.raises(edge_client.Refused):
        edge_client._run(portal, given, [sys.executable, "-c", "import time; time.sleep(600)"])
