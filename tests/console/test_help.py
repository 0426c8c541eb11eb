"""The pages of help: served to everybody who is signed in, and what they show as an example can be published."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from agents import conditions, definition, templates
from agents.models import PlanTemplate
from ledger.actors import Actor
from procure.console import help_page
from tests.console.conftest import SignIn

pytestmark = pytest.mark.django_db
EXAMPLES = help_page.examples("templates")


@pytest.mark.parametrize("name", ["erp", "ledger", "plans", "running", "templates"])
def test_each_page_is_read_by_whoever_is_signed_in(name, rita, sign_in: SignIn):
    address = reverse("console:help", args=[name])
    page = sign_in(rita).get(address)
    assert page.status_code == 200
    text = page.content.decode()
    for anchor, words in help_page.contents(help_page.source(name)):
        assert f'id="{anchor}"' in text, words
    assert "```" not in text


@pytest.mark.parametrize("name", ["nothing", "proposal", "__init__"])
def test_what_is_no_page_is_absent(name, rita, sign_in: SignIn):
    assert sign_in(rita).get(reverse("console:help", args=[name])).status_code == 404


def test_what_is_written_is_shown_as_text():
    html = help_page.as_html(
        "# T\n<script>alert(1)</script> `<b>` **x** | y\n\n| a | b |\n| --- | --- |\n| <i> | `*c*` |\n"
    )
    assert "<script>" not in html
    assert "<code>&lt;b&gt;</code> <b>x</b>" in html
    assert "<td>&lt;i&gt;</td><td><code>*c*</code></td>" in html


@pytest.mark.parametrize("text", EXAMPLES, ids=[json.loads(each)["title"] for each in EXAMPLES])
def test_every_example_can_be_published(text, entity):
    made = templates.publish(name="example", definition=json.loads(text), actor=Actor.system("tests"), entity=entity)
    assert PlanTemplate.objects.get().pk == made.pk


def test_the_page_of_templates_shows_three_conditions_and_each_way_to_fail():
    steps = [step for each in EXAMPLES for step in json.loads(each)["steps"]]
    assert len([each for each in steps if each.get("when")]) == 3
    text = help_page.source("templates")
    for each in definition.ON_FAILURE:
        assert f"| `{each}` |" in text
    for part in (
        "Steps",
        "After and join",
        "Fan-out",
        "Conditions",
        "When a step fails",
        "Undoing",
        "Deadlines",
        "Publishing",
    ):
        assert f"\n## {part}\n" in text


def test_the_conditions_answer_as_the_page_says():
    assert conditions.holds("steps.wanted.yes", {"wanted": {"yes": True}})
    assert not conditions.holds("steps.market.sellers.size() > 1", {"market": {"sellers": ["VEN-001"]}})
    gives = {"budget": {"value": "decimal"}}
    assert not conditions.holds("steps.budget.value >= 10000", {"budget": {"value": "9999.99"}}, gives)
    assert conditions.holds("steps.budget.value >= 10000", {"budget": {"value": "10000"}}, gives)


def test_the_list_and_the_drawing_board_lead_there(entity, olga, sign_in: SignIn):
    templates.publish_shipped(entity)
    client = sign_in(olga)
    link = f'href="{reverse("console:help", args=["templates"])}"'
    assert link in client.get(reverse("console:templates")).content.decode()
    client.post(reverse("console:template-begin"), {"name": "market-check"})
    assert link in client.get(reverse("console:template-edit", args=["market-check"])).content.decode()
