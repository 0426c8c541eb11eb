"""Plan templates in the portal: who sees them, a drawing board that loses nothing, and proposing from it."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from agents import drafts, templates
from agents.commands import PublishTemplate
from agents.models import PlanTemplate, TemplateDraft
from approvals import policies
from approvals.models import Proposal
from ledger.actors import Actor
from ledger.rights import Role
from tests.approvals.stage import approve, work
from tests.cast import make_person

pytestmark = pytest.mark.django_db
LIST, BEGIN = reverse("console:templates"), reverse("console:template-begin")
EDIT = reverse("console:template-edit", args=["market-check"])
LIVE = reverse("console:template-live", args=["market-check"])


@pytest.fixture
def board(entity, ada, amir, olga, sign_in):
    """Olga at her draft of “market-check”."""
    policies.publish_genesis(entity=entity, by=[ada, amir])
    templates.publish_shipped(entity)
    client = sign_in(olga)
    assert client.post(BEGIN, {"name": "market-check"}).status_code == 302
    return client


def posted(client, at: str = EDIT, **changes) -> dict:
    """What the browser would send of the form as it is shown, with these fields changed."""
    html = client.get(at).content.decode()
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input\b[^>]*>", html):
        told = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if "name" in told and told.get("type") != "hidden" and (told.get("type") != "checkbox" or " checked" in tag):
            fields.setdefault(told["name"], []).append(told.get("value", ""))
    for name, inner in re.findall(r'<select\b[^>]*name="([^"]+)"[^>]*>(.*?)</select>', html, re.S):
        chosen = re.search(r'value="([^"]*)"\s+selected', inner)
        fields[name] = [chosen[1] if chosen else ""]
    for name, value in re.findall(r'name="(s-\d+-was)" value="([^"]*)"', html):
        fields[name] = [value]
    fields["rationale"] = ["Because"]
    return fields | {name: value if isinstance(value, list) else [value] for name, value in changes.items()}


def draft() -> TemplateDraft:
    return TemplateDraft.objects.get(name="market-check")


def test_a_form_that_is_not_changed_gives_the_definition_back(board):
    before = draft().definition
    board.post(EDIT, posted(board, do="keep"))
    assert templates.problems(draft().definition) == []
    again = PublishTemplate(entity="HQ", name="market-check", base_version=1, definition=draft().definition)
    assert again.preview() == []
    assert draft().definition["title"] == before["title"]


@pytest.mark.parametrize("name", ["intake-to-order", "raised-to-order"])
def test_so_do_the_forms_of_all_that_ships(board, name):
    board.post(BEGIN, {"name": name})
    at = reverse("console:template-edit", args=[name])
    board.post(at, posted(board, at, do="keep"))
    kept = TemplateDraft.objects.get(name=name).definition
    assert PublishTemplate(entity="HQ", name=name, base_version=1, definition=kept).preview() == []


@pytest.mark.parametrize(("who", "sees", "edits"), [("rita", 403, 403), ("ben", 200, 403), ("ivan", 200, 403)])
def test_who_may_see_and_who_may_design(board, sign_in, request, who, sees, edits):
    client = sign_in(request.getfixturevalue(who))
    assert client.get(LIST).status_code == sees
    assert client.get(reverse("console:template", args=["market-check"])).status_code == sees
    for answer in (client.get(EDIT), client.post(EDIT, {"do": "send"}), client.post(LIVE), client.post(BEGIN)):
        assert answer.status_code == edits
    if sees == 200:
        assert b"New template" not in client.get(LIST).content
    assert Proposal.objects.count() == 0


def test_nobody_sees_the_draft_of_another(board, entity, sign_in):
    other = sign_in(make_person("otto", Role.ADMINISTRATOR, entity=entity))
    assert other.get(EDIT).status_code == 404
    assert other.post(EDIT, {"do": "discard"}).status_code == 404
    assert draft().person.username == "olga"


def test_what_is_posted_is_kept_with_its_problems_at_their_fields(board, olga, sign_in):
    answer = board.post(LIVE, posted(board, **{"s-2-timeout": "soon", "s-2-when": "steps.reserch.items == null"}))
    assert answer.status_code == 200
    html = answer.content.decode()
    assert re.search(r'id="e-2-timeout"[^>]*>is a whole number', html)
    assert "2 problems" in html or "1 problem" in html
    html = sign_in(olga).get(EDIT).content.decode()
    assert 'value="soon"' in html
    assert (draft().definition["steps"][1]["timeout"], draft().rationale) == ("soon", "Because")


def test_a_condition_has_its_column_and_the_drawing_says_which_step(board):
    html = board.post(LIVE, posted(board, **{"s-2-after": ["research"], "s-2-when": "steps.research.itms != null"}))
    told = html.content.decode()
    assert "column 1: “research” gives no “itms”. Did you mean “items”?" in told
    assert "state-parked" in told


def test_without_script_each_button_keeps_what_was_written_and_leads_back(board):
    answer = board.post(EDIT, posted(board, title="Look harder", do="add:2"))
    assert answer.url.endswith("?open=3#step-3")
    assert [each["key"] for each in draft().definition["steps"]] == ["research", "benchmark", "step_3"]
    assert (draft().definition["title"], draft().definition["steps"][2]["after"]) == ("Look harder", ["benchmark"])
    board.post(EDIT, posted(board, do="up:3"))
    assert [each["key"] for each in draft().definition["steps"]] == ["research", "step_3", "benchmark"]
    board.post(EDIT, posted(board, do="drop:2"))
    assert [each["key"] for each in draft().definition["steps"]] == ["research", "benchmark"]


def test_a_step_that_is_given_another_key_keeps_its_place_in_the_others(board):
    changes = {"s-2-after": ["research"], "s-2-when": "size(steps.research.items) > 0", "s-1-key": "look"}
    board.post(EDIT, posted(board, do="keep", **changes))
    step = draft().definition["steps"][1]
    assert (step["after"], step["when"]) == (["look"], "size(steps.look.items) > 0")
    assert templates.problems(draft().definition) == []


def test_a_step_with_other_work_is_handed_what_that_takes(board):
    board.post(BEGIN, {"name": "intake-to-order"})
    mine = TemplateDraft.objects.get(name="intake-to-order")
    data = mine.definition
    changed = data["steps"][7] | {"role": "sourcing", "task": "compare", "given": {}}
    fields = {"s-8-what": "sourcing/compare", "s-8-key": "comply", "s-8-after": "collect", "do": "keep"}
    drafts.keep(
        mine, definition=data | {"steps": [*data["steps"][:7], changed]}, rationale="", actor=Actor.human(mine.person)
    )
    at = reverse("console:template-edit", args=["intake-to-order"])
    form = {name: value for name, value in posted(board, at, **fields).items() if not name.startswith("s-8-given")}
    board.post(at, form)
    mine.refresh_from_db()
    assert mine.definition["steps"][7]["given"] == {"event": "collect.event"}


def test_proposing_takes_a_reason_and_a_sound_definition_and_publishes_nothing_by_itself(board, entity, ada):
    form = posted(board, title="Look harder", do="send")
    assert board.post(EDIT, form | {"rationale": [""]}).status_code == 422
    assert board.post(EDIT, form | {"s-1-timeout": ["0"]}).status_code == 422
    assert (Proposal.objects.count(), draft().definition["title"]) == (0, "Look harder")
    answer = board.post(EDIT, form)
    made = Proposal.objects.get()
    assert answer.url == reverse("console:proposal", args=[made.reference])
    assert not TemplateDraft.objects.exists()
    work()
    assert (made.status, templates.in_force(entity, "market-check").version) == ("waiting", 1)
    assert b"Look harder" in board.get(answer.url).content
    approve(made, make_person("otto", Role.ADMINISTRATOR, entity=entity))
    work()
    assert templates.in_force(entity, "market-check").title == "Look harder"
    page = board.get(reverse("console:template", args=["market-check"])).content.decode()
    assert "Olga, Otto" in page
    assert "Look at the market" in page


def test_a_draft_whose_base_was_replaced_says_so_and_can_be_based_anew(board, entity):
    templates.publish(
        name="market-check",
        definition=draft().definition | {"title": "By others"},
        actor=Actor.system("tests"),
        entity=entity,
    )
    assert "Version 2 is in force meanwhile" in board.get(EDIT).content.decode()
    assert board.post(EDIT, posted(board, do="send")).status_code == 422
    board.post(EDIT, posted(board, do="rebase"))
    assert draft().base_version == 2
    assert board.post(EDIT, posted(board, do="send")).status_code == 302


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "an object with title"),
        ("[" * 9000, "deep"),
        ('{"title": "\\u0000"}', "cannot be kept"),
    ],
)
def test_json_that_cannot_be_kept_stays_in_the_field_and_the_draft_as_it_was(board, text, says):
    before = draft().definition
    answer = board.post(EDIT, {"do": "json", "json": text})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert draft().definition == before


@pytest.mark.parametrize(
    "data",
    [
        {}, {"steps": None}, {"steps": [None, 3, "x"]}, {"steps": [{}]},
        {"title": [], "steps": [{"key": 3, "given": 4}]},
        {"steps": [{"key": "a", "after": ["b"]}, {"key": "b", "after": ["a"]}, {"key": "a", "after": [[]]}]},
        {"steps": [{"key": "a", "role": "typo", "each": "a.b", "along": "a"}], "inputs": []},
        {"steps": [{"key": "b", "along": "a", "after": ["a"]}, {"key": "a", "along": "b", "after": ["b"]}]},
    ],
)  # fmt: skip
def test_whatever_json_is_kept_can_be_looked_at_and_mended(board, data):
    assert board.post(EDIT, {"do": "json", "json": json.dumps(data)}).status_code == 302
    assert board.get(EDIT).status_code == 200
    assert board.get(EDIT + "?tab=json").status_code == 200
    assert board.post(LIVE, posted(board)).status_code == 200


def test_a_draft_is_thrown_away_and_begun_from_an_older_version(board, entity):
    board.post(EDIT, {"do": "discard"})
    assert not TemplateDraft.objects.exists()
    templates.publish(
        name="market-check",
        definition=templates.shipped()["market-check"] | {"title": "Second"},
        actor=Actor.system("tests"),
        entity=entity,
    )
    board.post(BEGIN, {"name": "market-check", "version": "1"})
    assert (draft().definition["title"], draft().base_version) == ("Look at the market", 2)


@pytest.mark.parametrize("name", ["", "Bad Name", "../x", "x" * 61])
def test_a_name_that_is_none_begins_nothing(board, name):
    assert board.post(BEGIN, {"name": name}).status_code == 422
    assert TemplateDraft.objects.count() == 1


def test_a_hundred_steps_are_shown_and_drawn(board):
    steps = [
        {"key": f"s{n}", "role": "research", "task": "dossier", "after": [f"s{n - 1}"] if n else []} for n in range(100)
    ]
    board.post(EDIT, {"do": "json", "json": json.dumps({"title": "T", "subject": "requisition", "steps": steps})})
    html = board.get(EDIT).content.decode()
    assert html.count('class="step-card') == 100
    assert PlanTemplate.objects.filter(name="market-check").count() == 1
