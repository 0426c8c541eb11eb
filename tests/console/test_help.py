"""The help pages: shown to whoever is signed in, escaped, and what the page about templates shows can be published."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse

from agents import templates
from agents.models import PlanTemplate
from ledger.actors import Actor
from procure.console import help_text
from tests.console.conftest import SignIn

TEXT = (help_text.FOLDER / "templates.md").read_text()
EXAMPLES = re.findall(r"```json\n(.*?)```", TEXT, re.S)
CONDITIONS = re.findall(r"^\| .*? \| `(.*?)` \|$", TEXT.partition("## Conditions")[2].partition("**First")[0], re.M)


def test_there_are_three_examples_and_each_has_a_condition():
    assert len(EXAMPLES) == 3
    assert all('"when"' in each for each in EXAMPLES)
    assert len(CONDITIONS) == 5


@pytest.mark.django_db
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: json.loads(each)["title"])
def test_what_the_help_shows_can_be_published(example, entity):
    definition = json.loads(example)
    made = templates.publish(name="shown", definition=definition, actor=Actor.system("tests"), entity=entity)
    assert made.status == PlanTemplate.Status.PUBLISHED
    assert templates.definition_of(made).title == definition["title"]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_each_condition_that_it_lists_is_one(condition):
    steps = [
        {"key": "sellers", "role": "research"},
        {"key": "ask", "role": "person", "task": "decide"},
        {"key": "shortlist", "role": "sourcing"},
        {"key": "collect", "role": "sourcing", "after": ["shortlist"], "given": {"event": "shortlist.event"}},
        {"key": "benchmark", "role": "sourcing", "after": ["sellers", "ask", "collect"], "when": condition},
    ]
    assert [str(each) for each in templates.problems({"title": "t", "subject": "requisition", "steps": steps})] == []
    wrong = condition.replace("steps.", "step.")
    steps[-1]["when"] = wrong
    assert templates.problems({"title": "t", "subject": "requisition", "steps": steps})


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("a *b* **c** `<d>` & e", "p", "a <em>b</em> <b>c</b> <code>&lt;d&gt;</code> &amp; e"),
        ("<script>alert(1)</script>", "p", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("```\n<x>\n  y\n```", "code", "&lt;x&gt;\n  y"),
        ("    a | b", "code", "a | b"),
        ("- one\n  goes on\n- two", "list", "one goes on"),
        ("## Two words", "h2", "Two words"),
    ],
)
def test_a_small_part_of_markdown_is_shown_and_all_of_it_escaped(text, kind, shown):
    (block,) = help_text.read("x", text).blocks
    assert (block.kind, block.parts[0]) == (kind, shown)


def test_a_table_has_a_head_and_rows():
    (block,) = help_text.read("x", "| a | b |\n| --- | --- |\n| `c` | d |").blocks
    assert block.parts == (("a", "b"), ("<code>c</code>", "d"))


def test_every_page_is_listed_and_shown_whole(company, rita, sign_in: SignIn):
    client = sign_in(rita)
    listed = client.get(reverse("console:help")).content.decode()
    assert {"templates", "plans", "ledger", "running", "erp"} <= set(help_text.names())
    for name in help_text.names():
        address = reverse("console:help-page", args=[name])
        assert f'href="{address}"' in listed
        text = client.get(address).content.decode()
        assert all(f'id="{each.anchor}"' in text for each in help_text.page(name).headings)
        assert "**" not in re.sub(r"<pre.*?</pre>", "", text.split("<article>")[1].split("</article>")[0], flags=re.S)
    assert client.get(reverse("console:help-page", args=["nothing"])).status_code == 404


def test_the_list_of_templates_and_the_drawing_board_lead_to_it(company, olga, sign_in: SignIn):
    client, link = sign_in(olga), f'href="{reverse("console:help-page", args=["templates"])}"'
    templates.publish_shipped(company)
    assert link in client.get(reverse("console:templates")).content.decode()
    client.post(reverse("console:template-begin"), {"name": "market-check"})
    assert link in client.get(reverse("console:template-edit", args=["market-check"])).content.decode()
