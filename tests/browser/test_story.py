"""The whole story by hand, in a browser: a sentence becomes an order in the ERP, and is undone again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.cache import cache

from approvals.models import Proposal
from ledger import verification
from ledger.models import CostCentre, LegalEntity, Person
from procure.models import Order, SandboxOrder, SourcingEvent
from tests.agents import market
from tests.cast import PASSWORD
from tests.cast import entity as make_entity
from tests.console.conftest import cast_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
entity = make_entity
LINK = re.compile(r"https?://\S+/s/[A-Za-z0-9_-]{43}/")
WIDE, NARROW = 1360, 390


@pytest.fixture
def cast(entity: LegalEntity) -> dict[str, Person]:
    cache.clear()
    people = cast_of(entity)
    centre = CostCentre.objects.create(entity=entity, code="PROG", name="Programmes", owner=people["ada"])
    market.open_market(entity)
    market.set_up(entity, people["ada"], people["amir"], centre)
    return people


@pytest.fixture
def signed_in(browse, live_server) -> Callable[..., Any]:
    """A window of somebody who signed in by the page."""

    def opened(name: str, **options: Any) -> Any:
        page = browse(**options)
        page.goto(f"{live_server.url}/")
        page.fill("[name=login]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_load_state()
        return page

    return opened


def ask(rita: Any, home: str) -> str:
    """Returns the number of the request."""
    rita.goto(f"{home}/ask/")
    rita.fill("#words", market.WORDS)
    rita.click("text=Ask for it")
    rita.wait_for_url("**/requisitions/PR-*/")
    market.work()
    rita.reload()
    if rita.locator("[data-suggest]").count():
        rita.locator("[data-suggest]").first.click()
        rita.click("button:text-is('Answer')")
        rita.wait_for_load_state()
        market.work()
    return urlsplit(rita.url).path.strip("/").rsplit("/", 1)[-1]


def quote(window: Any, home: str, link: str, price: str) -> None:
    """By the personal link, on a phone."""
    window.goto(home + urlsplit(link).path)
    window.fill("[name=line-1-unit_price]", price)
    window.fill("[name=line-1-lead_time_days]", "30")
    window.click("button[name=do][value=submit]")
    window.wait_for_load_state()
    assert "receipt is below" in window.content()


def links() -> list[str]:
    return [found[0] for message in mail.outbox if (found := LINK.search(str(message.body)))]


def test_a_sentence_becomes_an_order_in_the_erp_and_is_undone_again(cast, signed_in, browse, live_server) -> None:
    home = live_server.url
    rita = signed_in("rita")
    reference = ask(rita, home)

    invited = links()
    assert len(invited) == 3
    for link, price in zip(invited, ("7.10", "7.30", "7.25"), strict=True):
        quote(browse(width=NARROW), home, link, price)

    event = SourcingEvent.objects.get()
    ben = signed_in("ben")
    ben.goto(f"{home}/events/{event.reference}/")
    assert "7.10" not in ben.content()
    ben.click("text=Close and open now")
    ben.wait_for_selector(".compare-table")
    assert ben.locator(".compare-table .best").count() == 1
    market.work()

    ada = signed_in("ada", width=NARROW)
    ada.goto(f"{home}/queue/")
    ada.locator("[data-row] a").first.click()
    ada.wait_for_selector("#pane [data-approve]")
    ada.click("#pane >> text=Everything about it")
    ada.wait_for_url("**/proposals/PP-*/")
    ada.locator("#evidence a.proof").first.click()
    ada.wait_for_selector("#beside [data-close]")
    assert "holds" in ada.locator("#beside").text_content()
    ada.click("#beside [data-close]")
    ada.click("[data-approve]")
    ada.wait_for_load_state()
    assert "is approved and is being carried out" in ada.content()
    market.work()

    order = Order.objects.get()
    assert order.requisition.reference == reference
    assert SandboxOrder.objects.count() == 1
    ada.goto(f"{home}/orders/{order.reference}/")
    assert order.tracking.erp_number
    assert order.tracking.erp_number in ada.content()
    rita.goto(f"{home}/requisitions/{reference}/")
    assert order.tracking.erp_number in rita.content()

    ada.click("text=Undo this order")
    ada.fill("#why", "Ordered for the wrong country.")
    ada.click("text=Propose the undo")
    ada.wait_for_url("**/proposals/PP-*/")
    market.work()
    ada.goto(f"{home}/orders/{order.reference}/")
    assert "Cancelled" in ada.content()
    order.tracking.refresh_from_db()
    assert order.tracking.erp_status == "cancelled"
    assert SandboxOrder.objects.get().state == "cancelled"
    assert Proposal.objects.filter(status=Proposal.Status.UNDONE).count() == 1
    assert verification.verify().valid
