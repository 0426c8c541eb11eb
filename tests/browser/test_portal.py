"""The supplier's page in a real browser."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache

from ledger.rights import Role
from procure.models import BidVersion, SourcingEvent
from procure.sourcing import bids
from tests.cast import entity as make_entity
from tests.cast import make_person
from tests.portal import market

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
entity = make_entity
NARROW, WIDE = 390, 1360


@pytest.fixture
def invited(live_server, entity) -> tuple[Any, str]:
    """(invitation, address of the supplier's page)"""
    cache.clear()
    event = market.publish(entity, make_person("ben", Role.BUYER, entity=entity))
    long = "Lamivudine/Zidovudine+Nevirapine-150/300/200mg-dispersible-tablets-for-paediatric-use"
    event.lines.filter(number=2).update(description=f"{long} {long}")
    invitation, page = market.invite(event, "VEN-A", name="Maker A (formerly Maker of Medicines International BV)")
    return invitation, f"{live_server.url}{page}"


def fill(page: Any, price: str = "7.2057", days: str = "45") -> None:
    page.fill("[name=line-1-unit_price]", price)
    page.fill("[name=line-1-lead_time_days]", days)


def overflow(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def grave(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in ("serious", "critical")]


def small_targets(page: Any) -> list[str]:
    """Buttons, fields and folds lower than a finger needs."""
    return page.evaluate(
        """() => [...document.querySelectorAll("button, summary, select, textarea, input:not([type=hidden])")]
        .filter((each) => each.getClientRects().length && each.getBoundingClientRect().height < 43.5)
        .map((each) => each.outerHTML)"""
    )


def test_a_first_visit_to_the_receipt_on_a_phone_without_scripts(browse, invited) -> None:
    invitation, address = invited
    page = browse(width=NARROW, java_script_enabled=False)
    page.goto(address)
    assert page.locator("h1").inner_text() == "Tablets for Nigeria"
    assert re.search(r"\d{2}:\d{2} UTC", page.locator(".deadline").inner_text())
    assert "left" in page.locator(".deadline").inner_text()

    fill(page, "7,2057")
    page.get_by_role("button", name="Send the quote").click()
    assert "has a comma" in page.locator("#said").inner_text()
    assert page.input_value("[name=line-1-unit_price]") == "7,2057"
    page.locator("#said a").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("7.2057")
    page.get_by_role("button", name="Save as draft").click()
    assert "Draft saved." in page.locator("#said").inner_text()
    assert not BidVersion.objects.exists()

    page.goto(address)
    page.get_by_role("button", name="Send the quote").click()
    assert "Your quote is in" in page.locator("#said").inner_text()
    quote, receipt = bids.own(invitation)
    assert str(quote.lines[0].unit_price) == "7.2057"
    assert receipt.commitment in page.locator(".receipt").inner_text()
    assert "14\u202f411.40" in page.locator(".receipt").inner_text()

    page.get_by_text("Replace your quote", exact=True).click()
    fill(page, "6.50")
    page.get_by_role("button", name="Send the new version").click()
    assert bids.own(invitation)[1].version == 2


def test_pressing_enter_in_a_field_keeps_a_draft_and_sends_nothing(browse, invited) -> None:
    invitation, address = invited
    page = browse(width=NARROW, java_script_enabled=False)
    page.goto(address)
    fill(page)
    page.locator("[name=line-1-unit_price]").press("Enter")
    page.wait_for_url(re.compile("said=saved"))
    assert not BidVersion.objects.exists()
    assert bids.draft_of(invitation)["line-1-unit_price"] == "7.2057"


def test_what_is_typed_is_kept_as_a_draft_and_added_up(browse, invited) -> None:
    invitation, address = invited
    page = browse()
    page.goto(address)
    fill(page)
    assert "14\u202f411.40" in page.locator("[data-sum]").first.inner_text()
    with page.expect_response(lambda answer: answer.request.method == "POST") as saved:
        pass
    assert saved.value.status == 204
    page.get_by_text("Draft saved at").wait_for()
    assert bids.draft_of(invitation)["line-1-unit_price"] == "7.2057"
    page.reload()
    assert page.input_value("[name=line-1-unit_price]") == "7.2057"

    market.after_deadline(SourcingEvent.objects.get())
    fill(page, "8")
    page.get_by_text("Draft not saved. The deadline was").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_state_of_the_page_has_a_serious_barrier_or_overflows(browse, invited, scheme: str) -> None:
    _invitation, address = invited
    page = browse(width=NARROW, color_scheme=scheme, reduced_motion="reduce")

    def look(state: str) -> None:
        for width in (320, NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": 900})
            assert overflow(page) == 0, f"{state} at {width}"
        page.set_viewport_size({"width": NARROW, "height": 900})
        assert grave(page) == [], state
        assert small_targets(page) == [], state

    page.goto(address)
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    look("form")
    fill(page, "9" * 60, "x")
    page.get_by_role("button", name="Send the quote").click()
    look("refused")
    assert page.title().startswith("Not sent: ")
    assert page.evaluate("document.activeElement.id") == "said"
    fill(page)
    page.fill("[name=line-1-remarks]", "w" * 900) if page.is_visible("[name=line-1-remarks]") else None
    page.fill("[name=remarks]", "w" * 900)
    page.get_by_role("button", name="Send the quote").click()
    page.wait_for_url(re.compile("said=submit"))
    look("receipt")
    market.after_deadline(SourcingEvent.objects.get())
    page.goto(address)
    look("closed")
    page.goto(address.replace("/s/", "/s/x"))
    look("unknown")


def test_the_visit_is_small_and_asks_nobody_else_and_names_the_link_to_nobody(browse, invited) -> None:
    _invitation, address = invited
    page = browse()
    requests: list[Any] = []
    page.on("request", lambda each: requests.append(each))
    page.goto(address, wait_until="networkidle")
    fill(page)
    page.get_by_text("Draft saved at").wait_for()
    assert {urlsplit(each.url).netloc for each in requests} == {urlsplit(address).netloc}
    token = urlsplit(address).path.split("/")[2]
    assert not [each.url for each in requests if token in each.all_headers().get("referer", "")]
    page.goto(address, wait_until="networkidle")
    seen = page.evaluate("performance.getEntries().reduce((sum, each) => sum + (each.decodedBodySize || 0), 0)")
    assert 5_000 < seen < 60_000


@pytest.mark.parametrize("language", ["de", "fr"])
def test_longer_languages_fit_a_phone(browse, invited, language: str) -> None:
    _invitation, address = invited
    page = browse(width=NARROW, locale=language)
    page.goto(address)
    assert page.locator("html").get_attribute("lang") == language
    assert overflow(page) == 0
    assert page.locator(".primary").inner_text() in ("Angebot senden", "Envoyer l’offre")


def test_printing_shows_the_receipt_and_no_form(browse, invited) -> None:
    _invitation, address = invited
    page = browse(color_scheme="dark")
    page.goto(address)
    fill(page)
    page.get_by_role("button", name="Send the quote").click()
    page.wait_for_url(re.compile("said=submit"))
    page.emulate_media(media="print")
    assert page.locator(".receipt").is_visible()
    assert not page.locator(".again").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
