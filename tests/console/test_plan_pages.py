"""The page of a plan: drawn, followed, explained, steered."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import engine, roles
from agents.models import Plan, Step, StepAttempt, StepOverride
from agents.outcomes import Park
from agents.queries import item_words, plan_graph
from ledger import clock
from procure.console import plan_page, result_form, steering, why
from procure.console.drawing import BOX_WIDTH, draw
from procure.console.plan_time import time_line
from tests.agents import acting
from tests.console import staging
from tests.console.conftest import SignIn

pytestmark = pytest.mark.django_db
CLAIM = {
    "text": "Price",
    "value": "7",
    "source": {"kind": "item", "key": "ITM-0118", "field": "price_median", "version": ""},
}


@pytest.fixture(autouse=True)
def fake_role():
    cache.clear()  # what a look at sources found is kept for a minute, by the number of the step
    roles.register("fake", module="tests.agents.acting")
    yield
    acting.ACTS.clear()


def fanned(entity, person=None, **fields) -> Plan:
    """Three branches after a first step; two done, one failed; then a step that needs only one before it."""
    items = ({"name": "Cipla"}, {"name": "Hetero"}, {"name": "Mylan"})
    states = ("done", "done", "failed")
    return staging.plan(
        entity,
        [
            {"key": "read", "status": "done", "took": (0, 10)},
            {"key": "law", "role": "compliance", "after": ["read"], "status": "done", "took": (10, 20)},
            {
                "key": "offers",
                "after": ["read"],
                "status": "waiting",
                "took": (10, 0),
                "spec": {"each": "read.vendors"},
            },
            *(
                {
                    "key": f"offers-{n}",
                    "after": ["read"],
                    "fanned": "offers",
                    "branch": n,
                    "item": item,
                    "status": state,
                    "took": (10, 60),
                }
                for n, (item, state) in enumerate(zip(items, states, strict=True), start=1)
            ),
            {"key": "pick", "after": ["offers", "law"], "spec": {"join": "any", "branch": "widen"}},
            {"key": "widen", "after": ["pick"]},
        ],
        by=person,
        **fields,
    )


def page_of(client, plan: Plan, **query: str) -> str:
    response = client.get(reverse("console:plan", args=[plan.reference]), query)
    assert response.status_code == 200
    return response.content.decode()


def test_branches_are_one_pile_until_they_are_opened(entity, ben, sign_in: SignIn):
    plan, client = fanned(entity), sign_in(ben)
    text = page_of(client, plan, step="read")
    assert 'data-key="node-offers"' in text
    assert 'data-key="node-offers-1"' not in text
    assert "2/3 ✕1" in text
    assert text.count('class="box behind"') == 2
    text = page_of(client, plan, step="read", open="offers")
    for number, name in enumerate(("Cipla", "Hetero", "Mylan"), start=1):
        assert f'data-key="node-offers-{number}"' in text
        assert f">{name}</text>" in text
    assert 'class="box behind"' not in text
    assert 'data-key="node-offers-2"' in page_of(client, plan, step="offers-2")


def test_a_branch_to_the_step_that_takes_over_is_dashed_and_a_join_says_how_many(entity, ben, sign_in: SignIn):
    plan = fanned(entity)
    kinds = {(each.start, each.end): each.kind for each in plan_graph(plan).edges}
    assert kinds["pick", "widen"] == "failed"
    assert kinds["read", "offers"] == ""
    text = page_of(sign_in(ben), plan)
    assert 'class="wire  failed"' in text
    assert "begins when any of those before it are done" in text


def undone(entity, person=None) -> Plan:
    return staging.plan(
        entity,
        [
            {"key": "a", "status": "done", "took": (0, 10)},
            {"key": "b", "after": ["a"], "status": "done", "took": (10, 20)},
            {"key": "undo-b", "undoes": "b", "status": "done", "took": (30, 40)},
            {"key": "undo-a", "undoes": "a", "after": ["undo-b"], "status": "ready"},
        ],
        by=person,
        status="compensating",
        compensating_at=clock.now(),
    )


def test_steps_that_take_others_back_run_from_right_to_left_in_a_band_of_their_own(entity):
    graph = plan_graph(undone(entity))
    places = {each.key: (each.column, each.row) for each in graph.nodes}
    assert places == {"a": (0, 0), "b": (1, 0), "undo-b": (1, 1), "undo-a": (0, 1)}
    assert [each.role for each in graph.lanes] == ["fake", "undo"]
    assert [(each.start, each.end, each.kind) for each in graph.edges] == [("a", "b", ""), ("undo-b", "undo-a", "undo")]
    boxes = {each.node.key: each for each in draw(graph).boxes}
    wire = draw(graph).wires[1]
    assert wire.path == f"M{boxes['undo-b'].x} {boxes['undo-b'].y + 41}H{boxes['undo-a'].x + BOX_WIDTH}"


def test_a_wire_goes_around_what_stands_between(entity):
    plan = staging.plan(
        entity,
        [{"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["a", "b"]}],
    )
    drawing = draw(plan_graph(plan))
    boxes = {each.node.key: each for each in drawing.boxes}
    direct, around, last = (each.path for each in drawing.wires)
    assert direct.count("Q") == last.count("Q") == 0
    below = boxes["b"].y + boxes["b"].height
    assert max(int(each) for each in re.findall(r"V(\d+)", around)) > below - 1


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("VEN-001", "VEN-001"),
        ({"key": "VEN-001", "name": "Cipla"}, "Cipla"),
        ({"vendor": {"key": "VEN-001"}}, "VEN-001"),
        ({"first": 12}, "12"),
        ({}, ""),
        (None, ""),
        (True, ""),
        ([1], ""),
    ],
)
def test_a_branch_is_named_after_its_element(item, words):
    assert item_words(item) == words


def test_the_page_looks_again_often_while_something_runs_seldom_while_it_waits_and_never_after_the_end(
    entity, ben, sign_in: SignIn
):
    client = sign_in(ben)
    for status, step, pace in (
        ("running", "running", "every 2s"),
        ("waiting", "waiting", "every 15s"),
        ("paused", "ready", "every 15s"),
        ("done", "done", ""),
    ):
        plan = staging.plan(entity, [{"key": "a", "status": step}], status=status)
        text = page_of(client, plan)
        assert ('hx-trigger="every' in text) is bool(pace)
        assert pace in text


def test_the_part_that_moves_keeps_the_chosen_step_and_the_open_pile(entity, ben, sign_in: SignIn):
    plan = fanned(entity)
    address = reverse("console:plan-graph", args=[plan.reference])
    text = sign_in(ben).get(address, {"step": "law", "open": "offers"}).content.decode()
    assert f'hx-get="{address}?step=law&amp;open=offers"' in text
    assert text.lstrip().startswith('<div id="board"')
    assert "<html" not in text


def test_an_override_is_shown_as_such_with_who_and_why(entity, ben, ada, sign_in: SignIn):
    plan = fanned(entity)
    step = Step.objects.get(plan=plan, key="law")
    StepOverride.objects.create(
        step=step,
        result={"clause": "7.4"},
        result_digest="d",
        reason="Clause 7.2 was struck.",
        person=ada,
        made_at=clock.now(),
    )
    text = " ".join(page_of(sign_in(ben), plan, step="law").split())
    assert "Clause 7.2 was struck." in text
    assert f"<b>{ada}</b> put this result in its place" in text
    assert "7.4" in text
    assert "What the step itself found" in text
    assert 'class="override"' in text


@pytest.mark.parametrize(("found", "state"), [("7", "verified"), ("8", "unverified")])
def test_each_claim_of_a_step_has_the_mark_that_its_source_earns_now(found, state, company, ben, sign_in: SignIn):
    plan = staging.plan(company, [{"key": "a", "status": "done", "evidence": [CLAIM | {"value": found}]}])
    text = page_of(sign_in(ben), plan)
    assert f'class="proof {state}"' in text


def test_a_source_of_an_unknown_kind_is_no_proof(entity, ben, sign_in: SignIn):
    claim = {"text": "Price", "value": "7", "source": {"kind": "Oracle", "says": "7"}}
    plan = staging.plan(entity, [{"key": "a", "status": "done", "evidence": [claim]}])
    assert 'class="proof unverified"' in page_of(sign_in(ben), plan)


def test_what_a_step_was_given_names_where_each_value_comes_from(entity):
    plan = staging.plan(
        entity,
        [
            {"key": "read", "label": "Read it", "status": "done", "result": {"order": {"key": "PO-1"}, "days": 42}},
            {
                "key": "b",
                "after": ["read"],
                "item": {"name": "Cipla"},
                "spec": {
                    "given": {"order": "read.order.key", "late": "read.days", "who": "item.name", "why": "plan.notice"}
                },
            },
        ],
        inputs={"notice": "N-1"},
    )
    steps = list(plan.steps.order_by("id"))
    told = plan_page.handed(plan, steps[1], steps, {})
    assert [(each.name, each.value, each.label) for each in told] == [
        ("late", "42", "Read it"),
        ("order", "PO-1", "Read it"),
        ("who", "Cipla", "this branch"),
        ("why", "N-1", "the plan's start"),
    ]


ZONE = ZoneInfo("Europe/Paris")
FIRST = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)


def stretches(entity, tries, *, status="done", last=600):
    plan = staging.plan(entity, [{"key": "a", "status": status, "tries": tries}], started_at=FIRST)
    steps = list(plan.steps.all())
    found = time_line(
        steps,
        list(StepAttempt.objects.all()),
        first=FIRST,
        last=FIRST + timedelta(seconds=last),
        zone=ZONE,
    )
    return [(each.kind, each.start, each.width) for each in found.rows["a"]], found


@pytest.mark.parametrize(
    ("tries", "status", "drawn"),
    [
        ([("finished", 0, 60)], "done", [("work", 0, 10)]),
        ([("waits", 0, 60), ("finished", 300, 60)], "done", [("work", 0, 10), ("wait", 10, 40), ("work", 50, 10)]),
        ([("failed", 0, 60), ("finished", 120, 60)], "done", [("failed", 0, 10), ("pause", 10, 10), ("work", 20, 10)]),
        ([("waits", 0, 60)], "waiting", [("work", 0, 10), ("wait", 10, 90)]),
        ([("", 300, 0)], "running", [("work", 50, 50)]),
        ([("", 0, 0), ("finished", 60, 60)], "done", [("work", 0, 10), ("work", 10, 10)]),
        ([("finished", 600, 0)], "done", [("work", 99.5, 0.5)]),
    ],
)
def test_a_step_is_drawn_at_work_waiting_and_resting(entity, tries, status, drawn):
    assert stretches(entity, tries, status=status)[0] == drawn


def test_the_axis_has_round_marks_in_the_zone_of_the_reader(entity):
    _rows, line = stretches(entity, [("finished", 0, 60)])
    assert line.zone == "CET"
    assert [(each.at, each.words) for each in line.ticks] == [
        (0, "09:00"),
        (20, "09:02"),
        (40, "09:04"),
        (60, "09:06"),
        (80, "09:08"),
        (100, "09:10"),
    ]


def test_a_plan_without_time_still_has_a_line(entity):
    assert stretches(entity, [], status="pending", last=0)[0] == []


def test_what_a_step_never_used_is_no_cause_of_it(entity):
    plan = fanned(entity)
    steps = list(plan.steps.select_related("fanned", "undoes").order_by("id"))
    law = next(each for each in steps if each.key == "law")
    assert [hop.step.key for hop in why.trail(plan, law, steps).hops] == ["law", "read"]


@pytest.mark.parametrize(
    ("key", "verbs"),
    [
        ("done_last", {"override"}),
        ("done_read", set()),
        ("stuck", {"release", "skip", "override"}),
        ("asks", {"skip", "override"}),
        ("tried", {"skip"}),
        ("later", set()),
    ],
)
def test_what_may_be_done_with_a_step_follows_from_its_state(entity, key, verbs):
    plan = staging.plan(
        entity,
        [
            {"key": "done_read", "status": "done"},
            {"key": "done_last", "status": "done", "after": ["done_read"]},
            {"key": "stuck", "status": "parked"},
            {"key": "asks", "status": "waiting"},
            {"key": "tried", "status": "ready", "error": "reset"},
            {"key": "later", "after": ["done_last"]},
        ],
    )
    steps = list(plan.steps.order_by("id"))
    step = next(each for each in steps if each.key == key)
    assert steering.of_step(plan, step, steps) == verbs
    plan.status = Plan.Status.DONE
    assert steering.of_step(plan, step, steps) == set()


def test_only_those_who_may_steer_see_how(entity, ben, ada, sign_in: SignIn):
    plan = staging.plan(entity, [{"key": "a", "status": "parked", "error": "No."}], status="parked")
    for person, may in ((ben, True), (ada, False)):
        text = page_of(sign_in(person), plan)
        for name in ("plan-pause", "plan-end"):
            assert (reverse(f"console:{name}", args=[plan.reference]) in text) is may
        for name in ("plan-release", "plan-skip", "plan-override"):
            assert (reverse(f"console:{name}", args=[plan.reference, "a"]) in text) is may


def test_each_way_of_steering_needs_the_right(entity, ada, sign_in: SignIn):
    plan = staging.plan(entity, [{"key": "a", "status": "parked"}], status="parked")
    client = sign_in(ada)
    for name in ("pause", "resume", "cancel"):
        assert client.post(reverse(f"console:plan-{name}", args=[plan.reference]), {"reason": "x"}).status_code == 403
    for name in ("release", "skip", "override"):
        address = reverse(f"console:plan-{name}", args=[plan.reference, "a"])
        assert client.post(address, {"reason": "x"}).status_code == 403
    assert client.get(reverse("console:plan-end", args=[plan.reference])).status_code == 403
    plan.refresh_from_db()
    assert (plan.status, plan.steps.get().status) == ("parked", "parked")


GIVES = {
    "vendor": "vendor",
    "days": "integer",
    "price": "decimal?",
    "late": "boolean",
    "on": "date?",
    "keys": "list of vendor",
    "first": {"price": "decimal"},
}


@pytest.fixture
def typed(entity, monkeypatch) -> Step:
    from dataclasses import replace

    monkeypatch.setattr(acting, "SPECIFICATION", replace(acting.SPECIFICATION, gives={"act": GIVES}))
    return staging.plan(entity, [{"key": "a", "status": "parked"}], status="parked").steps.get()


GIVEN = {
    "result.vendor": "VEN-001",
    "result.days": "42",
    "result.price": "12.50",
    "result.late": "yes",
    "result.on": "",
    "result.keys": "VEN-001\nVEN-002\n",
    "result.first.price": "0.10",
}
READ = {
    "vendor": "VEN-001",
    "days": 42,
    "price": "12.50",
    "late": True,
    "on": None,
    "keys": ["VEN-001", "VEN-002"],
    "first": {"price": "0.10"},
}


def test_a_form_is_made_of_what_the_task_gives_and_read_back(typed):
    assert [(each.path, each.widget, each.optional) for each in result_form.fields(GIVES, None)] == [
        ("vendor", "text", False),
        ("days", "integer", False),
        ("price", "decimal", True),
        ("late", "boolean", False),
        ("on", "date", True),
        ("keys", "lines", False),
        ("first.price", "decimal", False),
    ]
    assert result_form.read(result_form.gives(typed), GIVEN, before=None) == (READ, {})
    shown = {each.name: each.value for each in result_form.fields(GIVES, READ)}
    assert result_form.read(result_form.gives(typed), shown, before=None) == (READ, {})


@pytest.mark.parametrize(
    ("name", "value", "where"),
    [
        ("days", "four", "days"),
        ("days", "", "days"),
        ("price", "12,5", "price"),
        ("vendor", "", "vendor"),
        ("first.price", "-", "first.price"),
        ("on", "tomorrow", "on"),
    ],
)
def test_what_does_not_fit_is_said_at_its_field(typed, name, value, where):
    _result, errors = result_form.read(result_form.gives(typed), GIVEN | {f"result.{name}": value}, before=None)
    assert list(errors) == [where]


@pytest.mark.parametrize("text", ["[1]", "{", "", "3"])
def test_without_types_the_whole_result_is_an_object(entity, text):
    step = staging.plan(entity, [{"key": "a", "status": "parked"}]).steps.get()
    assert list(result_form.read(result_form.gives(step), {"result.": text}, before=None)[1]) == [""]
    assert result_form.read(result_form.gives(step), {"result.": '{"a": 1}'}, before=None) == ({"a": 1}, {})


def test_a_refused_result_keeps_what_was_typed_and_changes_nothing(typed, ben, sign_in: SignIn):
    address = reverse("console:plan-override", args=[typed.plan.reference, "a"])
    response = sign_in(ben).post(address, GIVEN | {"result.days": "soon", "reason": "I asked them."})
    text = response.content.decode()
    assert response.status_code == 422
    assert 'value="soon"' in text
    assert "I asked them." in text
    assert not StepOverride.objects.exists()
    typed.refresh_from_db()
    assert (typed.status, typed.result) == ("parked", None)


def test_the_statements_of_a_page_do_not_grow_with_the_steps(entity, ben, sign_in: SignIn):
    client, counts = sign_in(ben), []
    for steps in (2, 2, 60):
        rows = [{"key": f"s{n}", "after": [f"s{n - 1}"] if n else [], "status": "done"} for n in range(steps)]
        plan = staging.plan(entity, rows)
        with CaptureQueriesContext(connection) as asked:
            page_of(client, plan)
        counts.append(len(asked))
    assert counts[1] == counts[2] < 60


def test_a_question_of_the_plan_names_whom_it_asks_and_is_answered_on_its_page(entity, rita, ada, sign_in: SignIn):
    row = {
        "key": "ask",
        "role": "person",
        "status": "waiting",
        "asks_person": True,
        "waiting_for": "Which supplier?",
        "spec": {"task": "choose"},
        "memory": {"question": "Which supplier?", "choices": ["Cipla", "Hetero"]},
    }
    plan = staging.plan(entity, [row], by=rita, status="waiting")
    address = reverse("console:plan-answer", args=[plan.reference, "ask"])
    text = page_of(sign_in(rita), plan)
    assert str(rita) in text
    assert f'href="{address}"' in text
    assert 'value="Hetero"' in sign_in(rita).get(address).content.decode()
    assert sign_in(rita).post(address, {"result.choice": "Mylan"}).status_code == 422
    assert sign_in(ada).post(address, {"result.choice": "Hetero"}).status_code == 403
    assert plan.steps.get().status == "waiting"
    assert sign_in(rita).post(address, {"result.choice": "Hetero"}).status_code == 302
    assert plan.steps.get().result["choice"] == "Hetero"
    assert sign_in(rita).get(address).status_code == 409


def test_a_plan_is_paused_resumed_and_a_step_skipped_and_set_from_the_page(entity, ben, sign_in: SignIn):
    acting.ACTS["a"] = lambda context: Park("No supplier sells this.")
    plan = acting.start(entity, {"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c"})
    engine.answer()
    client = sign_in(ben)

    def post(name: str, *key: str, **asked: str) -> None:
        assert client.post(reverse(f"console:plan-{name}", args=[plan.reference, *key]), asked).status_code == 302

    post("pause", reason="New prices.")
    plan.refresh_from_db()
    assert plan.status == "paused"
    assert reverse("console:plan-resume", args=[plan.reference]) in page_of(client, plan)
    post("resume")
    post("override", "a", **{"result.": '{"vendor": "VEN-001"}', "reason": "I asked them."})
    assert acting.statuses(plan)["a"] == "done"
    text = page_of(client, plan, step="a")
    assert "I asked them." in text
    assert "VEN-001" in text
    engine.answer()
    plan.refresh_from_db()
    assert plan.status == "done"


def test_a_parked_step_tries_again_or_is_skipped_from_the_page(entity, ben, sign_in: SignIn):
    acting.ACTS["a"] = acting.ACTS["c"] = lambda context: Park("No.")
    plan = acting.start(entity, {"key": "a"}, {"key": "c"})
    engine.answer()
    client = sign_in(ben)
    client.post(reverse("console:plan-release", args=[plan.reference, "a"]))
    assert client.post(reverse("console:plan-skip", args=[plan.reference, "c"]), {"reason": ""}).status_code == 422
    client.post(reverse("console:plan-skip", args=[plan.reference, "c"]), {"reason": "Not needed."})
    assert acting.statuses(plan) == {"a": "ready", "c": "skipped"}
