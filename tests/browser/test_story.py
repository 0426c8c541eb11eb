"""The whole story by hand: a requester asks, suppliers quote on a phone, a buyer opens, an approver decides, undo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.core.cache import cache

from approvals.models import Proposal
from ledger import verification
from ledger.models import CostCentre, LegalEntity
from procure.models import Order, Requisition, SandboxOrder, SourcingEvent
from tests.agents import market
from tests.cast import PASSWORD
from tests.cast import entity as make_entity
from tests.console.conftest import cast_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
entity = make_entity
LINK = re.compile(r"/s/[A-Za-z0-9_-]{43}/")


@pytest.fixture
def company(entity: LegalEntity) -> LegalEntity:
    cache.clear()
    people = cast_of(entity)
    centre = CostCentre.objects.create(entity=entity, code="PROG", name="Programmes", owner=people["ada"])
    market.open_market(entity)
    market.set_up(entity, people["ada"], people["amir"], centre)
    return entity


@pytest.fixture
def signed_in(browse, live_server) -> Iterator[Callable[..., Any]]:
    """A window in which somebody has typed name and password; fails when anything was asked of another host."""
    foreign: list[str] = []

    def opened(username: str = "", **options: Any) -> Any:
        page = browse(**options)
        home = (live_server.url, "data:", "blob:")
        page.on("request", lambda asked: None if asked.url.startswith(home) else foreign.append(asked.url))
        if username:
            page.goto(f"{live_server.url}/accounts/login/")
            page.fill("[name=login]", username)
            page.fill("[name=password]", PASSWORD)
            page.click("form button[type=submit]")
            page.wait_for_url(lambda address: "/accounts/login/" not in address)
        return page

    yield opened
    assert foreign == []


def test_from_a_sentence_to_an_order_and_back(company, signed_in, live_server) -> None:
    reference = ask(signed_in("rita"), live_server.url)
    event = SourcingEvent.objects.get(requisition__reference=reference)
    for price, link in zip(("6.90", "7.10", "7.40"), sorted(links(event)), strict=True):
        quote(signed_in(width=390, java_script_enabled=False), live_server.url + link, price)

    buyer = signed_in("ben")
    buyer.goto(f"{live_server.url}/events/{event.reference}/")
    buyer.click("text=Close and open now")
    buyer.wait_for_selector("text=Quotes compared")
    market.work()

    approve(signed_in("ada", width=390), live_server.url, awarded())
    market.work()
    order = Order.objects.select_related("tracking").get()
    assert order.tracking.erp_status == "confirmed"
    assert SandboxOrder.objects.get().state == "open"

    undo(signed_in("ada"), live_server.url, Proposal.objects.get(command_kinds__contains="IssueOrder"))
    market.work()
    order.refresh_from_db()
    assert (order.status, SandboxOrder.objects.get().state) == ("cancelled", "cancelled")
    assert verification.verify().valid


def ask(page: Any, home: str) -> str:
    page.goto(f"{home}/ask/")
    page.fill("textarea[name=words]", market.WORDS)
    page.click("form:has(textarea[name=words]) button[type=submit]")
    page.wait_for_url("**/requisitions/PR-*/")
    market.work()
    reference = page.url.rstrip("/").rsplit("/", 1)[-1]
    if Requisition.objects.get(reference=reference).status == "questions":
        page.reload()
        field = page.locator("[name^=q]").first
        field.fill("PROG") if field.evaluate("e => e.tagName") != "SELECT" else field.select_option(index=1)
        page.click("form:has([name^=q]) button[type=submit]")
        page.wait_for_load_state("networkidle")
        market.work()
    return reference


def links(event: SourcingEvent) -> list[str]:
    found = [LINK.search(message.body) for message in mail.outbox if event.reference in message.subject]
    assert len(found) == event.invitations.count()
    return [each[0] for each in found if each]


def quote(page: Any, link: str, price: str) -> None:
    page.goto(link)
    page.fill("[name$=unit_price]", price)
    page.fill("[name$=lead_time_days]", "30")
    page.fill("[name=freight]", "100")
    page.click("button[value=submit]")
    page.wait_for_selector("text=Receipt")


def awarded() -> Proposal:
    return Proposal.objects.get(command_kinds__contains="IssueOrder", status="waiting")


def approve(page: Any, home: str, proposal: Proposal) -> None:
    page.goto(f"{home}/proposals/{proposal.reference}/")
    page.locator("[data-approve]").first.click()
    page.wait_for_load_state("networkidle")
    proposal.refresh_from_db()
    assert proposal.status in ("approved", "carried_out")


def undo(page: Any, home: str, proposal: Proposal) -> None:
    page.goto(f"{home}/proposals/{proposal.reference}/")
    form = page.locator("form[action$='/undo/']")
    for summary in page.locator("details:has(form[action$='/undo/']) > summary").all():
        summary.click()
    form.locator("[name=reason]").fill("Not needed after all.")
    form.locator("button[type=submit]").click()
    page.wait_for_url(lambda address: proposal.reference not in address)
