"""What keeps a template from being published, with the place: tables of bad templates, and any JSON at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import roles, templates, values
from agents.definition import MOST_STEPS, StepSpec, parse
from agents.errors import BadTemplate
from agents.outcomes import Finish
from agents.roles import Specification

VENDOR = {"vendor": "vendor", "score": "decimal", "note": "text?"}
#: A role that finds, asks, weighs and takes back; and one that says nothing of what it takes and gives.
SPECIFICATION = Specification(
    name="typed",
    purpose="",
    reads=(),
    may_propose=frozenset(),
    tasks=dict.fromkeys(("find", "ask", "weigh", "close", "unask"), lambda context: Finish({})),
    takes={
        "find": {},
        "ask": {"vendor": "vendor", "hours": "integer?"},
        "weigh": {"answers": "list of any"},
        "close": {"event": "event", "at": "date?"},
        "unask": {"vendor": "vendor", "receipt": "text"},
    },
    gives={
        "find": {"event": "event", "count": "integer", "best": VENDOR, "vendors": [VENDOR], "by": "date?"},
        "ask": {"answer": "decimal", "said": "text"},
        "weigh": {"total": "decimal", "good": "boolean"},
    },
    remote=frozenset({"find"}),
)


@pytest.fixture(autouse=True)
def _typed_role() -> None:
    roles.register("typed", module=__name__)


def definition(*steps: Any, **fields: Any) -> dict[str, Any]:
    told = [{"role": "typed"} | each if isinstance(each, dict) else each for each in steps]
    return (
        {"title": "T", "subject": "requisition", "inputs": {"hours": "integer", "names": "list of text"}}
        | fields
        | {"steps": told}
    )


def places(data: Any) -> list[tuple[str, str, int]]:
    return [(each.step, each.field, each.column) for each in templates.problems(data)]


FIND = {"key": "find"}
ASK = {"key": "ask", "after": ["find"], "each": "find.vendors", "given": {"vendor": "item.vendor"}}
WEIGH = {"key": "weigh", "after": ["ask"], "given": {"answers": "ask.branches"}}


def test_a_template_with_everything_in_it_is_sound():
    ask = ASK | {"given": {"vendor": "item.vendor", "hours": "plan.hours"}, "gather": 2, "on_failure": "skip"}
    check = {"key": "check", "task": "ask", "after": ["ask"], "along": "ask", "given": {"vendor": "item.vendor"}}
    weigh = {"key": "weigh", "after": ["ask", "check"], "given": {"answers": "ask.branches"}, "join": "any",
             "when": "steps.find.count > 1 && steps.ask.done >= 2 && steps.find.by != null",
             "on_failure": "branch", "branch": "person"}  # fmt: skip
    person = {"key": "person", "role": "person", "task": "decide", "after": ["weigh"], "deadline": 48}
    close = {"key": "close", "after": ["weigh", "person"], "given": {"event": "find.event", "at": "find.by"},
             "compensation": "proposals", "join": 1}  # fmt: skip
    assert templates.problems(definition(FIND, ask, check, weigh, person, close)) == []


def test_all_that_ships_is_sound_and_hands_over_what_each_task_takes():
    for name, data in templates.shipped().items():
        assert templates.problems(data) == [], name
        for spec in parse(data).steps:
            # A dossier is of everybody, unless the template hands it one seller.
            taken = roles.of(spec.role).takes[spec.task].keys() - ({"vendor"} if not spec.each else set())
            # What a person is asked is the step's label.
            assert spec.given.keys() == taken - {"question"}, (name, spec.key)


@pytest.mark.parametrize("name", sorted(roles.specifications()))
def test_each_task_of_each_role_says_what_it_takes_and_gives(name):
    role = roles.of(name)
    assert role.gives.keys() == role.tasks.keys()
    assert role.takes.keys() in (role.tasks.keys(), set()), "all of its tasks, or none as for undoing"
    for record in (*role.takes.values(), *role.gives.values()):
        assert values.is_type(record), record


BAD: list[tuple[str, list[dict[str, Any]], list[tuple[str, str, int]], str]] = [
    ("no role", [{"key": "a", "role": "oracle"}], [("a", "role", 0)], "no role “oracle”"),
    ("a role of the engine's own", [{"key": "a", "role": "undo", "task": "proposals"}], [("a", "role", 0)], "undone"),
    ("no task", [{"key": "a"}], [("a", "task", 0)], "no task “a”. It has: ask, close, find, unask, weigh"),
    ("not a step", [FIND | {"after": ["x"]}], [("find", "after", 0)], "“x”, which is not a step"),
    ("itself", [FIND | {"after": ["find"]}], [("find", "after", 0)], "circle: find → find"),
    ("twice after", [FIND, WEIGH | {"after": ["find", "find"], "given": {"answers": "find.vendors"}}],
     [("weigh", "after", 0)], "twice"),
    ("the same key", [FIND, FIND], [("find", "key", 0)] * 2, "“find” is there 2 times"),
    ("no key", [{"key": "Bad Key", "task": "find"}], [("Bad Key", "key", 0)], "small letters"),
    ("a reserved key", [{"key": "plan", "task": "find"}], [("plan", "key", 0)], "not plan, item or steps"),
    ("too long a key", [{"key": "a" * 33, "task": "find"}], [("a" * 33, "key", 0)], "32"),
    ("nothing needed", [FIND, {"key": "close", "after": ["find"]}], [("close", "given", 0)], "needs “event” (event)"),
    ("not taken", [FIND | {"given": {"x": "plan.hours"}}], [("find", "given", 0)], "takes no “x”. It takes: nothing"),
    ("wrong type", [FIND, {"key": "close", "after": ["find"], "given": {"event": "find.count"}}],
     [("close", "given", 0)], "“find.count” is integer; event is wanted"),
    ("may be missing", [FIND, {"key": "ask", "after": ["find"], "given": {"vendor": "find.best.note"}}],
     [("ask", "given", 0)], "“find.best.note” is text, or nothing; vendor is wanted"),
    ("no such field", [FIND, {"key": "close", "after": ["find"], "given": {"event": "find.evnt"}}],
     [("close", "given", 0)], "“find” gives no “evnt”"),
    ("a later step", [FIND | {"given": {}}, {"key": "close", "given": {"event": "find.event"}}],
     [("close", "given", 0)], "“find” does not come before this step"),
    ("no input", [FIND, ASK | {"given": {"vendor": "item.vendor", "hours": "plan.days"}}],
     [("ask", "given", 0)], "no input “days”"),
    ("no item", [FIND, {"key": "ask", "after": ["find"], "given": {"vendor": "item.vendor"}}],
     [("ask", "given", 0)], "no item"),
    ("no field of the item", [FIND, ASK | {"given": {"vendor": "item.name"}}], [("ask", "given", 0)], "no “name”"),
    ("each is no list", [FIND, ASK | {"each": "find.event", "given": {"vendor": "find.best.vendor"}}],
     [("ask", "each", 0)], "“find.event” is event, not a list"),
    ("each of nobody", [FIND, ASK | {"each": "nobody.x", "given": {"vendor": "find.best.vendor"}}],
     [("ask", "each", 0)], "not a step"),
    ("each of its own item", [FIND, ASK | {"each": "item.vendor", "given": {"vendor": "find.best.vendor"}}],
     [("ask", "each", 0)], "no item"),
    ("along one without branches", [FIND, {"key": "ask", "after": ["find"], "along": "find",
     "given": {"vendor": "find.best.vendor"}}], [("ask", "along", 0)], "no branches"),
    ("along one that it does not follow", [FIND, ASK, {"key": "b", "task": "ask", "after": ["find"], "along": "ask",
     "given": {"vendor": "find.best.vendor"}}], [("b", "along", 0)], "directly after"),
    ("both each and along", [FIND, ASK, ASK | {"key": "b", "task": "ask", "after": ["find", "ask"], "along": "ask"}],
     [("b", "along", 0)], "not both"),
    ("gather without branches", [FIND | {"gather": "any"}], [("find", "gather", 0)], "only a step with branches"),
    ("gather more than there are", [FIND, ASK | {"gather": 9, "at_most": 8}], [("ask", "gather", 0)], "1 to 8"),
    ("join more than there are", [FIND, ASK | {"join": 2}], [("ask", "join", 0)], "1 to 1"),
    ("a branch that nobody names", [FIND | {"on_failure": "branch"}], [("find", "branch", 0)], "name the step"),
    ("a branch for nothing", [FIND, ASK | {"branch": "find"}], [("ask", "branch", 0)], "only for"),
    ("a branch that comes before", [FIND, ASK | {"branch": "find", "on_failure": "branch"}],
     [("ask", "branch", 0)], "directly after"),
    ("a branch that is no step", [FIND | {"branch": "x", "on_failure": "branch"}], [("find", "branch", 0)], "“x”"),
    ("no such compensation", [FIND | {"compensation": "regret"}], [("find", "compensation", 0)], "“regret”"),
    ("a compensation that lacks something", [FIND, ASK | {"compensation": "unask"}],
     [("ask", "compensation", 0)], "needs “receipt” (text)"),
    ("a fact that nobody tells", [FIND | {"reconsider": ["vendor.blockd"]}], [("find", "reconsider", 0)],
     "Did you mean “vendor.blocked”?"),
    ("a fact twice", [FIND | {"reconsider": ["bid.expired", "bid.expired"]}], [("find", "reconsider", 0)], "twice"),
    ("branches looked at again", [FIND, ASK | {"reconsider": ["bid.expired"]}], [("ask", "reconsider", 0)],
     "mark one before it"),
    ("a person asked again", [FIND, {"key": "p", "role": "person", "task": "decide", "reconsider": ["bid.expired"]}],
     [("p", "reconsider", 0)], "answer stands"),
    ("no pool", [FIND | {"pool": "Big Pool"}], [("find", "pool", 0)], "small letters"),
    ("not for remote workers", [FIND, ASK | {"pool": "far"}], [("ask", "pool", 0)], "remote workers may not"),
    ("a typo in a condition", [FIND, ASK | {"when": "true && steps.find.cuont > 1"}],
     [("ask", "when", 9)], "“find” gives no “cuont”. Did you mean “count”?"),
    ("a type error in a condition", [FIND, ASK | {"when": "steps.find.count > 'x'"}], [("ask", "when", 18)],
     "does not go"),
    ("a condition on a later step", [FIND | {"when": "steps.ask.done > 1"}, ASK], [("find", "when", 1)],
     "not a step that"),
    ("half a condition", [FIND, ASK | {"when": "steps.find.count >"}], [("ask", "when", 19)], "Syntax error"),
    ("no condition", [FIND, ASK | {"when": "steps.find.count"}], [("ask", "when", 0)], "true or false; this is a int"),
    ("too long a condition", [FIND, ASK | {"when": "true || " * 80}], [("ask", "when", 0)], "500"),
    ("loops in loops", [FIND, ASK | {"when": "steps.find.vendors.all(a, steps.find.vendors.all(b, "
     "steps.find.vendors.all(c, true)))"}], [("ask", "when", 71)], "at most 2 loops"),
    ("endless branches", [FIND, ASK, {"key": "b", "task": "ask", "after": ["ask"], "each": "ask.branches",
     "given": {"vendor": "find.best.vendor"}}], [("b", "at_most", 0)],
     "up to 2,500 branches along ask → b; at most 500"),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "at", "says"), [each[1:] for each in BAD], ids=[each[0] for each in BAD])
def test_each_problem_has_its_place(steps, at, says):
    found = templates.problems(definition(*steps))
    assert [(each.step, each.field, each.column) for each in found] == at
    assert says in found[0].message
    with pytest.raises(BadTemplate) as refused:
        templates.require_sound("t", definition(*steps))
    assert [each["field"] for each in refused.value.context["problems"]] == [each[1] for each in at]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timeout", 0), ("timeout", 3601), ("attempts", 0), ("attempts", 21), ("at_most", 0), ("at_most", 51),
        ("first_delay", 0), ("longest_delay", 1), ("longest_delay", 86_401), ("remind_after", -1), ("deadline", 8761),
        ("tier", "huge"), ("latency", "warm"), ("on_failure", "pray"), ("label", "x" * 81), ("join", 0),
        ("join", "some"),
        ("gather", 0), ("timeout", "5"), ("timeout", 5.0), ("timeout", True), ("timeout", None), ("timeout", 2**60),
        ("key", 7), ("key", None), ("role", []), ("task", {}), ("when", 1), ("after", "find"), ("after", [1]),
        ("after", None), ("given", []), ("given", {"x": 1}), ("each", ["a"]), ("pool", 3), ("surprise", 1),
        ("label", None), ("join", 1.5), ("gather", []),
    ],
)  # fmt: skip
def test_each_field_has_its_bounds(field, value):
    found = templates.problems(definition(FIND | {field: value}))
    assert found
    assert {each.field for each in found} == {field}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"), ({"title": "x" * 121}, "title"), ({"title": 3}, "title"), ({"title": None}, "title"),
        ({"subject": "moon"}, "subject"), ({"subject": []}, "subject"), ({"purpose": "x" * 501}, "purpose"),
        ({"inputs": {"A b": "text"}}, "inputs"), ({"inputs": {"a": "moon"}}, "inputs"), ({"inputs": []}, "inputs"),
        ({"inputs": {"a": 1}}, "inputs"), ({"inputs": {f"a{n}": "text" for n in range(31)}}, "inputs"),
        ({"colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_so_has_the_template_itself(fields, field):
    assert {each[1] for each in places(definition(FIND, **fields))} == {field}


@pytest.mark.parametrize("steps", [None, {}, "x", 3, [], [1], [[]], [None], [{}], [{"key": "a"}]])
def test_steps_that_are_none_are_refused(steps):
    assert places({"title": "T", "subject": "requisition", "steps": steps})


def test_ten_thousand_steps_are_refused_by_their_number():
    many = [FIND | {"key": f"s{n}", "task": "find"} for n in range(10_000)]
    (found,) = templates.problems(definition(*many))
    assert str(found) == f"steps: A template has 1 to {MOST_STEPS} steps, not 10,000."


def test_a_hundred_steps_in_a_row_with_a_condition_each_are_looked_at_without_recursion():
    chain = [
        {"key": f"s{n}", "task": "find", "after": [f"s{n - 1}"] if n else [],
         "when": f"steps.s{n - 1}.count > 0" if n else ""}
        for n in range(100)
    ]  # fmt: skip
    assert templates.problems(definition(*reversed(chain))) == []


def test_more_steps_than_a_plan_can_have_are_refused_however_they_come_about():
    wide = [ASK | {"key": f"s{n}", "task": "ask"} for n in range(41)]
    assert places(definition(FIND, *wide)) == [("", "steps", 0)]


@pytest.mark.parametrize(
    ("text", "says"),
    [("[" * 50_000, "deep"), ("{", "not JSON"), ('"' + "x" * 100_001, "at most 100,000"), (b"\xff\xfe", "not JSON")],
)
def test_a_text_is_refused_before_or_while_it_is_read(text, says):
    with pytest.raises(BadTemplate, match=says):
        templates.from_json(text)


def test_brackets_by_the_thousand_and_characters_that_no_database_keeps_are_refused():
    deep: Any = []
    for _n in range(5_000):
        deep = [deep]
    assert places(definition(FIND, inputs=deep)) == [("", "", 0)]
    for character in ("\x00", "\ud800"):
        assert places(definition(FIND | {"label": f"a{character}"})) == [("", "", 0)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
WORD = st.sampled_from(["a", "b", "find", "ask", "typed", "person", "decide", "find.vendors", "item", "plan.hours",
                        "all", "any", "steps.a.count > 1", "branch", "proposals", "a.branches", ""])  # fmt: skip
OPTIONAL = [each for each in StepSpec.__slots__ if each not in ("key", "role")]
STEP = st.fixed_dictionaries(
    {"key": WORD, "role": WORD},
    optional={name: WORD | st.lists(WORD, max_size=3) | st.integers(-1, 60) | JSON for name in OPTIONAL},
) | st.fixed_dictionaries(
    {"key": st.sampled_from("abc"), "role": st.just("typed"), "task": st.sampled_from(["find", "ask"])},
    optional={
        "after": st.lists(st.sampled_from("abc"), max_size=2), "along": st.sampled_from("abc"),
        "each": st.sampled_from(["a.vendors", "b.branches", "item.x"]), "branch": st.sampled_from("abc"),
        "given": st.dictionaries(st.sampled_from(["vendor"]), st.sampled_from(["item.vendor", "a.best", "b.x"])),
        "on_failure": st.sampled_from(["branch", "skip"]),
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(data=JSON | st.fixed_dictionaries({"title": JSON, "subject": JSON, "steps": st.lists(STEP, max_size=5)}))
def test_any_json_is_sound_or_has_problems_and_never_a_crash(data):
    found = templates.problems(data)
    assert all(each.message for each in found)
    json.dumps([each.as_json() for each in found])
    if not found:
        assert parse(data).steps
