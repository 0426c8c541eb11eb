"""`manage.py plan`: JSON and nothing else on standard output, exit codes, and who does a thing."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from agents import engine, roles
from agents.models import Plan
from agents.outcomes import Finish, Park
from ledger.command import ObjectRef
from ledger.journal import history_of
from ledger.models import LegalEntity
from tests.agents import acting
from tests.agents.acting import ACTS, start, statuses
from tests.console import staging

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fake_role(monkeypatch):
    monkeypatch.setattr("agents.templates.shipped", dict)
    roles.register("fake", module="tests.agents.acting")
    yield
    acting.ACTS.clear()
    acting.ACTED.clear()


def plan_command(*args: str) -> str:
    out = StringIO()
    call_command("plan", *args, stdout=out)
    return out.getvalue()


def answer(*args: str):
    return json.loads(plan_command(*args, "--json"))


def refused(*args: str) -> tuple[str, int]:
    with pytest.raises(CommandError) as caught:
        plan_command(*args, "--json")
    return str(caught.value), caught.value.returncode


@pytest.fixture
def plan(entity) -> Plan:
    """`a` is parked, `b` waits for it, `c` is done."""
    ACTS["a"] = lambda context: Park("No supplier sells this.")
    made = start(entity, {"key": "a"}, {"key": "b", "after": ["a"]}, {"key": "c"})
    engine.answer()
    made.refresh_from_db()
    return made


def test_a_plan_is_started_and_shown(entity, ben):
    acting.make_template(entity, {"key": "a"})
    for who in ("--as", "--by"):
        started = answer("start", "story", "requisition:PR-00001", who, "ben", "--inputs", '{"why": "x"}')
        assert (started["status"], started["subject"]["key"]) == ("running", "PR-00001")
    assert Plan.objects.first().inputs == {"why": "x"}
    assert answer("show", started["reference"])["steps"][0]["key"] == "a"


def test_a_plan_is_paused_and_resumed_in_the_name_of_a_person(plan, ben):
    assert answer("pause", plan.reference, "--as", "ben", "--reason", "New prices.")["status"] == "paused"
    assert answer("resume", plan.reference, "--as", "ben")["status"] == "parked"
    told = [(each.kind, each.actor_id) for each in history_of(ObjectRef("plan", plan.reference))]
    assert ("plan.paused", str(ben.pk)) in told
    assert ("plan.resumed", str(ben.pk)) in told


def test_a_parked_step_tries_again_named_or_when_it_is_the_only_one(plan, ben):
    assert answer("retry", plan.reference, "--as", "ben")["steps"][0]["status"] == "ready"
    engine.answer()
    ACTS.clear()
    answer("retry", plan.reference, "a", "--as", "ben")
    engine.answer()
    assert answer("show", plan.reference)["status"] == "done"


def test_a_plan_ends_with_or_without_undoing(entity, plan, ben):
    ended = answer("cancel", plan.reference, "--as", "ben", "--reason", "Not needed.")
    assert ended["status"] == "cancelled"
    ACTS["x"] = lambda context: Finish({})
    ACTS["y"] = lambda context: Park("Stuck.")
    other = start(entity, {"key": "x", "compensation": "act"}, {"key": "y", "after": ["x"]}, name="takes-back")
    engine.answer()
    ending = answer("cancel", other.reference, "--as", "ben", "--reason", "Not needed.", "--undo")
    assert ending["status"] == "compensating"
    assert "undo-x" in [each["key"] for each in ending["steps"]]
    assert [(each["key"], each["undoes"]) for each in answer("graph", other.reference)["nodes"]][-1] == ("undo-x", "x")


def test_the_graph_has_places_and_edges(plan):
    told = answer("graph", plan.reference)
    assert [(each["key"], each["column"], each["row"]) for each in told["nodes"]] == [
        ("a", 0, 0),
        ("b", 1, 0),
        ("c", 0, 1),
    ]
    assert told["edges"] == [{"from": "a", "to": "b", "done": False, "kind": "after"}]
    assert told["lanes"] == [{"role": "fake", "row": 0, "height": 2}]
    lines = plan_command("graph", plan.reference).splitlines()
    assert [line.split()[2] for line in lines] == ["a", "c", "b"]


def test_branches_are_one_node_unless_each_is_asked_for(entity):
    made = staging.plan(
        entity,
        [
            {"key": "a", "status": "waiting"},
            {"key": "a-1", "fanned": "a", "branch": 1, "item": "x", "status": "done"},
            {"key": "a-2", "fanned": "a", "branch": 2, "item": "y"},
        ],
    )
    (node,) = answer("graph", made.reference)["nodes"]
    assert node["branches"] == {"count": 2, "done": 1, "failed": 0, "gather": "all"}
    assert [each["key"] for each in answer("graph", made.reference, "--branches")["nodes"]] == ["a", "a-1", "a-2"]


def test_the_graph_is_drawn_into_a_file_that_stands_alone(plan, tmp_path):
    file = tmp_path / "plan.svg"
    plan_command("graph", plan.reference, "--svg", str(file))
    root = ElementTree.fromstring(file.read_text())  # noqa: S314  our own drawing
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = " ".join(root.itertext())
    assert "Needs a person" in words
    assert "--accent" in words
    assert "hx-get" not in file.read_text()
    assert "href" not in file.read_text()


def test_plans_are_listed_by_state_and_template(plan, entity):
    start(entity, {"key": "z"}, name="other")
    assert [each["template"] for each in answer("list")] == ["other", "story"]
    assert [each["template"] for each in answer("list", "--status", "parked")] == ["story"]
    assert [each["template"] for each in answer("list", "--template", "other")] == ["other"]
    assert len(answer("list", "--limit", "1")) == 1


@pytest.mark.parametrize(
    ("args", "says", "code"),
    [
        (["pause", "{plan}", "--as", "rita", "--reason", "x"], "plan.manage", 1),
        (["resume", "{plan}", "--as", "ben"], "not paused", 1),
        (["cancel", "{plan}", "--as", "ben", "--reason", " "], "Say why", 1),
        (["retry", "{plan}", "c", "--as", "ben"], "does not wait", 1),
        (["show", "PLN-99999"], "There is no plan", 1),
        (["pause", "{plan}", "--as", "nobody", "--reason", "x"], "nobody with the user name", 2),
        (["retry", "{plan}", "zz", "--as", "ben"], "It has: a, b, c", 2),
        (["start", "story", "PR-00001", "--as", "ben"], "kind:key", 2),
        (["graph", "{plan}", "--svg", "/no/such/folder/plan.svg"], "cannot be written", 2),
    ],
)
def test_a_refusal_says_what_to_do_and_changes_nothing(plan, ben, rita, args, says, code):
    before = (plan.status, statuses(plan))
    said, returncode = refused(*(each.format(plan=plan.reference) for each in args))
    assert says in said
    assert returncode == code
    plan.refresh_from_db()
    assert (plan.status, statuses(plan)) == before


def test_it_asks_which_step_tries_again_when_several_or_none_are_parked(entity, ben):
    ACTS["a"] = ACTS["b"] = lambda context: Park("No.")
    both = start(entity, {"key": "a"}, {"key": "b"})
    engine.answer()
    assert refused("retry", both.reference, "--as", "ben") == ("Say which step tries again. Parked: a, b.", 2)
    assert set(statuses(both).values()) == {"parked"}


def test_a_plan_of_another_company_is_not_there(plan, ben):
    other = LegalEntity.objects.create(
        code="OT", name="Other", base_currency="USD", country="US", time_zone="UTC", log=plan.entity.log
    )
    Plan.objects.filter(pk=plan.pk).update(entity=other)
    said, code = refused("cancel", plan.reference, "--as", "ben", "--reason", "x")
    assert (f"There is no plan “{plan.reference}”." in said, code) == (True, 1)
    assert Plan.objects.get(pk=plan.pk).is_live


@pytest.mark.parametrize("args", [[], ["dance"], ["pause", "PLN-00001"], ["list", "--status", "lost"]])
def test_wrong_use_ends_with_two_and_help_on_standard_error(args):
    ended = subprocess.run([sys.executable, "manage.py", "plan", *args], capture_output=True, text=True)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "usage" in ended.stderr
