"""Notices, trigger rules and a plan that looked again, in a real browser: both themes, phone and desk."""

from __future__ import annotations

import os

import pytest
from django.urls import reverse

from agents.models import Plan, Reconsideration
from approvals.models import Proposal
from ledger.actors import Actor
from procure import notices
from procure.models import Notice
from tests.agents import market
from tests.browser.test_console import NARROW, WIDE, cast, grave, overflow, settle, window

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["cast", "window"]


@pytest.fixture
def told(cast):
    """The award that waits names VEN-003, which announces a price."""
    market.work()
    item = {"item": market.ITEM, "new_price": "9.50", "currency": "USD"}
    ben = cast["ben"]
    notices.record(
        kind="price_change", vendor="VEN-003", text="Resin is dear.", actor=Actor.human(ben), entity=ben.entity, **item
    )
    market.work()
    assert Reconsideration.objects.exists()
    return cast


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_have_no_serious_finding_and_do_not_scroll_sideways(theme, told, window, live_server):
    plan = Reconsideration.objects.latest("pk").plan
    pages = [
        reverse("console:notices"),
        reverse("console:notice", args=[Notice.objects.get().reference]),
        reverse("console:notice-record"),
        reverse("console:triggers"),
        reverse("console:triggers-edit"),
        reverse("console:plan", args=[plan.reference]),
        reverse("console:control"),
    ]
    for width in (WIDE, NARROW):
        page = window(told["olga"], theme=theme, width=width, height=900)
        for number, address in enumerate(pages):
            page.goto(live_server.url + address)
            settle(page)
            if os.environ.get("SHOTS"):
                page.screenshot(path=f"{os.environ['SHOTS']}/{theme}-{width}-{number}.png", full_page=True)
            assert grave(page) == [], address
            assert overflow(page) <= 0, address


def test_recording_a_notice_by_keyboard_takes_a_proposal_back(cast, window, live_server):
    market.work()
    before = Proposal.objects.filter(command_kinds__contains="AwardEvent", status="waiting").latest("pk")
    vendor = before.commands[0]["fields"]["lines"][0]["vendor"]
    page = window(cast["ben"])
    page.goto(live_server.url + reverse("console:notice-record"))
    settle(page)
    page.select_option("#kind", "stock_out")
    page.fill("#vendor", vendor)
    page.press("#vendor", "Tab")
    page.fill("#item", market.ITEM)
    page.press("#item", "Enter")
    page.wait_for_selector("h1:has-text('Out of stock')")
    market.work()
    before.refresh_from_db()
    assert before.status == "withdrawn"
    plan = Plan.objects.get(reference=before.plan["plan"])
    page.goto(live_server.url + reverse("console:plan", args=[plan.reference]))
    assert "A supplier announced a change" in page.inner_text(".again")
