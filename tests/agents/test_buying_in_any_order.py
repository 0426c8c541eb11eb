"""Whatever people, suppliers, remote workers, time, notices and faults do while a company buys, in any order, the rules
hold after each of it; and when all of them let go, everything comes to an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from agents import plans
from agents.edge import leasing
from agents.models import EdgeWorker, Plan, Step
from agents.outcomes import Finish
from approvals import decisions
from approvals.models import Proposal
from ledger import clock, crashpoints, doorbell, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError
from ledger.models import Entry, LegalEntity, Person, Switch
from procure import notices
from tests.agents import acting, crowd, market, stories
from tests.agents.invariants import Watch, lost
from tests.agents.stories import ANSWERERS, LONG, Killed

pytestmark = pytest.mark.django_db
LONGER = settings(max_examples=60, stateful_step_count=30)
#: Rounds in which everything must have come to its end.
MOST_ROUNDS = 200
LINE = ({"key": "first"}, {"key": "then", "after": ["first"]}, {"key": "last", "after": ["then"]})
WHY = "A drill."


@pytest.fixture
def company(entity, ada, amir, ben, olga, rita, cost_centre, monkeypatch) -> LegalEntity:
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    tasks = {"act": acting.act, "back": acting.act, "pure": lambda context: Finish({})}
    specification = replace(
        acting.SPECIFICATION, tasks=tasks, quick=frozenset({"back", "pure"}), pure=frozenset({"pure"})
    )
    monkeypatch.setattr(acting, "SPECIFICATION", specification)
    stories.with_a_worker_elsewhere(entity)
    return entity


class Anything(RuleBasedStateMachine):
    """Each example happens inside a savepoint, and never happened afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.entity = LegalEntity.objects.get()
        self.watch, self.number = Watch(), 0
        self.around = transaction.atomic()
        self.around._from_testcase = True  # durable blocks may open inside, as in a test of its own
        self.around.__enter__()

    def teardown(self) -> None:
        try:
            self.let_go()
        finally:
            crashpoints.hook = None
            transaction.set_rollback(True)
            self.around.__exit__(None, None, None)
            mail.outbox.clear()
            acting.ACTS.clear()
            clock.shift(timedelta(0))
            clock.trust()

    # What there is.

    def actor(self, name: str = "ben") -> Actor:
        return Actor.human(Person.objects.get(username=name))

    def one(self, rows: Any, place: int) -> Any:
        found = list(rows.order_by("pk"))
        return found[place % len(found)] if found else None

    def tried(self, act: Callable[[], Any]) -> None:
        """What is refused changes nothing."""
        before = self.told()
        try:
            act()
        except DomainError:
            assert self.told() == before

    def told(self) -> tuple[Any, ...]:
        return Entry.objects.count(), list(Step.objects.order_by("pk").values_list("pk", "status", "fence", "attempts"))

    # People begin things.

    @precondition(lambda self: self.number < 3)
    @rule(kind=st.sampled_from(["everything", "line", "pure", "request"]))
    def begin(self, kind: str) -> None:
        self.number += 1
        if kind == "request":
            stories.asked_for(stories.WORDS)(self.entity)
        elif kind == "everything":
            if not Plan.objects.filter(start_key="e" * 64).exists():
                stories.begin_everything(self.entity)
        else:
            steps = [dict(each) | ({"task": "pure"} if kind == "pure" else {}) for each in LINE]
            plans.start(
                template=acting.make_template(self.entity, *steps, name=kind),
                subject=ObjectRef("requisition", f"PR-0000{self.number}"),
                entity=self.entity,
                actor=Actor.system("tests"),
            )

    # Workers come, twice or not at all, and die.

    @rule(times=st.integers(1, 2))
    def visit(self, times: int) -> None:
        for _ in range(times):
            self.watched(lambda: doorbell.answer(only=ANSWERERS))

    @rule(place=st.integers(0, 60))
    def die(self, place: int) -> None:
        left = [place]

        def hook(point: str) -> None:
            self.watch.acts += point == "acting"
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        crashpoints.hook = hook
        try:
            doorbell.answer(only=ANSWERERS)
        except Killed:
            crowd.pass_time(LONG)
        finally:
            crashpoints.hook = None

    def watched(self, act: Callable[[], Any]) -> Any:
        def hook(point: str) -> None:
            self.watch.acts += point == "acting"

        crashpoints.hook = hook
        try:
            return act()
        finally:
            crashpoints.hook = None

    @rule(by=st.sampled_from([timedelta(seconds=5), timedelta(minutes=30), timedelta(hours=3), timedelta(days=3)]))
    def time_passes(self, by: timedelta) -> None:
        crowd.pass_time(by)

    # People decide.

    @rule()
    def act_as_wanted(self) -> None:
        crowd.act()

    @rule(place=st.integers(0, 5), verb=st.sampled_from(["reject", "ask_changes"]))
    def say_no(self, place: int, verb: str) -> None:
        proposal = self.one(Proposal.objects.filter(status=Proposal.Status.WAITING), place)
        if proposal is not None:
            self.tried(lambda: getattr(decisions, verb)(proposal, actor=self.actor("ada"), reason=WHY))

    # People steer.

    @rule(place=st.integers(0, 3), verb=st.sampled_from(["pause", "resume", "cancel", "undo"]))
    def steer(self, place: int, verb: str) -> None:
        plan = self.one(Plan.objects.all(), place)
        if plan is None:
            return
        verbs: dict[str, Callable[[], Any]] = {
            "pause": lambda: plans.pause(plan, actor=self.actor(), reason=WHY),
            "resume": lambda: plans.resume(plan, actor=self.actor()),
            "cancel": lambda: plans.cancel(plan, actor=self.actor(), reason=WHY),
            "undo": lambda: plans.cancel(plan, actor=self.actor(), reason=WHY, compensate=True),
        }
        self.tried(verbs[verb])

    @rule(place=st.integers(0, 40), verb=st.sampled_from(["release", "skip", "override", "answer"]))
    def move(self, place: int, verb: str) -> None:
        step = self.one(Step.objects.filter(plan__status__in=Plan.LIVE), place)
        if step is None:
            return
        verbs: dict[str, Callable[[], Any]] = {
            "release": lambda: plans.release(step, actor=self.actor()),
            "skip": lambda: plans.skip(step, actor=self.actor(), reason=WHY),
            "override": lambda: plans.override(step, step.result or {}, actor=self.actor(), reason=WHY),
            "answer": lambda: plans.answer(step, crowd.GIVEN.get(step.spec["task"], {}), actor=self.actor()),
        }
        self.tried(verbs[verb])

    @rule(scope=st.sampled_from(["all", "role:fake", "role:sourcing", "sender:erp"]), stop=st.booleans())
    def press(self, scope: str, stop: bool) -> None:
        self.tried(lambda: switches.turn(scope, stop=stop, actor=self.actor("olga"), entity=self.entity, reason=WHY))

    # Others.

    @rule(late=st.booleans())
    def work_elsewhere(self, late: bool) -> None:
        worker = EdgeWorker.objects.get()
        if (assignment := leasing.take(worker)) is None:
            return
        self.watch.acts += 1
        if late:
            crowd.pass_time(LONG)
            doorbell.answer(only=ANSWERERS)
        result = {"quantity": "12.5", "unit": "box", "counted_on": "2026-11-25"}
        self.tried(lambda: leasing.finish(worker, assignment.lease, result))

    @rule(kind=st.sampled_from(["stock_out", "price_change", "delay"]), vendor=st.integers(1, 3))
    def hear(self, kind: str, vendor: int) -> None:
        price = {"new_price": "9", "currency": "USD"} if kind == "price_change" else {}
        self.tried(
            lambda: notices.record(
                kind=kind, vendor=f"VEN-00{vendor}", item=market.ITEM, actor=self.actor(), entity=self.entity, **price
            )
        )

    # What holds.

    @invariant()
    def nothing_is_broken(self) -> None:
        assert self.watch.broken() == []

    def let_go(self) -> None:
        """Buttons are released and plans go on; then there is nothing that nobody would do."""
        for scope in Switch.objects.filter(stopped=True).values_list("scope", flat=True):
            switches.turn(scope, stop=False, actor=self.actor("olga"), entity=self.entity)
        for plan in Plan.objects.exclude(paused_at=None):
            self.tried(lambda plan=plan: plans.resume(plan, actor=self.actor()))
        idle = 0
        for _ in range(MOST_ROUNDS):
            moved = self.watched(lambda: doorbell.answer(only=ANSWERERS)) or crowd.act()
            if moved:
                idle = 0
            elif idle < 4:
                crowd.pass_time(LONG * 2**idle)
                idle += 1
            else:
                break
        assert [*self.watch.broken(), *lost()] == []


@pytest.mark.long
def test_nothing_is_broken_in_many_orders(company):
    whole = settings(
        LONGER,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        database=None,
    )
    run_state_machine_as_test(Anything, settings=whole)
