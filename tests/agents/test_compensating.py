"""Undoing a plan: in reverse, by proposals like any other, and told in full what was undone and what was not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from agents import engine, plans, standing
from agents.models import Plan, Step
from agents.outcomes import Finish, Park
from approvals import bounds, policies
from approvals.models import Proposal
from ledger import chain, crashpoints, replay, switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput, NotAllowed, Stale
from ledger.journal import history_of
from tests.agents import acting
from tests.agents.acting import ACTED, ACTS, make_template, start, statuses, step
from tests.agents.market import approve, reject, work
from tests.cast import make_person
from tests.vendors.rows import make_vendor
from vendors.commands import BlockVendor
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
OWN = {"compensation": "back"}
STORY = (
    {"key": "a"} | OWN,
    {"key": "b", "after": ["a"]} | OWN,
    {"key": "c", "after": ["b"]},
    {"key": "d", "after": ["c"], "on_failure": "compensate"},
)


@pytest.fixture(autouse=True)
def fake(monkeypatch):
    """The role can take back what it did, and may propose to block a supplier."""
    spec = type(acting.SPECIFICATION)(
        name="fake", purpose="", reads=(), may_propose=frozenset({"BlockVendor"}),
        tasks={"act": acting.act, "back": acting.act},
    )  # fmt: skip
    monkeypatch.setattr(acting, "SPECIFICATION", spec)
    own = {"commands": ["BlockVendor"], "rate_per_hour": 60, "suppliers_per_event": 5}
    monkeypatch.setitem(bounds.SHIPPED, "fake", own | {"max_amount": None, "max_per_day": None})


def refuse(_context):
    raise InvalidInput("No.")


def finished(plan):
    return chain.read(history_of(ObjectRef("plan", plan.reference)).get(kind="plan.finished"))["data"]


def replayed():
    """The suppliers of these tests were never told to the journal."""
    assert [each for each in replay.differences() if each.kind == "plan"] == []


def undo(plan, by, reason="Not needed."):
    return plans.cancel(plan, actor=Actor.human(by), reason=reason, compensate=True)


def test_a_failure_takes_back_what_was_done_the_newest_first(entity):
    seen = {}
    ACTS["d"] = refuse
    ACTS["b"] = lambda context: Finish({"held": "12"})
    for key in ("undo-a", "undo-b"):
        ACTS[key] = lambda context: Finish(seen.setdefault(context.spec.key, dict(context.given)))
    plan = start(entity, *STORY)
    engine.answer()
    plan.refresh_from_db()
    assert ACTED == ["a", "b", "c", "d", "undo-b", "undo-a"]
    assert (plan.status, plan.reason) == ("cancelled", "“d” failed")
    assert seen == {"undo-a": {"attempt": 1}, "undo-b": {"held": "12"}}
    assert [step(plan, each).undoes.key for each in ("undo-a", "undo-b")] == ["a", "b"]
    assert (step(plan, "undo-a").after, step(plan, "undo-b").after) == (["undo-b"], [])
    assert finished(plan) == {"status": "cancelled", "undone": ["a", "b"], "not_undone": ["c"]}
    replayed()


def test_a_person_undoes_a_plan_at_work(entity, ben):
    ACTS["b"] = lambda context: undo(plan, ben) and Finish({"late": True})
    plan = start(entity, *STORY)
    engine.answer()
    assert statuses(plan) == {"a": "done", "b": "cancelled", "c": "cancelled", "d": "cancelled", "undo-a": "done"}
    assert step(plan, "b").result is None
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == ("cancelled", "Not needed.")
    assert finished(plan)["undone"] == ["a"]
    replayed()


def test_where_nothing_was_done_the_plan_just_ends(entity, ben):
    plan = undo(start(entity, *STORY), ben)
    assert (plan.status, set(statuses(plan).values())) == ("cancelled", {"cancelled"})
    replayed()


def test_an_undoing_that_fails_needs_a_person_and_keeps_the_rest_for_later(entity, ben):
    ACTS["d"] = refuse
    ACTS["undo-b"] = lambda context: Park("The warehouse does not answer.")
    plan = start(entity, *STORY)
    engine.answer()
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == ("parked", "“d” failed")
    assert (step(plan, "undo-b").status, step(plan, "undo-a").status) == ("parked", "pending")
    replayed()
    with pytest.raises(Stale, match="being undone already"):
        undo(plan, ben)
    plans.release(step(plan, "undo-b"), actor=Actor.human(ben))
    engine.answer()
    assert step(plan, "undo-b").status == "parked"
    plans.skip(step(plan, "undo-b"), actor=Actor.human(ben), reason="They are closed.")
    plan.refresh_from_db()
    assert plan.status == "compensating"
    engine.answer()
    assert finished(plan) == {"status": "cancelled", "undone": ["a"], "not_undone": ["b", "c"]}
    replayed()


def test_what_is_being_undone_can_be_paused_and_left_as_it_is(entity, ben):
    ACTS["d"] = refuse
    ACTS["undo-b"] = lambda context: Park("Look.")
    plan = start(entity, *STORY)
    engine.answer()
    plans.pause(plan, actor=Actor.human(ben), reason="Wait.")
    plan.refresh_from_db()
    assert (plan.status, plan.reason) == ("paused", "“d” failed")
    with pytest.raises(Stale, match="being undone"):
        plans.override(step(plan, "a"), {}, actor=Actor.human(ben), reason="I know.")
    plans.cancel(plan, actor=Actor.human(ben), reason="Leave it.")
    assert finished(plan) == {"status": "cancelled", "undone": [], "not_undone": ["a", "b", "c"]}
    replayed()


def test_each_branch_is_undone_and_the_step_that_gathers_is_not(entity):
    ACTS["a"] = lambda context: Finish({"of": ["x", "y"]})
    ACTS["d"] = refuse
    each = {"key": "b", "after": ["a"], "each": "a.of", "given": {"it": "item"}} | OWN
    seen = []
    for key in ("undo-b-1", "undo-b-2"):
        ACTS[key] = lambda context: seen.append(context.given["it"]) or Finish({})
    plan = start(entity, {"key": "a"}, each, {"key": "d", "after": ["b"], "on_failure": "compensate"})
    engine.answer()
    assert seen == ["y", "x"]
    assert finished(plan) == {"status": "cancelled", "undone": ["b-1", "b-2"], "not_undone": ["a"]}
    replayed()


def test_branches_that_fail_undo_the_plan_through_the_step_that_gathers(entity):
    ACTS["a"] = lambda context: Finish({"of": ["x", "y"]})
    ACTS["b-1"] = refuse
    each = {"key": "b", "after": ["a"], "each": "a.of", "on_failure": "compensate"}
    plan = start(entity, {"key": "a"} | OWN, each)
    engine.answer()
    assert (step(plan, "b").status, step(plan, "undo-a").status) == ("failed", "done")
    plan.refresh_from_db()
    assert plan.status == Plan.Status.CANCELLED
    replayed()


def test_a_kill_while_the_way_back_is_laid_out_leaves_all_or_nothing(entity, later):
    ACTS["d"] = refuse

    def die(point):
        if point == "compensating":
            raise KeyboardInterrupt

    crashpoints.hook = die
    plan = start(entity, *STORY)
    with pytest.raises(KeyboardInterrupt):
        engine.answer()
    assert len(statuses(plan)) == 4
    crashpoints.hook = None
    later(3600)
    engine.answer()
    plan.refresh_from_db()
    assert (plan.status, finished(plan)["undone"]) == ("cancelled", ["a", "b"])


# What was proposed.


@pytest.fixture
def proposed(entity, ada, amir, rita):
    """A plan whose first step proposes to block a supplier and waits for it; asked for by Rita."""
    bounds.set_up_shipped(entity)
    policies.publish_genesis(entity=entity, by=[ada, amir])
    make_vendor("VEN-001", entity=entity)

    def block(context):
        made = context.propose(
            purpose="block",
            commands=[BlockVendor(vendor="VEN-001", reason="Missing papers")],
            rationale="because",
            confidence=Decimal("0.9"),
        )
        return standing.unless_carried_out(made) or Finish({"proposal": made.reference})

    ACTS["a"] = block
    ACTS["b"] = lambda context: Park("Look.")
    steps = ({"key": "a", "compensation": "proposals"}, {"key": "b", "after": ["a"], "on_failure": "ask"})
    plan = plans.start(
        template=make_template(entity, *steps),
        subject=ObjectRef("requisition", "PR-00001"),
        entity=entity,
        actor=Actor.system("tests"),
        requested_by=rita,
    )
    work()
    return plan


def carried_out(ada) -> Proposal:
    made = Proposal.objects.get()
    approve(made, ada)
    work()
    assert Vendor.objects.get().status == "blocked"
    return made


def test_what_a_person_undoes_is_undone_in_their_name(proposed, ada, ben):
    made = carried_out(ada)
    undo(proposed, ben)
    work()
    made.refresh_from_db()
    undoing = Proposal.objects.get(undo_of=made)
    assert (undoing.author, undoing.status) == (Actor.human(ben), "carried_out")
    assert (undoing.plan["plan"], undoing.plan["step"]) == (proposed.reference, "undo-a")
    assert (made.status, Vendor.objects.get().status) == ("undone", "approved")
    assert step(proposed, "undo-a").result == {"undone": [made.reference], "not_undone": []}
    assert finished(proposed)["undone"] == ["a"]
    replayed()


def test_what_a_failure_undoes_a_person_decides(proposed, ada, ben):
    made = carried_out(ada)
    b = step(proposed, "b")
    Step.objects.filter(pk=b.pk).update(spec=b.spec | {"on_failure": "compensate"})
    ACTS["b"] = refuse
    plans.release(step(proposed, "b"), actor=Actor.human(ben))
    work()
    undoing = Proposal.objects.get(undo_of=made)
    assert (undoing.author, undoing.status) == (Actor.agent("undo"), "waiting")
    assert (step(proposed, "undo-a").status, step(proposed, "undo-a").asks_person) == ("waiting", True)
    proposed.refresh_from_db()
    assert proposed.status == "compensating"
    approve(undoing, ada)
    work()
    proposed.refresh_from_db()
    assert (proposed.status, Vendor.objects.get().status) == ("cancelled", "approved")
    replayed()


def test_what_people_refuse_to_undo_stays_and_is_told(proposed, ada, ben):
    made = carried_out(ada)
    b = step(proposed, "b")
    Step.objects.filter(pk=b.pk).update(spec=b.spec | {"on_failure": "compensate"})
    ACTS["b"] = refuse
    plans.release(step(proposed, "b"), actor=Actor.human(ben))
    work()
    reject(Proposal.objects.get(undo_of=made), ada, "The papers are still missing.")
    work()
    assert step(proposed, "undo-a").result == {"undone": [], "not_undone": [made.reference]}
    assert finished(proposed) == {"status": "cancelled", "undone": [], "not_undone": ["a"]}
    assert Vendor.objects.get().status == "blocked"
    replayed()


def test_what_still_waits_for_a_decision_is_withdrawn(proposed, ben):
    undo(proposed, ben)
    work()
    made = Proposal.objects.get()
    assert (made.status, Vendor.objects.get().status) == ("withdrawn", "approved")
    assert step(proposed, "undo-a").status == "done"
    proposed.refresh_from_db()
    assert proposed.status == "cancelled"
    replayed()


def test_what_cannot_be_undone_any_more_is_a_person_s_task(proposed, ada, ben):
    made = carried_out(ada)
    made.carried.update(compensation=None)
    undo(proposed, ben)
    work()
    assert step(proposed, "undo-a").status == "parked"
    assert "Cannot be undone" in step(proposed, "undo-a").error
    plans.skip(step(proposed, "undo-a"), actor=Actor.human(ben), reason="It stays.")
    assert finished(proposed)["not_undone"] == ["a"]


@pytest.mark.parametrize("scope", ["role:undo", "plan"])
def test_a_stop_holds_the_undoing_too(proposed, entity, ada, ben, scope):
    carried_out(ada)
    named = scope if scope != "plan" else f"plan:{proposed.reference}"
    switches.turn(named, stop=True, actor=Actor.human(ben), entity=entity)
    undo(proposed, ben)
    work()
    assert not Proposal.objects.exclude(undo_of=None).exists()
    assert step(proposed, "undo-a").status == "ready"


def test_who_may_not_undo_proposals_cancels_without(proposed, entity, monkeypatch):
    from ledger import rights

    monkeypatch.setitem(rights.RIGHTS, "proposal.undo", frozenset({"approver"}))
    buyer = make_person("bea", "buyer", entity=entity)
    with pytest.raises(NotAllowed):
        undo(proposed, buyer)
    proposed.refresh_from_db()
    assert (proposed.compensating_at, step(proposed, "a").status) == (None, "waiting")
