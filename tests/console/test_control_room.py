"""The control room: each figure and its rows, flow by role, many plans at once, and its bounds."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agents import roles
from agents.models import Plan, Step, StepAttempt
from ledger import clock, gauges, heartbeat, jobs, switches
from ledger.errors import Stale
from ledger.models import Job, LegalEntity, Restart
from ledger.rights import Role
from procure.console import bulk, control_room, flow_figures, plots
from procure.console.control_room import Narrowing
from procure.console.flow_figures import Bin, Spread, Start
from tests.cast import make_person
from tests.console import staging
from tests.console.conftest import SignIn

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fake_role(monkeypatch):
    roles.register("fake", module="tests.agents.acting")
    # A gauge has a connection of its own, which does not see what a test has not committed.
    monkeypatch.setattr(gauges, "open_gauge", lambda job: nullcontext(gauges.SILENT))


#: name -> (status of the plan, its only step, more of the plan)
STAGED = {
    "running": ("running", {"status": "running", "lease_until": "later"}, {}),
    "people": ("waiting", {"status": "waiting", "asks_person": True}, {}),
    "parked": ("parked", {"status": "parked"}, {}),
    "failing": (
        "running",
        {"status": "ready", "attempts": 1, "max_attempts": 5, "error": "reset", "due_at": "later"},
        {},
    ),
    "stalled": ("running", {"status": "ready", "due_at": "earlier"}, {}),
    "silent": ("running", {"status": "running", "lease_until": "earlier"}, {}),
    "paused": ("paused", {"status": "ready", "due_at": "earlier"}, {"paused_at": "earlier"}),
    "undone": ("cancelled", {"status": "cancelled"}, {"compensating_at": "earlier"}),
    "undoing": ("compensating", {"status": "pending"}, {"compensating_at": "earlier"}),
    "ended": ("cancelled", {"status": "cancelled"}, {}),
    "done": ("done", {"status": "done"}, {}),
    "asleep": ("waiting", {"status": "waiting"}, {}),
}
COUNTED = {
    "running": {"running", "failing", "stalled", "silent"},
    "people": {"people"},
    "parked": {"parked"},
    "failing": {"failing"},
    "stalled": {"stalled", "silent"},
    "paused": {"paused"},
    "undone": {"undone", "undoing"},
}


def at(word: object) -> object:
    times = {"earlier": clock.now() - timedelta(minutes=2), "later": clock.now() + timedelta(minutes=2)}
    return times.get(word, word) if isinstance(word, str) else word


def staged(entity: LegalEntity, name: str, **fields) -> Plan:
    status, step, more = STAGED[name]
    row = {"key": name} | {each: at(value) for each, value in step.items()}
    attempts = row.pop("attempts", None)
    plan = staging.plan(entity, [row], status=status, **{each: at(value) for each, value in more.items()}, **fields)
    if attempts:
        plan.steps.update(attempts=attempts)
    return plan


def test_each_figure_counts_its_plans_and_leads_to_them(entity, ben, sign_in: SignIn):
    names = {staged(entity, name).reference: name for name in STAGED}
    figures = {each.state.name: each.count for each in control_room.figures(ben)}
    assert figures == {state: len(plans) for state, plans in COUNTED.items()}
    client = sign_in(ben)
    home = client.get(reverse("console:control")).content.decode()
    for state, plans in COUNTED.items():
        assert f'href="{reverse("console:control")}?state={state}#plans"' in home
        response = client.get(reverse("console:control"), {"state": state})
        listed = {names[each.plan.reference] for each in response.context["work"]}
        assert listed == plans, state
        assert response.context["total"] == len(plans)


def test_a_step_that_waits_for_its_turn_is_not_stalled_before_a_minute(entity, ben):
    staging.plan(entity, [{"key": "a", "status": "ready", "due_at": clock.now() - timedelta(seconds=50)}])
    staging.plan(entity, [{"key": "a", "status": "ready", "due_at": clock.now() - timedelta(seconds=70)}])
    figures = {each.state.name: each.count for each in control_room.figures(ben)}
    assert figures["stalled"] == 1


def test_a_figure_is_counted_up_to_a_bound(entity, ben, monkeypatch, sign_in: SignIn):
    monkeypatch.setattr(control_room, "MOST_COUNTED", 2)
    for _ in range(3):
        staged(entity, "parked")
    parked = next(each for each in control_room.figures(ben) if each.state.name == "parked")
    assert (parked.count, parked.more) == (2, True)
    assert "2+" in sign_in(ben).get(reverse("console:control")).content.decode()


def test_without_a_filter_the_live_ones_are_listed_and_each_filter_narrows(entity, ben, rita):
    old = staged(entity, "parked", by=rita, started_at=clock.now() - timedelta(days=8))
    other = staging.template(entity, "renewal")
    young = staged(entity, "running", by=ben, template=other)
    Step.objects.filter(plan=young).update(role="sourcing")
    staged(entity, "done", by=rita)
    rows = lambda **narrow: list(control_room.rows(ben, Narrowing(**narrow)))  # noqa: E731
    assert rows() == [young, old]
    assert rows(template="renewal") == [young]
    assert rows(role="sourcing") == [young]
    assert rows(role="fake") == [old]
    assert rows(person=str(rita.pk)) == [old]
    assert rows(age="week") == [old]
    assert rows(age="month") == []
    assert rows(state="parked", person=str(ben.pk)) == []
    assert rows(state="no such", age="no such", person="x' OR 1") == [young, old]


def test_only_plans_of_ones_own_company_are_counted_and_listed(entity, ben):
    other = LegalEntity.objects.create(
        code="OT", name="Other", base_currency="USD", country="US", time_zone="UTC", log=entity.log
    )
    staged(other, "parked")
    assert all(each.count == 0 for each in control_room.figures(ben))
    assert not control_room.rows(ben, Narrowing()).exists()


def test_an_empty_room_says_what_would_come_there(entity, ben, sign_in: SignIn):
    client = sign_in(ben)
    assert "No plan is at work" in client.get(reverse("console:control")).content.decode()
    assert "No plan is like that now" in client.get(reverse("console:control"), {"state": "parked"}).content.decode()


def test_a_long_list_turns_pages(entity, ben, sign_in: SignIn, monkeypatch):
    monkeypatch.setattr(control_room, "PER_PAGE", 2)
    made = [staged(entity, "running").reference for _ in range(3)][::-1]
    client = sign_in(ben)
    first = client.get(reverse("console:control"))
    assert [each.plan.reference for each in first.context["work"]] == made[:2]
    second = client.get(reverse("console:control"), {"below": first.context["older"]})
    assert [each.plan.reference for each in second.context["work"]] == made[2:]
    assert second.context["older"] is None
    assert client.get(reverse("console:control"), {"below": "9" * 40}).status_code == 200


@pytest.mark.parametrize("person", ["rita"])
def test_who_does_not_see_all_plans_has_no_control_room(person, entity, rita, sign_in: SignIn):
    client = sign_in(rita)
    for name in ("control", "control-figures"):
        assert client.get(reverse(f"console:{name}")).status_code == 403


def begun(
    step: int, number: int, *, at: float, took: float | None, outcome: str = "finished", role: str = "a"
) -> Start:
    start = NOW - timedelta(seconds=at)
    return Start(step, role, number, start, None if took is None else start + timedelta(seconds=took), outcome)


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [([1], 1, 1), ([1, 2], 1, 2), (range(1, 101), 50, 95), ([5, 1, 3], 3, 5), (range(1, 21), 10, 19)],
)
def test_a_spread_is_by_nearest_rank(values, p50, p95):
    found = flow_figures.spread(values)
    assert (found.count, found.p50, found.p95) == (len(list(values)), p50, p95)


def test_there_is_no_spread_of_nothing():
    assert flow_figures.spread([]) is None


def test_throughput_counts_what_finished_in_each_hour_of_the_last_day():
    found = [
        begun(1, 1, at=3600 * 30, took=1),
        begun(2, 1, at=3600 * 23.5, took=1),
        begun(3, 1, at=600, took=1),
        begun(4, 1, at=500, took=1),
        begun(5, 1, at=400, took=1, outcome="failed"),
        begun(6, 1, at=300, took=None, outcome=""),
    ]
    through = flow_figures.throughput(found, now=NOW)
    assert through.whole
    assert (through.finished, len(through.bins)) == (3, 24)
    assert [each.finished for each in through.bins if each.finished] == [1, 2]
    assert through.bins[-1].rate == 2


def test_where_more_happened_than_is_looked_at_the_plot_says_how_far_back_it_reaches(monkeypatch):
    monkeypatch.setattr(flow_figures, "SAMPLE", 4)
    found = [begun(step, 1, at=2400 - step * 600, took=1) for step in range(4)]
    through = flow_figures.throughput(found, now=NOW)
    assert not through.whole
    assert through.since == found[0].began
    assert through.finished == 4
    assert {round(each.rate) for each in through.bins if each.finished} == {36}


def test_latency_and_failures_are_told_by_role(entity):
    found = [
        begun(1, 1, at=1000, took=10, outcome="waits"),
        begun(1, 2, at=400, took=20),
        begun(2, 1, at=900, took=30, outcome="failed"),
        begun(2, 2, at=800, took=30, role="b"),
    ]
    flows = {each.role: each for each in flow_figures.by_role(found, entity)}
    assert (flows["a"].tries, flows["a"].failures, flows["a"].act) == (3, 1, Spread(3, 20, 30))
    assert flows["a"].wait == Spread(1, 590, 590)
    assert (flows["b"].tries, flows["b"].failures, flows["b"].wait) == (1, 0, None)
    assert flows["sourcing"].act is None


def test_only_the_newest_starts_are_looked_at(entity, monkeypatch):
    monkeypatch.setattr(flow_figures, "SAMPLE", 3)
    for _ in range(5):
        staging.plan(entity, [{"key": "a", "status": "done"}], status="done")
    newest = list(StepAttempt.objects.order_by("-pk").values_list("step", flat=True)[:3])[::-1]
    assert [each.step for each in flow_figures.starts(entity)] == newest


def test_the_queue_says_how_it_is(entity, ben, sign_in: SignIn):
    staged(entity, "stalled")
    heartbeat.beat(heartbeat.WORKER)
    health = flow_figures.health(entity)
    assert health.oldest_due >= timedelta(seconds=119)
    assert (health.due, health.sweeper) == (1, None)
    assert health.worker is not None
    text = sign_in(ben).get(reverse("console:control-figures")).content.decode()
    assert "2 min" in text
    assert "never" in text
    assert "<html" not in text


def test_what_the_supervisor_started_again_stands_there_with_time_and_cause(entity, ben, sign_in: SignIn):
    page, ben = reverse("console:control"), sign_in(ben)
    assert "nothing in the last day" in ben.get(page).content.decode()
    heartbeat.restarted("worker", reason="no sign of life for 41 s")
    Restart.objects.create(name="web", at=clock.now() - timedelta(hours=25), reason="it ended with 137")
    text = " ".join(ben.get(page).content.decode().split())
    assert "once in the last day" in text
    assert 'worker: <span class="soft">no sign of life for 41 s' in text
    assert f'datetime="{Restart.objects.get(name="worker").at.isoformat()}"' in text
    assert "137" not in text


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.4, 1), (1, 1), (3, 5), (11, 20), (99, 100), (100, 100), (501, 1000)]
)
def test_an_axis_ends_at_a_round_figure(value, top):
    assert plots.nice(value) == top


def test_bars_fill_their_box_up_to_the_round_figure():
    hours = [Bin(NOW, NOW, number, float(number)) for number in (0, 5, 20)]
    plot = plots.bars(hours)
    assert [(each.y, each.height) for each in plot.bars] == [(100, 0), (75, 25), (0, 100)]
    assert [each.words for each in plot.marks] == ["0", "10", "20"]
    assert plots.bars([]).bars == ()


def test_a_log_scale_holds_all_it_shows():
    spreads = [Spread(9, 0.03, 0.5), None, Spread(2, 4, 200)]
    on = plots.scale(spreads)
    assert (on.least, on.most) == (0.01, 600)
    assert (on.place(0.01), on.place(600), on.place(1e9), on.place(0)) == (0, 100, 100, 0)
    drawn = plots.spread_mark(spreads[0], on)
    assert 0 < drawn.p50 < drawn.p95 < 100
    assert drawn.words == "30 ms – 0.5 s"
    assert plots.spread_mark(None, on) is None
    assert plots.scale([]).marks


def test_a_role_is_stopped_and_started_again_from_the_room(entity, ada, olga, sign_in: SignIn):
    room, turn = reverse("console:control"), reverse("console:turn")
    asked = {"scope": "role:sourcing", "reason": "Looks wrong.", "next": room}
    response = sign_in(ada).post(turn, asked | {"turn": "stop"})
    assert response.headers["Location"] == room
    assert switches.stopped("role:sourcing")
    text = sign_in(olga).get(room).content.decode()
    assert "Looks wrong." in text
    sign_in(olga).post(turn, asked | {"turn": "start"})
    assert not switches.stopped("role:sourcing")


def test_everything_is_stopped_from_the_room(entity, ada, sign_in: SignIn):
    room = reverse("console:control")
    assert "Stop everything" in sign_in(ada).get(room).content.decode()
    sign_in(ada).post(reverse("console:turn"), {"scope": "all", "turn": "stop", "reason": "x", "next": room})
    assert "Everything is stopped" in sign_in(ada).get(room).content.decode()


def confirmed(client, **asked):
    return client.post(reverse("console:control-confirm"), asked)


def test_many_are_counted_before_anything_happens(entity, ben, sign_in: SignIn):
    for _ in range(3):
        staged(entity, "running")
    staged(entity, "parked")
    response = confirmed(sign_in(ben), verb="pause", all="yes", state="running")
    assert response.context["total"] == 3
    assert "Pause 3 plans" in response.content.decode()
    assert not Plan.objects.filter(status="paused").exists()


@pytest.mark.parametrize(
    "asked", [{"verb": "pause"}, {"verb": "cancel", "all": "yes"}, {"all": "yes"}, {"verb": "pause", "pick": ""}]
)
def test_nothing_is_done_without_plans_or_with_another_verb(asked, entity, ben, sign_in: SignIn):
    plan = staged(entity, "running")
    asked = {name: value for name, value in asked.items() if value}
    for name in ("control-confirm", "control-carry"):
        assert sign_in(ben).post(reverse(f"console:{name}"), asked | {"reason": "x"}).status_code == 422
    plan.refresh_from_db()
    assert plan.status == "running"


def test_pausing_needs_the_right_and_a_reason(entity, ada, ben, sign_in: SignIn):
    plan = staged(entity, "running")
    asked = {"verb": "pause", "pick": plan.reference}
    carry = reverse("console:control-carry")
    assert sign_in(ada).post(carry, asked | {"reason": "x"}).status_code == 403
    assert sign_in(ben).post(carry, asked).status_code == 422
    plan.refresh_from_db()
    assert plan.status == "running"


def test_a_few_are_paused_at_once_and_what_is_refused_is_told(entity, ben, sign_in: SignIn):
    good, ended = staged(entity, "running"), staged(entity, "ended")
    response = sign_in(ben).post(
        reverse("console:control-carry"),
        {"verb": "pause", "pick": [good.reference, ended.reference], "reason": "New prices."},
        follow=True,
    )
    good.refresh_from_db()
    ended.refresh_from_db()
    assert (good.status, ended.status) == ("paused", "cancelled")
    text = response.content.decode()
    assert "1 of 2 plans: done." in text
    assert f"{ended.reference}: " in text


def test_many_are_paused_in_the_background_and_resumed_again(entity, ben, sign_in: SignIn, monkeypatch):
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    made = [staged(entity, "running") for _ in range(5)]
    client, carry = sign_in(ben), reverse("console:control-carry")
    response = client.post(carry, {"verb": "pause", "all": "yes", "reason": "New prices."})
    job = Job.objects.get()
    assert response.headers["Location"] == reverse("console:job", args=[job.reference])
    late = staged(entity, "running")
    jobs.run(job.reference)
    assert Plan.objects.filter(status="paused").count() == 5
    late.refresh_from_db()
    assert late.status == "running"
    text = client.get(reverse("console:job", args=[job.reference])).content.decode()
    assert "5 of 5 plans were changed." in text

    client.post(carry, {"verb": "resume", "all": "yes", "state": "paused"})
    jobs.run(Job.objects.latest("pk").reference)
    assert not Plan.objects.filter(status="paused").exists()
    assert {each.pk for each in Plan.objects.filter(paused_at=None)} == {*(each.pk for each in made), late.pk}


def test_what_cannot_follow_is_named_and_the_others_go_on(entity, ben, monkeypatch):
    plans = [staged(entity, "running") for _ in range(3)]
    bad = plans[1].pk

    def pause(plan, *, actor, reason):
        if plan.pk == bad:
            raise Stale("It changed.")

    monkeypatch.setattr(bulk.plans, "pause", pause, raising=False)
    tally = bulk.carry(bulk.VERBS["pause"], [each.pk for each in plans], person=ben, reason="x")
    assert (tally.done, tally.refused, tally.stopped) == (2, [(plans[1].reference, "It changed.")], False)


def test_started_again_it_finds_what_stands_already(entity, ben, monkeypatch):
    done, left = staged(entity, "paused"), staged(entity, "running")
    asked = []
    monkeypatch.setattr(bulk.plans, "pause", lambda plan, **_: asked.append(plan.pk), raising=False)
    tally = bulk.carry(bulk.VERBS["pause"], [done.pk, left.pk], person=ben, reason="x")
    assert (tally.stood, tally.done, asked) == (1, 1, [left.pk])


def test_cancelled_in_the_middle_it_keeps_what_it_did_and_says_so(entity, ben, monkeypatch):
    plans = [staged(entity, "running") for _ in range(3)]
    monkeypatch.setattr(bulk.plans, "pause", lambda plan, **_: None, raising=False)

    class Impatient:
        def of(self, total, note=""):
            pass

        def step(self, by=1):
            raise gauges.Cancelled()

    tally = bulk.carry(bulk.VERBS["pause"], [each.pk for each in plans], person=ben, reason="x", gauge=Impatient())
    assert (tally.done, tally.stopped) == (1, True)


def test_plans_of_another_company_are_not_touched(entity, ben, monkeypatch):
    other = LegalEntity.objects.create(
        code="OT", name="Other", base_currency="USD", country="US", time_zone="UTC", log=entity.log
    )
    foreign = staged(other, "running")
    asked = []
    monkeypatch.setattr(bulk.plans, "pause", lambda plan, **_: asked.append(plan.pk), raising=False)
    assert not bulk.chosen(ben, [foreign.reference], None).exists()
    bulk.carry(bulk.VERBS["pause"], [foreign.pk], person=ben, reason="x")
    assert asked == []


def test_a_buyer_without_plans_may_look(entity, sign_in: SignIn):
    ines = make_person("ines", Role.AUDITOR, entity=entity)
    text = sign_in(ines).get(reverse("console:control")).content.decode()
    assert reverse("console:turn") not in text
    assert reverse("console:control-confirm") not in text


def statements(client, name: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(reverse(f"console:{name}")).status_code == 200
    return len(asked)


def test_the_statements_do_not_grow_with_the_plans(entity, ben, sign_in: SignIn):
    client = sign_in(ben)
    staged(entity, "running", by=ben)
    statements(client, "control")
    few = {name: statements(client, name) for name in ("control", "control-figures")}
    for name in STAGED:
        for _ in range(4):
            staged(entity, name, by=ben)
    assert {name: statements(client, name) for name in few} == few
    assert few["control"] < 55
    assert few["control-figures"] < 35


def test_the_rows_that_are_read_do_not_grow_with_the_plans(entity, ben, monkeypatch):
    """What is not live, and starts beyond the sample, are found by an index or not at all."""
    monkeypatch.setattr(flow_figures, "SAMPLE", 5)
    for _ in range(20):
        staged(entity, "done")
    assert len(flow_figures.starts(entity)) == 5
    assert not control_room.rows(ben, Narrowing()).exists()
