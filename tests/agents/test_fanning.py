"""Fan-out and gathering as the tables and the journal show them; what a template hands each branch."""

from __future__ import annotations

import pytest

from agents import engine, flow, plans
from agents.entries import plan_ref
from agents.models import Plan, Step
from agents.outcomes import Finish, Park
from ledger import crashpoints, replay
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import InvalidInput
from ledger.journal import history_of
from tests.agents.acting import ACTED, ACTS, make_template, start, statuses, step

pytestmark = pytest.mark.django_db
FIND = {"key": "find"}
ASK = {"key": "ask", "after": ["find"], "each": "find.vendors", "given": {"vendor": "item", "days": "find.days"}}
CHECK = {"key": "check", "after": ["ask"], "along": "ask", "given": {"price": "ask.price", "vendor": "item.name"}}
RANK = {"key": "rank", "after": ["check"], "given": {"checked": "check.branches"}}


def vendors(*names):
    ACTS["find"] = lambda context: Finish({"vendors": [{"name": each} for each in names], "days": 3})


def replayed():
    assert list(replay.differences()) == []


def refuse(_context):
    raise InvalidInput("No quote.")


def test_each_element_has_a_branch_that_is_handed_its_own(entity):
    vendors("V1", "V2")
    for number in (1, 2):
        ACTS[f"ask-{number}"] = lambda context: Finish(
            {"price": f"{context.spec.key}:{context.given['vendor']['name']}:{context.given['days']}"}
        )
        ACTS[f"check-{number}"] = lambda context: Finish(dict(context.given))
    ACTS["rank"] = lambda context: Finish({"seen": [each["result"] for each in context.given["checked"]]})
    plan = start(entity, FIND, ASK, CHECK, RANK)
    engine.answer()
    plan.refresh_from_db()
    assert plan.status == Plan.Status.DONE
    assert step(plan, "rank").result == {
        "seen": [{"price": "ask-1:V1:3", "vendor": "V1"}, {"price": "ask-2:V2:3", "vendor": "V2"}]
    }
    assert (step(plan, "ask").attempts, step(plan, "ask").result["done"]) == (0, 2)
    branch = step(plan, "check-2")
    assert (branch.fanned.key, branch.branch, branch.item, branch.after) == ("check", 2, {"name": "V2"}, ["ask-2"])
    kinds = [each.kind for each in history_of(plan_ref(plan))]
    assert kinds.count("step.fanned_out") == kinds.count("step.gathered") == 2
    replayed()


def test_while_branches_are_open_the_step_says_how_many_are_done(entity):
    vendors("V1", "V2")
    ACTS["ask-2"] = lambda context: Park("Look.")
    plan = start(entity, FIND, ASK)
    engine.answer()
    plan.refresh_from_db()
    assert (step(plan, "ask").status, step(plan, "ask").waiting_for) == ("waiting", "1 of 2 branches")
    assert (plan.status, plan.reason) == ("parked", "Ask 2: Look.")
    replayed()


def test_the_first_of_any_is_enough_and_the_others_lose_their_fence(entity):
    vendors("V1", "V2")
    ACTS["ask-1"] = lambda context: Park("Look.")
    plan = start(entity, FIND, ASK | {"gather": "any"}, {"key": "end", "after": ["ask"]})
    engine.answer()
    assert statuses(plan) == {"find": "done", "ask": "done", "ask-1": "skipped", "ask-2": "done", "end": "done"}
    assert step(plan, "ask-1").fence > 1
    assert [each["status"] for each in step(plan, "ask").result["branches"]] == ["skipped", "done"]
    replayed()


def test_too_many_elements_park_the_step_without_an_attempt_and_a_shorter_list_frees_it(entity, ben):
    vendors("V1", "V2", "V3")
    plan = start(entity, FIND, ASK | {"at_most": 2})
    engine.answer()
    parked = step(plan, "ask")
    assert (parked.status, parked.attempts) == ("parked", 0)
    assert "at most 2" in parked.error
    replayed()
    plans.release(parked, actor=Actor.human(ben))
    assert step(plan, "ask").status == "parked"
    one = {"vendors": [{"name": "V1"}], "days": 1}
    plans.override(step(plan, "find"), one, actor=Actor.human(ben), reason="One will do.")
    replayed()
    engine.answer()
    assert statuses(plan) == {"find": "done", "ask": "done", "ask-1": "done"}
    replayed()


def test_a_branch_that_fails_leaves_it_to_the_step_that_gathers(entity):
    vendors("V1", "V2")
    ACTS["ask-1"] = refuse
    ask = ASK | {"on_failure": "branch", "branch": "instead"}
    plan = start(entity, FIND, ask, {"key": "instead", "after": ["ask"]})
    engine.answer()
    assert statuses(plan) == {
        "find": "done", "ask": "failed", "ask-1": "failed", "ask-2": statuses(plan)["ask-2"], "instead": "done",
    }  # fmt: skip
    replayed()


def test_released_a_step_gives_its_failed_branches_another_try(entity, ben):
    vendors("V1", "V2")
    ACTS["ask-1"] = refuse
    plan = start(entity, FIND, ASK | {"on_failure": "branch", "branch": "x"}, {"key": "x", "after": ["ask"]})
    Step.objects.filter(plan=plan, key="ask").update(spec=step(plan, "ask").spec | {"on_failure": "ask"})
    engine.answer()
    # The branches keep the terms with which the step was fanned out.
    Step.objects.filter(plan=plan, key="ask-1").update(status="failed")
    Step.objects.filter(plan=plan, key="ask").update(status="parked")
    ACTS.clear()
    plans.release(step(plan, "ask"), actor=Actor.human(ben))
    engine.answer()
    assert (step(plan, "ask-1").status, step(plan, "ask").status) == ("done", "done")


def test_an_empty_list_is_done_at_once(entity):
    vendors()
    plan = start(entity, FIND, ASK, CHECK, RANK)
    engine.answer()
    assert set(statuses(plan).values()) == {"done"}
    assert ACTED == ["find", "rank"]
    replayed()


def test_a_kill_while_branches_are_made_leaves_none_or_all(entity, later):
    vendors("V1", "V2")
    plan = start(entity, FIND, ASK)

    def die(point):
        if point == "fanned_out":
            raise KeyboardInterrupt

    crashpoints.hook = die
    with pytest.raises(KeyboardInterrupt):
        engine.answer()
    assert set(statuses(plan)) == {"find", "ask"}
    crashpoints.hook = None
    later(3600)
    engine.answer()
    assert set(statuses(plan)) == {"find", "ask", "ask-1", "ask-2"}
    assert set(statuses(plan).values()) == {"done"}


def test_a_key_of_forty_letters_and_its_branches_and_their_undoing_fit():
    longest = "undo-" + "k" * 40 + flow.BRANCH + "50"
    assert len(longest) <= Step._meta.get_field("key").max_length


def test_a_list_that_the_plan_was_started_with_has_its_branches_too(entity):
    """Its element is what each is handed; a step without `after` fans out at the start."""
    template = make_template(
        entity,
        {"key": "ask", "each": "plan.sellers", "given": {"vendor": "item"}},
        name="with-inputs",
        inputs={"sellers": "list of vendor"},
    )
    plan = plans.start(
        template=template,
        subject=ObjectRef("requisition", "PR-00001"),
        entity=entity,
        actor=Actor.system("tests"),
        inputs={"sellers": ["VEN-001", "VEN-002"]},
    )
    engine.answer()
    assert [each["item"] for each in step(plan, "ask").result["branches"]] == ["VEN-001", "VEN-002"]
    assert set(statuses(plan).values()) == {"done"}
