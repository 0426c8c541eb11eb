"""Any course of events: people steer, clocks run, workers die, the bell is lost or doubled; what must hold holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agents import plans
from agents.edge import leasing
from agents.models import EdgeWorker, Plan, Step
from agents.outcomes import AskPerson, Await, Finish, Outcome, Park
from approvals import decisions
from approvals.models import Proposal
from ledger import crashpoints, doorbell, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError, InvalidInput
from ledger.journal import record
from ledger.models import Entry, LegalEntity, Person, Switch
from tests.agents import acting, crowd, stories
from tests.agents.invariants import Watch, lost
from tests.agents.taking_back import taken_back
from tests.vendors.rows import make_vendor

pytestmark = pytest.mark.django_db
FREE = ObjectRef("turn", "1")
COUNTED = {"quantity": "12.5", "unit": "box", "counted_on": "2026-11-25"}
#: What a person does to a plan or a step, by name.
ON_PLANS: dict[str, Callable[[Plan, Actor], object]] = {
    "pause": lambda plan, by: plans.pause(plan, actor=by, reason="Look."),
    "resume": lambda plan, by: plans.resume(plan, actor=by),
    "cancel": lambda plan, by: plans.cancel(plan, actor=by, reason="No."),
    "undo": lambda plan, by: plans.cancel(plan, actor=by, reason="No.", compensate=True),
}
ON_STEPS: dict[str, Callable[[Step, Actor], object]] = {
    "release": lambda step, by: plans.release(step, actor=by),
    "skip": lambda step, by: plans.skip(step, actor=by, reason="It can go."),
    "override": lambda step, by: plans.override(step, {"vendors": [{"name": "V9"}]}, actor=by, reason="I know."),
    "answer": lambda step, by: plans.answer(step, {"yes": True}, actor=by),
}
DECIDE: dict[str, Callable[[Proposal, Actor], object]] = {
    "approve": lambda made, by: decisions.approve(made, actor=by, fingerprint=made.fingerprint),
    "reject": lambda made, by: decisions.reject(made, actor=by, reason="No."),
    "return": lambda made, by: decisions.ask_changes(made, actor=by, reason="Why?"),
}
BACK = {"compensation": "back"}
TEMPLATES: dict[str, tuple[dict[str, Any], ...]] = {
    "wide": (
        {"key": "find"} | BACK,
        {"key": "ask", "after": ["find"], "each": "find.vendors", "gather": "any"} | BACK,
        {"key": "free", "after": ["ask"], "deadline": 48, "remind_after": 5, "on_failure": "skip"},
        {"key": "end", "after": ["free"]},
    ),
    "rough": (
        {"key": "odd", "attempts": 3, "on_failure": "retry"},
        {"key": "bad", "on_failure": "branch", "branch": "instead"},
        {"key": "instead", "after": ["bad"]} | BACK,
        {"key": "stop", "after": ["odd", "instead"], "join": "any"},
        {"key": "worst", "after": ["stop"], "on_failure": "compensate"},
    ),
    "sums": (
        {"key": "one", "task": "add"},
        {"key": "two", "task": "add", "after": ["one"]},
        {"key": "three", "task": "add", "after": ["one"], "attempts": 3, "on_failure": "skip"},
        {"key": "odd", "task": "add", "after": ["two", "three"]},
        {"key": "act", "after": ["odd"]},
        {"key": "four", "task": "add", "after": ["act"]},
    ),
    "people": (
        {"key": "decide", "role": "person", "task": "decide", "remind_after": 1},
        {"key": "block", "compensation": "proposals"},
        {"key": "count", "role": "site", "task": "count_stock", "pool": "harare"}
        | {"given": {"item": "plan.item", "location": "plan.where"}},
        {"key": "end", "after": ["decide", "block", "count"]},
    ),
}


def _free(context: Any) -> Outcome:
    """Every second time its turn comes while it is still asking."""
    if context.memory.get("asked"):
        return Finish({})
    if context.plan.pk % 2:
        with transaction.atomic():
            record("turn.come", actor=Actor.system("tests"), entity=context.entity, objects=[FREE])
    return AskPerson([FREE], "its turn", memory={"asked": True})


def _odd(context: Any) -> Outcome:
    if context.lease.attempt % 2:
        raise RuntimeError("An odd one.")
    return Finish({})


def _refuse(_context: Any) -> Outcome:
    raise InvalidInput("No.")


ACTS: dict[str, Callable[[Any], Outcome]] = {
    "find": lambda context: Finish({"vendors": [{"name": "V1"}, {"name": "V2"}]}),
    "ask-2": lambda context: (
        Await([FREE], "its turn", until=context.now + timedelta(hours=3))
        if not context.lease.step.tries.filter(outcome="waits").exists()
        else Finish({})
    ),
    "free": _free,
    "odd": _odd,
    "bad": _refuse,
    "stop": lambda context: Park("Look."),
    "worst": _refuse,
    "block": stories.block_a_vendor,
}
pick = st.integers(0, 30)
#: At which place on its way a process dies; mostly at none.
deaths = st.one_of(st.none(), st.none(), st.integers(0, 12))


class Course(RuleBasedStateMachine):
    """On a company that the test has made; what one course does to it is taken back after it."""

    entity: LegalEntity

    def __init__(self) -> None:
        super().__init__()
        self.around = taken_back()
        self.around.__enter__()
        acting.ACTS.update(ACTS)
        self.watch = Watch()
        self.people = {each.username: Actor.human(each) for each in Person.objects.all()}

    def teardown(self) -> None:
        """Everything heals: then everything is done, or waits for somebody who can be named."""
        try:
            self._heal()
            assert [*self.watch.broken(), *lost()] == []
        finally:
            self.around.__exit__(None, None, None)

    def _heal(self) -> None:
        olga = self.people["olga"]
        for each in Switch.objects.filter(stopped=True):
            switches.turn(each.scope, stop=False, actor=olga, entity=self.entity)
        for plan in Plan.objects.exclude(paused_at=None):
            plans.resume(plan, actor=olga)
        idle = 0
        for _ in range(stories.MOST_ROUNDS):
            worked = self._dying(None, self._visit_until_nothing)
            if worked or self._dying(None, crowd.act):
                idle = 0
            elif idle < 6:
                crowd.pass_time(timedelta(minutes=20 * 2**idle))
                idle += 1
            else:
                break

    def _visit_until_nothing(self) -> int:
        moved = 0
        while now := doorbell.answer(only=stories.ANSWERERS):
            moved += now
        return moved

    def _dying(self, at: int | None, act: Callable[[], Any], *, alone: bool = True) -> Any:
        """The process dies at that place; a verb by itself that is refused has changed nothing."""
        passed = 0

        def hook(point: str) -> None:
            nonlocal passed
            passed += 1
            self.watch.acts += point == "acting"
            if at is not None and passed == at + 1:
                raise stories.Killed

        crashpoints.hook = hook
        before = Entry.objects.count()
        try:
            return act()
        except stories.Killed:
            return None
        except DomainError:
            assert not alone or Entry.objects.count() == before
            return None
        finally:
            crashpoints.hook = None

    @rule(name=st.sampled_from(sorted(TEMPLATES)), at=deaths)
    def start(self, name: str, at: int | None) -> None:
        inputs = {"item": "ITM-0118", "where": "Harare"}
        self._dying(
            at,
            lambda: plans.start(
                template=name,
                subject=ObjectRef("requisition", "PR-00001"),
                entity=self.entity,
                actor=Actor.system("tests"),
                inputs=inputs,
            ),
        )

    @rule(at=deaths, times=st.integers(1, 2))
    def visit(self, at: int | None, times: int) -> None:
        for _ in range(times):
            self._dying(at, lambda: doorbell.answer(only=stories.ANSWERERS, rounds=3))

    @precondition(lambda self: Plan.objects.exists())
    @rule(verb=st.sampled_from(sorted(ON_PLANS)), which=pick, at=deaths)
    def steer(self, verb: str, which: int, at: int | None) -> None:
        plan = list(Plan.objects.order_by("pk"))[which % Plan.objects.count()]
        self._dying(at, lambda: ON_PLANS[verb](plan, self.people["ben"]))

    @precondition(lambda self: Plan.objects.exists())
    @rule(verb=st.sampled_from(sorted(ON_STEPS)), which=pick, at=deaths)
    def move(self, verb: str, which: int, at: int | None) -> None:
        wanted = Step.objects.exclude(status__in=("pending", "cancelled")).order_by("-pk")
        if found := list(wanted):
            step = found[which % len(found)]
            self._dying(at, lambda: ON_STEPS[verb](step, self.people["ben"]))

    @precondition(lambda self: Proposal.objects.filter(status="waiting").exists())
    @rule(verb=st.sampled_from(sorted(DECIDE)), who=st.sampled_from(["ada", "amir"]), at=deaths)
    def decide(self, verb: str, who: str, at: int | None) -> None:
        made = Proposal.objects.filter(status="waiting").latest("pk")
        self._dying(at, lambda: DECIDE[verb](made, self.people[who]))

    @rule(scope=st.sampled_from(["all", "role:fake", "role:undo", "plan"]), stop=st.booleans())
    def press(self, scope: str, stop: bool) -> None:
        plan = Plan.objects.order_by("pk").last()
        named = f"plan:{plan.reference}" if scope == "plan" and plan else scope
        by = self.people["olga"]
        self._dying(None, lambda: switches.turn(named, stop=stop, actor=by, entity=self.entity, reason="Look."))

    @rule()
    def tell(self) -> None:
        record("turn.come", actor=Actor.system("tests"), entity=self.entity, objects=[FREE])

    @rule(end=st.sampled_from(["finish", "fail", "nothing", "nonsense"]), at=deaths)
    def work_elsewhere(self, end: str, at: int | None) -> None:
        worker = EdgeWorker.objects.get()

        def work() -> None:
            if (assignment := leasing.take(worker)) is None:
                return
            leasing.beat(worker, assignment.lease)
            if end == "finish":
                leasing.finish(worker, assignment.lease, COUNTED)
                leasing.finish(worker, assignment.lease, COUNTED)
            elif end == "fail":
                leasing.fail(worker, assignment.lease, "No key.", lasting=False)
            elif end == "nonsense":
                leasing.finish(worker, assignment.lease, {"quantity": "many"})

        self._dying(at, work, alone=False)

    @rule(by=st.sampled_from([1, 60, 600, 7200, 90_000, -3600]))
    def pass_time(self, by: int) -> None:
        crowd.pass_time(timedelta(seconds=by))

    @invariant()
    def holds(self) -> None:
        assert self.watch.broken() == []


@pytest.fixture
def company(entity, ada, amir, ben, olga, rita, monkeypatch):
    stories.let_the_fake_role(monkeypatch)
    stories.set_up_gate(entity, ada, amir)
    make_vendor("VEN-001", entity=entity)
    stories.with_a_worker_elsewhere(entity)
    for name, steps in TEMPLATES.items():
        inputs = {"item": "item", "where": "text"}
        acting.make_template(entity, *steps, name=name, inputs=inputs)
    return entity


def run(company, **how: Any) -> None:
    machine = type("Course", (Course,), {"entity": company})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine, settings=settings(deadline=None, database=None, suppress_health_check=checks, **how)
    )


def test_a_few_courses_of_events(company):
    run(company, max_examples=4, stateful_step_count=20, derandomize=True, phases=[Phase.generate])


@pytest.mark.long
def test_many_courses_of_events(company):
    run(company, max_examples=int(os.environ.get("COURSES", "400")), stateful_step_count=40)
