"""The drawing board in a real browser: drawn as it is written, nothing lost, and whole without a script."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from agents import drafts, templates
from agents.models import TemplateDraft
from approvals import policies
from approvals.models import Proposal
from ledger.actors import Actor
from ledger.models import LegalEntity, Person
from tests.browser.test_console import window
from tests.console.conftest import cast_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["window"]
EDIT = reverse("console:template-edit", args=["intake-to-order"])


@pytest.fixture
def olga(entity: LegalEntity) -> Person:
    """At her draft of what ships."""
    cache.clear()
    people = cast_of(entity)
    policies.publish_genesis(entity=entity, by=[people["ada"], people["amir"]])
    templates.publish_shipped(entity)
    drafts.begin("intake-to-order", actor=Actor.human(people["olga"]), entity=entity, blank={})
    return people["olga"]


def test_what_is_written_is_drawn_and_kept_without_reloading(window, live_server, olga):
    page = window(olga)
    page.goto(live_server.url + EDIT + "?open=7")
    page.evaluate("window.stays = true")
    page.fill("#s-7-when", "steps.collect.bidz > 1")
    page.press("#s-7-when", "Tab")
    page.wait_for_selector("#live .state-parked")
    assert "Did you mean “bids”?" in page.inner_text("#e-7-when")
    assert page.get_attribute("#s-7-when", "aria-invalid") == "true"
    page.fill("#s-7-when", "steps.collect.bids > 1")
    page.press("#s-7-when", "Tab")
    page.wait_for_selector("#live:not(:has(.state-parked))")
    assert page.inner_text("#e-7-when") == ""
    assert page.get_attribute("#s-7-when", "aria-invalid") is None
    page.check("#flow-7 label:has-text('Shortlist') input")
    page.wait_for_selector("#changes:has-text('shortlist')")
    assert page.evaluate("document.activeElement.name") == "s-7-after"
    assert page.evaluate("window.stays")
    kept = TemplateDraft.objects.get().definition["steps"][6]
    assert (kept["when"], sorted(kept["after"])) == ("steps.collect.bids > 1", ["collect", "shortlist"])


def test_without_a_script_a_step_is_added_previewed_and_proposed(browse, live_server, olga):
    page = browse(java_script_enabled=False)
    sign_in(page, live_server, olga)
    page.goto(live_server.url + EDIT)
    page.click("button:has-text('Add a step'):not(:has-text('after'))")
    page.wait_for_load_state()
    page.fill("#s-11-label", "A person looks")
    page.select_option("#s-11-what", "person/decide")
    page.click(".send button:has-text('Preview')")
    page.wait_for_load_state()
    assert "sound" in page.inner_text(".live-line")
    assert "step_11" in page.inner_text("#changes")
    page.fill("#rationale", "Somebody should look")
    page.click(".send button:has-text('Propose')")
    page.wait_for_load_state()
    assert Proposal.objects.get().reference in page.url


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1360])
def test_the_pages_fit_and_can_be_used_by_everybody(window, live_server, olga, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = window(olga, theme=theme, width=width)
    for at in (
        reverse("console:templates"),
        reverse("console:template", args=["intake-to-order"]),
        EDIT + "?open=7",
        EDIT + "?tab=json",
    ):
        page.goto(live_server.url + at)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []


def sign_in(page: Any, live_server: Any, person: Person) -> None:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    page.context.add_cookies(
        [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}]
    )
