"""The rules by which a plan goes on, as tables; and what holds of any plan, however its steps end."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import flow
from agents.flow import At, Failing, Standing, StepState, decide
from agents.models import Plan, Step


def make(key: str, status: str = "pending", after: tuple[str, ...] = (), **spec: Any) -> StepState:
    return StepState(key, status, after, {"key": key, **spec})


def branch(key: str, status: str, after: tuple[str, ...] = (), **spec: Any) -> StepState:
    parent, _, number = key.rpartition("-")
    return StepState(key, status, after, {"key": key, **spec}, fanned=parent, branch=int(number), item=number)


def look(status: str) -> StepState:
    return StepState("again1-a", status, ("a",), {"key": "again1-a"}, again="a")


LOOKS = {
    "ready": ("pending", "running"),
    "running": ("pending", "running"),
    "waiting": ("pending", "waiting"),
    "parked": ("pending", "parked"),
    "done": ("ready", "running"),
    "skipped": ("ready", "running"),
    "cancelled": ("ready", "cancelled"),
}


@pytest.mark.parametrize("status", LOOKS)
@pytest.mark.parametrize("between", [(), ("b",)], ids=["directly", "behind another"])
def test_nothing_begins_behind_a_step_that_is_looked_at_again(status, between):
    steps = [make("a", "done"), *(make(key, "done", ("a",)) for key in between)]
    moves = decide([*steps, make("x", after=between or ("a",)), look(status)])
    assert (where("x", moves), moves.status) == LOOKS[status]


def test_what_does_not_come_after_it_goes_on():
    moves = decide([make("a", "done"), make("b", "done"), make("x", after=("b",)), look("running")])
    assert moves.ready == ("x",)


HAND_OVER = {"on_failure": "branch", "branch": "x"}
JOINS: dict[str, tuple[Mapping[str, Any], tuple[str, ...], str]] = {
    "all: nothing before it": ({}, (), "ready"),
    "all: one still runs": ({}, ("done", "running"), "pending"),
    "all: all done": ({}, ("done", "done"), "ready"),
    "all: a skipped one counts": ({}, ("done", "skipped"), "ready"),
    "all: one failed": ({}, ("done", "failed"), "skipped"),
    "all: one failed and one runs": ({}, ("running", "failed"), "pending"),
    "all: one is parked": ({}, ("done", "parked"), "pending"),
    "any: nothing before it": ({"join": "any"}, (), "ready"),
    "any: the first": ({"join": "any"}, ("done", "running"), "ready"),
    "any: none yet": ({"join": "any"}, ("failed", "running"), "pending"),
    "any: none can be": ({"join": "any"}, ("failed", "skipped"), "skipped"),
    "two: one done, one open": ({"join": 2}, ("done", "waiting", "failed"), "pending"),
    "two: two done": ({"join": 2}, ("done", "done", "running"), "ready"),
    "two: too few can be": ({"join": 2}, ("done", "failed", "skipped"), "skipped"),
    "a join that nobody knows": ({"join": "most"}, ("done",), "parked"),
    "nought": ({"join": 0}, ("done",), "parked"),
}


@pytest.mark.parametrize("name", JOINS)
def test_a_step_joins_what_comes_before_it(name):
    spec, before, becomes = JOINS[name]
    keys = [f"s{number}" for number in range(len(before))]
    moves = decide([*map(make, keys, before), make("x", after=tuple(keys), **spec)])
    assert where("x", moves) == becomes


def where(key: str, moves: flow.Moves) -> str:
    told = {"ready": moves.ready, "skipped": moves.skipped, "parked": moves.parked, "failed": moves.failed}
    told |= {"done": moves.gathered}
    return next((name for name, keys in told.items() if key in keys), "pending")


TAKES_OVER: dict[str, tuple[dict[str, str], dict[str, Any], str]] = {
    "it failed": ({"p": "failed"}, {}, "ready"),
    "it did not fail": ({"p": "done"}, {}, "skipped"),
    "it was skipped": ({"p": "skipped"}, {}, "skipped"),
    "not yet known": ({"p": "running"}, {}, "pending"),
    "it failed, another still runs": ({"p": "failed", "q": "running"}, {}, "pending"),
    "it failed and so did one that hands nothing over": ({"p": "failed", "q": "failed"}, {}, "skipped"),
    "any: a failure handed over counts": ({"p": "failed", "q": "running"}, {"join": "any"}, "ready"),
    "any: it did not fail": ({"p": "done", "q": "done"}, {"join": "any"}, "skipped"),
}


@pytest.mark.parametrize("name", TAKES_OVER)
def test_a_step_takes_over_from_one_that_failed(name):
    before, spec, becomes = TAKES_OVER[name]
    steps = [make(key, at, **(HAND_OVER if key == "p" else {})) for key, at in before.items()]
    assert where("x", decide([*steps, make("x", after=tuple(before), **spec)])) == becomes


def test_either_way_the_paths_meet_again():
    def plan(p: str, x: str) -> list[StepState]:
        return [make("p", p, **HAND_OVER), make("x", x, ("p",)), make("z", after=("p", "x"), join="any")]

    assert decide(plan("done", "pending")).ready == ("z",)
    assert decide(plan("failed", "running")).ready == ()
    assert decide(plan("failed", "done")).ready == ("z",)


def test_conditions_decide_after_the_join_and_only_then_results_are_read():
    asked = []

    def results() -> dict[str, dict[str, Any]]:
        asked.append(1)
        return {"a": {"go": 0}}

    steps = [make("a", "running"), make("b", after=("a",), when="steps.a.go == 1"), make("c", after=("b",))]
    assert decide(steps, results=results).status == "running"
    assert asked == []
    moves = decide([make("a", "done"), *steps[1:]], results=results)
    assert (dict(moves.skipped), moves.ready) == ({"b": "its condition does not hold"}, ("c",))


@pytest.mark.parametrize("when", ["steps.a.missing == 1", "steps.nobody.go == 1"])
def test_a_condition_that_cannot_be_answered_parks_the_step(when):
    moves = decide([make("a", "done"), make("b", after=("a",), when=when)], results=lambda: {"a": {"go": 1}})
    assert list(moves.parked) == ["b"]
    assert moves.status == "parked"


def test_a_step_after_one_that_is_not_there_is_parked():
    moves = decide([make("b", after=("ghost",)), make("c", along="ghost")])
    assert list(moves.parked) == ["b", "c"]


def fan(items: Any, **spec: Any) -> flow.Moves:
    steps = [
        make("find", "done"),
        make("ask", after=("find",), each="find.vendors", label="Ask", when="steps.find.go == true", **spec),
        make("check", after=("ask",), along="ask", when="steps.ask.fine == true"),
        make("file", after=("check",)),
    ]
    return decide(steps, results=lambda: {"find": {"vendors": items, "go": True}})


def test_a_step_fans_out_and_what_goes_along_follows_branch_by_branch():
    moves = fan(["V1", "V2"])
    asks, checks = moves.fanned_out["ask"], moves.fanned_out["check"]
    assert [(each.key, each.item, each.branch, each.after, each.fanned) for each in asks] == [
        ("ask-1", "V1", 1, ("find",), "ask"),
        ("ask-2", "V2", 2, ("find",), "ask"),
    ]
    assert [(each.key, each.item, each.after) for each in checks] == [
        ("check-1", "V1", ("ask-1",)),
        ("check-2", "V2", ("ask-2",)),
    ]
    assert moves.ready == ("ask-1", "ask-2")
    assert dict(moves.notes) == {"ask": "0 of 2 branches", "check": "0 of 2 branches"}
    assert (asks[0].spec["each"], asks[0].spec["when"], asks[0].spec["label"]) == ("", "", "Ask 1")
    assert checks[0].spec["when"] == "steps.ask.fine == true"
    assert moves.status == "running"


def test_an_empty_list_is_done_with_no_branches():
    moves = fan([])
    assert dict(moves.gathered) == {key: {"branches": [], "done": 0, "failed": 0} for key in ("ask", "check")}
    assert (moves.ready, dict(moves.fanned_out)) == (("file",), {"ask": (), "check": ()})


@pytest.mark.parametrize(
    ("items", "spec", "says"),
    [
        (["V1"] * 51, {}, "51 elements; this step takes at most 50"),
        (["V1"] * 3, {"at_most": 2}, "3 elements; this step takes at most 2"),
        ("V1", {}, "is no list"),
        (None, {}, "is no list"),
        (["V1"], {"at_most": "few"}, "“at_most” is “few”"),
    ],
)
def test_what_cannot_be_fanned_out_is_parked_with_the_reason(items, spec, says):
    moves = fan(items, **spec)
    assert says in moves.parked["ask"]
    assert not moves.fanned_out
    assert moves.status == "parked"


def test_what_goes_along_a_step_that_was_skipped_is_skipped():
    steps = [
        make("ask", "skipped", each="x.y"),
        make("check", after=("ask",), along="ask"),
        make("z", after=("check",)),
    ]
    moves = decide(steps)
    assert (list(moves.skipped), moves.ready) == (["check"], ("z",))


def test_a_branch_sees_the_earlier_steps_of_its_own_branch():
    steps = [
        make("ask", "done", each="find.vendors"),
        make("check", "waiting", ("ask",), along="ask"),
        branch("ask-1", "done"),
        branch("ask-2", "done"),
        branch("check-1", "pending", ("ask-1",), along="ask", when="steps.ask.fine == true"),
        branch("check-2", "pending", ("ask-2",), along="ask", when="steps.ask.fine == true"),
    ]
    moves = decide(steps, results=lambda: {"ask": {"done": 2}, "ask-1": {"fine": True}, "ask-2": {"fine": False}})
    assert (moves.ready, list(moves.skipped)) == (("check-1",), ["check-2"])


def test_what_is_seen_from_further_down_a_branch():
    after = {"ask-1": [], "check-1": ["ask-1"], "rank-1": ["check-1", "other"]}
    results = {"ask": {"n": 0}, "ask-1": {"n": 1}, "check-1": {"n": 2}, "other": {"n": 3}, "check": {"n": 4}}
    seen = flow.seen_from("rank-1", after, results)
    assert {name: seen[name]["n"] for name in ("ask", "check", "other")} == {"ask": 1, "check": 2, "other": 3}
    assert "check" not in flow.seen_from("rank-1", after, {name: results[name] for name in ("ask", "other")})


GATHERINGS: dict[str, tuple[Any, tuple[str, ...], str, dict[str, Any]]] = {
    "all: all done": ("all", ("done", "done"), "done", {}),
    "all: one left": ("all", ("done", "waiting"), "pending", {}),
    "all: a skipped one is no failure": ("all", ("done", "skipped"), "done", {}),
    "all: one failed, asked": ("all", ("failed", "running"), "parked", {}),
    "all: one failed, retried": ("all", ("failed", "running"), "parked", {"on_failure": "retry"}),
    "all: one failed, skipped": ("all", ("failed", "running"), "skipped", {"on_failure": "skip"}),
    "all: one failed, handed over": ("all", ("failed", "running"), "failed", {"on_failure": "branch"}),
    "all: one failed, undone": ("all", ("failed", "running"), "failed", {"on_failure": "compensate"}),
    "any: one done": ("any", ("done", "running", "parked"), "done", {}),
    "any: none yet": ("any", ("failed", "parked"), "pending", {}),
    "any: none can be": ("any", ("failed", "skipped"), "parked", {}),
    "two of three": (2, ("done", "done", "running"), "done", {}),
    "two of three, one yet": (2, ("done", "parked", "failed"), "pending", {}),
    "two of three cannot be": (2, ("done", "failed", "skipped"), "parked", {}),
    "nobody knows": ("most", ("done", "done"), "parked", {}),
}


@pytest.mark.parametrize("name", GATHERINGS)
def test_branches_are_gathered(name):
    gather, statuses, becomes, spec = GATHERINGS[name]
    branches = [branch(f"ask-{n}", at) for n, at in enumerate(statuses, start=1)]
    whole = make("ask", "waiting", each="x.y", gather=gather, **spec)
    moves = decide([whole, *branches], results=lambda: {f"ask-{n}": {"n": n} for n in range(1, 9)})
    assert where("ask", moves) == becomes
    left = [each.key for each in branches if each.status not in flow.ENDED]
    assert sorted(moves.skipped.keys() - {"ask"}) == (left if becomes in flow.SETTLED else [])
    assert moves.compensate == ("ask" if spec.get("on_failure") == "compensate" else "")


def test_what_is_gathered_is_told_branch_by_branch():
    whole = make("ask", "waiting", each="x.y", gather="any")
    steps = [whole, branch("ask-1", "failed"), branch("ask-2", "done"), branch("ask-3", "running")]
    result = decide(steps, results=lambda: {"ask-2": {"price": "1"}}).gathered["ask"]
    assert (result["done"], result["failed"]) == (1, 1)
    assert [(each["key"], each["status"], each["result"]) for each in result["branches"]] == [
        ("ask-1", "failed", None),
        ("ask-2", "done", {"price": "1"}),
        ("ask-3", "skipped", None),
    ]


@pytest.mark.parametrize(("lead", "becomes"), [("skipped", "skipped"), ("failed", "skipped"), ("parked", "pending")])
@pytest.mark.parametrize("first", [True, False])
def test_what_goes_along_a_step_ends_with_it(lead, becomes, first):
    whole, along = make("ask", lead, each="x.y"), make("check", "waiting", ("ask",), along="ask")
    branches = [branch("ask-1", "failed"), branch("check-1", "skipped", ("ask-1",), along="ask")]
    moves = decide([*((whole, along) if first else (along, whole)), *branches])
    assert where("check", moves) == becomes


def test_a_branch_whose_lead_was_left_out_is_left_out_too():
    steps = [
        make("ask", "waiting", each="x.y"),
        make("check", "waiting", ("ask",), along="ask"),
        branch("ask-1", "skipped"),
        branch("ask-2", "running"),
        branch("check-1", "pending", ("ask-1",), along="ask"),
        branch("check-2", "pending", ("ask-2",), along="ask"),
    ]
    assert list(decide(steps).skipped) == ["check-1"]


@pytest.mark.parametrize(
    ("said", "more", "becomes"),
    [
        ("ask", {}, Failing.PARK),
        ("", {}, Failing.PARK),
        ("of the future", {}, Failing.PARK),
        ("retry", {"rounds": 2}, Failing.RETRY),
        ("retry", {"rounds": 3}, Failing.PARK),
        ("skip", {}, Failing.SKIP),
        ("branch", {}, Failing.FAIL),
        ("compensate", {}, Failing.COMPENSATE),
        ("compensate", {"fanned": True}, Failing.FAIL),
        ("skip", {"undoes": True}, Failing.PARK),
    ],
)
def test_what_becomes_of_a_failure(said, more, becomes):
    assert flow.failing({"on_failure": said} if said else {}, **more) == becomes


STANDINGS: dict[str, tuple[tuple[str, ...], dict[str, bool], str]] = {
    "something is ready": (("done", "ready", "parked"), {}, "running"),
    "something is at work": (("running", "waiting"), {}, "running"),
    "parked before waiting": (("parked", "waiting"), {}, "parked"),
    "all that is left waits": (("done", "waiting", "pending"), {}, "waiting"),
    "all settled": (("done", "skipped", "failed"), {}, "done"),
    "ended early": (("done", "cancelled"), {}, "cancelled"),
    "paused, whatever it does": (("running", "parked"), {"paused": True}, "paused"),
    "done although paused": (("done",), {"paused": True}, "done"),
}


@pytest.mark.parametrize("name", STANDINGS)
def test_what_a_plan_is_doing(name):
    statuses, how, becomes = STANDINGS[name]
    assert flow.standing([(each, False) for each in statuses], **how) == becomes


@pytest.mark.parametrize(
    ("undoing", "becomes"),
    [
        ((), "cancelled"),
        (("ready",), "compensating"),
        (("waiting", "pending"), "compensating"),
        (("parked", "pending"), "parked"),
        (("done", "skipped"), "cancelled"),
        (("done", "cancelled"), "cancelled"),
    ],
)
def test_while_it_is_undone_only_what_undoes_counts(undoing, becomes):
    steps = [("done", False), ("cancelled", False), *((each, True) for each in undoing)]
    assert flow.standing(steps, compensating=True) == becomes


def test_the_words_are_those_of_the_tables():
    assert {str(each) for each in At} == set(Step.Status.values)
    assert {str(each) for each in Standing} == set(Plan.Status.values)
    assert set(Step.SETTLED) == flow.SETTLED


# Any plan whose steps come after earlier ones, with outcomes that are given beforehand.

OUTCOMES = ("done", "skipped", "failed")
STEP = st.fixed_dictionaries(
    {
        "after": st.lists(st.integers(0, 9), max_size=4, unique=True),
        "join": st.sampled_from(["all", "all", "any", 1, 2, 3]),
        "ends": st.sampled_from(["done", "done", "done", *OUTCOMES]),
        "hands_over": st.integers(0, 3),
        "go": st.booleans(),
        "asks": st.booleans(),
        "items": st.one_of(st.none(), st.lists(st.integers(0, 9), max_size=4)),
        "along": st.booleans(),
    }
)


def laid_out(drawn: list[dict[str, Any]]) -> tuple[list[StepState], dict[str, str], dict[str, dict[str, Any]]]:
    """Steps, how each ends if it is begun, and with which result."""
    keys = [f"s{number}" for number in range(len(drawn))]
    steps: list[StepState] = []
    ends, results = {}, {}
    for number, (key, each) in enumerate(zip(keys, drawn, strict=True)):
        after = tuple(dict.fromkeys(keys[one % number] for one in each["after"])) if number else ()
        spec: dict[str, Any] = {"key": key, "join": each["join"], "gather": "all", "on_failure": "skip"}
        leads = [one for one in after if steps[keys.index(one)].spec.get("each")]
        lists = [one for one in after if drawn[keys.index(one)]["items"] is not None]
        if leads and each["along"]:
            spec |= {"along": leads[0], "join": "all"}
        elif lists and each["join"] == "all" and not steps[keys.index(lists[0])].spec.get("each"):
            spec["each"] = f"{lists[0]}.items"
        results[key] = {"go": each["go"], "items": each["items"]}
        ends[key] = each["ends"]
        steps.append(StepState(key, At.PENDING, after, spec))
    for number, each in enumerate(drawn):
        later = [one.key for one in steps if keys[number] in one.after and not one.spec.get("along")]
        if each["hands_over"] and later and not steps[number].spec.get("each"):
            handed = {"on_failure": "branch", "branch": later[each["hands_over"] % len(later)]}
            steps[number] = StepState(keys[number], At.PENDING, steps[number].after, {**steps[number].spec, **handed})
    return steps, ends, results


def run(drawn: list[dict[str, Any]], pick: Callable[[list[str]], str]) -> dict[str, str]:
    """Plays it to its end: whichever step `pick` names ends next. Returns the statuses, but for branches: which of
    them are left over once another one has failed is a matter of time."""
    laid, ends, results = laid_out(drawn)
    steps = {each.key: each for each in laid}
    done: dict[str, Mapping[str, Any]] = {}
    for _ in range(500):
        moves = decide(list(steps.values()), results=lambda: done)
        for each in (branch for branches in moves.fanned_out.values() for branch in branches):
            steps[each.key] = each
        apply(steps, moves, done)
        assert_inputs_are_there(steps, moves)
        ready = sorted(key for key, each in steps.items() if each.status == At.READY)
        if not ready:
            assert moves.status in (Standing.DONE, Standing.PARKED), steps
            return {key: str(each.status) for key, each in steps.items() if not each.fanned}
        key = pick(ready)
        whole = flow.parent_of(key) or key
        steps[key] = at(steps[key], ends[whole])
        if ends[whole] == At.DONE:
            done[key] = results[whole]
    raise AssertionError("it never ends")


def at(step: StepState, status: str) -> StepState:
    return StepState(
        step.key, status, step.after, step.spec, step.fanned, step.branch, step.item, step.undoes, step.note
    )


def apply(steps: dict[str, StepState], moves: flow.Moves, done: dict[str, Mapping[str, Any]]) -> None:
    for status, keys in (
        (At.READY, moves.ready),
        (At.WAITING, moves.notes),
        (At.SKIPPED, moves.skipped),
        (At.PARKED, moves.parked),
        (At.FAILED, moves.failed),
        (At.DONE, moves.gathered),
    ):
        for key in keys:
            steps[key] = at(steps[key], status)
    done |= moves.gathered


def assert_inputs_are_there(steps: Mapping[str, StepState], moves: flow.Moves) -> None:
    for key in moves.ready:
        step = steps[key]
        before = [steps[each].status for each in step.after]
        if step.spec["join"] == "all":
            assert all(each in flow.SETTLED for each in before), key
        elif before:
            needed = 1 if step.spec["join"] == "any" else step.spec["join"]
            handed = [steps[each].status == At.FAILED and steps[each].spec.get("branch") == key for each in step.after]
            assert before.count(At.DONE) + sum(handed) >= needed, key


@settings(max_examples=200, deadline=None)
@given(drawn=st.lists(STEP, min_size=1, max_size=9), seed=st.integers(0, 2**32))
def test_any_plan_ends_and_comes_to_the_same_in_whatever_order_its_steps_end(drawn, seed):
    shuffled = random.Random(seed)
    first = run(drawn, lambda ready: ready[0])
    assert run(drawn, lambda ready: ready[-1]) == first
    assert run(drawn, shuffled.choice) == first
