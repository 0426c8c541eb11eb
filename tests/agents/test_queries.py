"""What pages and commands read about a plan."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agents import engine, queries
from agents.graph import Lane, Place, lay_out
from agents.outcomes import AskPerson, Finish, Park
from approvals.evidence import Claim, Row
from ledger.command import ObjectRef
from ledger.errors import NotFound
from tests.agents.acting import ACTS, make_template, start

PR = ObjectRef("requisition", "PR-00001")


def test_parallel_steps_share_a_column_and_stack_inside_their_role():
    layout = lay_out([("a", "x", []), ("b", "y", ["a"]), ("c", "x", ["a"]), ("d", "y", ["a"]), ("e", "x", ["b", "c"])])
    assert layout.lanes == (Lane("x", 0, 1), Lane("y", 1, 2))
    assert layout.places == {
        "a": Place(0, 0),
        "c": Place(1, 0),
        "e": Place(2, 0),
        "b": Place(1, 1),
        "d": Place(1, 2),
    }
    assert (layout.columns, layout.rows) == (3, 3)


@pytest.mark.django_db
def test_the_graph_says_what_each_step_is_doing_and_whom_it_waits_for(entity):
    claim = Claim("The price", "0.47", Row("item", "ITM-0001", "price_median"))
    ACTS["a"] = lambda context: Finish({"price": "0.47"}, [claim])
    ACTS["b"] = lambda context: AskPerson([PR], "Rita: 2 questions")
    ACTS["c"] = lambda context: Park("No supplier sells this.")
    plan = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c", "after": ["a"]})
    engine.answer()
    graph = queries.plan_graph(queries.plan(plan.reference))
    a, b, c = graph.nodes
    assert (a.state, a.evidence, a.attempts, a.waiting_for) == ("done", 1, 1, "")
    assert a.duration >= timedelta(0)
    assert (b.state, b.waiting_for, b.asks_person) == ("waiting", "Rita: 2 questions", True)
    assert (c.state, c.error) == ("parked", "No supplier sells this.")
    assert [(each.start, each.end, each.done) for each in graph.edges] == [("a", "b", True), ("a", "c", True)]
    assert graph.plan.status == "parked"
    assert [each.key for each in queries.parked_steps(entity)] == ["c"]
    assert [each.key for each in queries.asking_steps(entity)] == ["b"]


@pytest.mark.django_db
def test_an_unknown_plan_is_not_found(entity):
    with pytest.raises(NotFound):
        queries.plan("PLN-99999")


@pytest.mark.django_db
def test_the_oldest_due_step_is_told_by_the_database_clock(entity, later):
    assert queries.oldest_due() == timedelta(0)
    start(entity, {"key": "a"})
    later(120)
    assert queries.oldest_due(entity) >= timedelta(seconds=120)


def command(*args):
    out = StringIO()
    call_command("plan", *args, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_a_buyer_starts_shows_and_lists_plans_from_the_shell(entity, ben):
    make_template(entity, {"key": "a"})
    started = json.loads(command("start", "story", "requisition:PR-00001", "--by", "ben", "--json"))
    assert started["status"] == "running"
    engine.answer()
    shown = json.loads(command("show", started["reference"], "--json"))
    assert (shown["status"], shown["steps"][0]["result"]) == ("done", {"attempt": 1})
    assert [each["reference"] for each in json.loads(command("list", "--status", "done", "--json"))] == [
        started["reference"]
    ]
    assert "done       A" in command("show", started["reference"])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["story", "requisition:PR-00001", "--by", "rita"], "plan.manage"),
        (["story", "requisition:PR-00001", "--by", "nobody"], "nobody with the user name"),
        (["story", "PR-00001", "--by", "ben"], "kind:key"),
        (["story", "order:PO-00001", "--by", "ben"], "starts for a requisition"),
        (["unheard-of", "requisition:PR-00001", "--by", "ben"], "No plan template"),
    ],
)
def test_a_plan_that_may_not_start_says_why(entity, ben, rita, monkeypatch, args, says):
    monkeypatch.setattr("agents.templates.shipped", dict)
    make_template(entity, {"key": "a"})
    with pytest.raises(CommandError, match=says):
        command("start", *args)
    assert command("list") == ""
