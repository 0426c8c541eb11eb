"""The staff pages in a real browser: both themes, phone and desk, keyboard alone, and nothing from outside."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from approvals.models import Decision, Proposal
from ledger import clock
from ledger.models import CostCentre, Entry, Person
from procure.models import Order, SourcingEvent
from tests import told
from tests.agents import market
from tests.approvals.stage import block, propose
from tests.cast import headquarters
from tests.console.conftest import award_for, cast_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NARROW, WIDE = 390, 1360
#: Findings that keep a page from landing.
GRAVE = ("serious", "critical")


def tell() -> tuple[dict[str, Person], timedelta]:
    """A company with one order out, one award and one block to decide on, one request with questions; and the clock."""
    entity = headquarters()
    people = cast_of(entity)
    centre = CostCentre.objects.create(entity=entity, code="PROG", name="Programmes", owner=people["ada"])
    market.open_market(entity)
    market.set_up(entity, people["ada"], people["amir"], centre)
    market.approve(award_for(entity, people["rita"]), people["ada"])
    market.work()
    award_for(entity, people["rita"])
    market.ask_for("20 laptops, asap", person=people["rita"], entity=entity)
    market.work()
    propose(block("VEN-001", "Two late deliveries"), by=people["ben"], entity=entity)
    return people, clock._shift


@pytest.fixture
def cast(transactional_db: None) -> Iterator[dict[str, Person]]:
    """Told once; each test has a copy, for the pages that it opens commit."""
    cache.clear()
    with told.copied("browsing", tell) as (people, shifted):
        clock.shift(shifted)
        yield copy.deepcopy(people)


@pytest.fixture
def window(browse, live_server) -> Iterator[Callable[..., Any]]:
    """A window of somebody signed in; fails afterwards when anything was asked of another host or went wrong."""
    wrong: list[str] = []

    def opened(person: Person | None = None, *, theme: str = "light", **options: Any) -> Any:
        page = browse(**options)
        page.add_init_script(f"localStorage.setItem('adminTheme', JSON.stringify('{theme}'))")
        page.on("request", lambda asked: _note_foreign(asked.url, live_server.url, wrong))
        page.on("pageerror", lambda error: wrong.append(f"script error: {error}"))
        page.on("console", lambda said: _note_refusal(said.text, wrong))
        if person is not None:
            client = Client()
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
            page.context.add_cookies([cookie])
        return page

    yield opened
    assert wrong == []


def _note_foreign(address: str, home: str, wrong: list[str]) -> None:
    if not address.startswith((home, "data:", "blob:")):
        wrong.append(f"asked of another host: {address}")


def _note_refusal(text: str, wrong: list[str]) -> None:
    if "Content Security Policy" in text:
        wrong.append(text)


def grave(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html'][:200]}" for each in found if each["impact"] in GRAVE]


def overflow(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def settle(page: Any) -> None:
    """Until the shell's script has taken its cloak off."""
    page.wait_for_function("!document.documentElement.hasAttribute('x-cloak')")


def pages() -> list[str]:
    award = Proposal.objects.filter(command_kinds__contains="IssueOrder", status="waiting").get()
    event = SourcingEvent.objects.order_by("-pk")[0]
    named = [
        ("proposal", award.reference),
        ("event", event.reference),
        ("requisition", event.requisition.reference),
        ("order", Order.objects.get().reference),
        ("plan", award.plan["plan"]),
        ("propose", "IssueOrder"),
        ("ledger-entry", Entry.objects.filter(kind="proposal.judged").order_by("-seq")[0].seq),
        ("ledger-entry", 1),
        ("ledger-rejudge", Entry.objects.filter(kind="proposal.judged").order_by("-seq")[0].seq),
    ]
    plain = (
        "home",
        "ask",
        "queue",
        "requisitions",
        "plans",
        "events",
        "orders",
        "ledger",
        "switches",
        "propose-kinds",
        "checkpoints",
    )
    asked = reverse("console:requisition", args=["PR-00003"])
    return [
        *(reverse(f"console:{name}") for name in plain),
        *(reverse(f"console:{name}", args=[key]) for name, key in named),
        f"{reverse('console:queue')}?open={award.reference}",
        f"{reverse('console:evidence', args=[award.reference, 1])}",
        f"{reverse('console:ledger-object')}?object=order:{Order.objects.get().reference}",
        asked,
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_finding_or_scrolls_sideways(theme, cast, window, live_server) -> None:
    addresses = pages()
    for width in (WIDE, NARROW):
        page = window(cast["ben"], theme=theme, width=width, height=900)
        for address in addresses:
            assert page.goto(live_server.url + address).status == 200, address
            settle(page)
            assert (page.evaluate("document.documentElement.classList.contains('dark')")) is (theme == "dark")
            assert overflow(page) <= 0, f"{address} at {width}"
            assert grave(page) == [], f"{address} at {width}, {theme}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_signing_in_and_the_admin_have_no_serious_finding(theme, cast, window, live_server) -> None:
    stranger = window(theme=theme, width=NARROW)
    stranger.goto(f"{live_server.url}/accounts/login/")
    assert grave(stranger) == []
    assert overflow(stranger) <= 0
    page = window(cast["olga"], theme=theme)
    for name in ("admin:index", "admin:vendors_vendor_changelist", "admin:ledger_entry_changelist"):
        page.goto(live_server.url + reverse(name))
        settle(page)
        assert grave(page) == [], name


def test_a_decision_by_keyboard_alone(cast, window, live_server) -> None:
    page = window(cast["ada"])
    page.goto(f"{live_server.url}/queue/")
    settle(page)
    first, second = page.locator("[data-row]").all()
    page.keyboard.press("j")
    page.wait_for_selector("#pane [data-approve]")
    assert first.get_attribute("data-current") is not None
    page.keyboard.press("j")
    page.wait_for_function("document.querySelector('#pane h2').textContent.includes('Block')")
    assert second.get_attribute("data-current") is not None
    page.keyboard.press("x")
    assert page.locator("[data-count]").text_content() == "1"
    page.keyboard.press("k")
    page.wait_for_function("document.querySelector('#pane h2').textContent.includes('Issue order')")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.matches('[data-approve]')")
    page.keyboard.press("Enter")
    page.wait_for_url("**/queue/?*open=*")
    page.locator("[role=status]", has_text="is approved and is being carried out").first.wait_for()
    page.keyboard.press("r")
    assert page.evaluate("document.activeElement.matches('[data-reason=reject] textarea')")
    page.keyboard.type("Talk to them first.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Nothing waits for you").first.wait_for()
    assert sorted(Decision.objects.filter(person=cast["ada"]).order_by("-pk").values_list("kind", flat=True)[:2]) == [
        "approve",
        "reject",
    ]


def test_keys_do_nothing_while_one_types_and_the_list_of_keys_opens(cast, window, live_server) -> None:
    page = window(cast["ada"])
    page.goto(f"{live_server.url}/queue/")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.wait_for_selector("#pane [data-approve]")
    page.keyboard.press("c")
    page.keyboard.type("jk")
    assert page.locator("[data-reason=return] textarea").input_value() == "jk"


def test_picking_shows_the_sum_and_leads_to_a_summary(cast, window, live_server) -> None:
    page = window(cast["ada"])
    page.goto(f"{live_server.url}/queue/")
    assert not page.locator("[data-bulk]").is_visible()
    for box in page.locator("[data-pick]").all():
        box.check()
    assert page.locator("[data-count]").text_content() == "2"
    assert "USD" in page.locator("[data-sum]").text_content()
    page.click("[data-bulk] button")
    page.wait_for_url("**/queue/approve/*")
    page.click("text=Approve 2 proposals")
    page.locator(".note.good").nth(1).wait_for()
    assert page.locator(".note.good").count() == 2


def test_evidence_opens_beside_the_page_and_gives_the_focus_back(cast, window, live_server) -> None:
    award = Proposal.objects.filter(command_kinds__contains="IssueOrder", status="waiting").get()
    page = window(cast["ada"])
    page.goto(f"{live_server.url}{reverse('console:proposal', args=[award.reference])}")
    page.locator("#evidence a.proof").first.click()
    page.wait_for_selector("#beside [data-close]")
    assert page.url.endswith(f"{award.reference}/")
    assert page.evaluate("document.activeElement.matches('#beside [data-close]')")
    page.keyboard.press("Escape")
    assert page.locator("#beside *").count() == 0
    assert page.evaluate("document.activeElement.matches('#evidence a.proof')")


def test_the_slider_moves_an_order_back_through_its_entries(cast, window, live_server) -> None:
    page = window(cast["ivan"])
    page.goto(f"{live_server.url}{reverse('console:ledger-object')}?object=order:{Order.objects.get().reference}")
    settle(page)
    place = page.locator("#state .aside")
    stops = page.locator("#at").get_attribute("max")
    assert f"{stops} / {stops}" in place.text_content()
    page.locator("#at").focus()
    page.keyboard.press("Home")
    page.wait_for_function(f"document.querySelector('#state .aside').textContent.includes('1 / {stops}')")


def test_a_judgement_is_made_again_beside_its_entry(cast, window, live_server) -> None:
    judged = Entry.objects.filter(kind="proposal.judged").order_by("-seq")[0]
    page = window(cast["ivan"])
    page.goto(f"{live_server.url}{reverse('console:ledger-entry', args=[judged.seq])}")
    settle(page)
    page.get_by_role("button", name="Judge again").click()
    page.get_by_text("Judged again, nothing differs.").first.wait_for()
    assert page.url.endswith(f"/ledger/{judged.seq}/")


def test_a_phone_shows_cards_and_a_decide_bar_that_stays(cast, window, live_server) -> None:
    page = window(cast["ada"], width=NARROW, height=700)
    page.goto(f"{live_server.url}/queue/")
    settle(page)
    assert all(card.bounding_box()["height"] <= 121 for card in page.locator("[data-row]").all())
    page.locator("[data-row] a").first.click()
    page.wait_for_selector("#pane [data-approve]")
    assert not page.locator("[data-row]").first.is_visible()
    button = page.locator("#pane [data-approve]").bounding_box()
    assert button["height"] >= 44
    assert button["y"] + button["height"] <= 700


def test_without_scripts_a_decision_is_links_and_a_form(cast, window, live_server) -> None:
    page = window(cast["ada"], java_script_enabled=False)
    page.goto(f"{live_server.url}/queue/")
    page.locator("[data-row] a").first.click()
    assert page.locator("#pane [data-approve]").is_visible()
    page.locator("#pane [data-approve]").click()
    page.get_by_text("is approved").first.wait_for()
    assert Decision.objects.filter(person=cast["ada"], kind="approve").count() == 2


def test_the_understanding_builds_beside_the_words_as_they_are_typed(cast, window, live_server) -> None:
    page = window(cast["rita"])
    page.goto(f"{live_server.url}/ask/")
    page.locator("#words").press_sequentially(market.WORDS, delay=1)
    page.wait_for_selector("#understood mark.used")
    assert "Nigeria" in page.locator("#understood").text_content()
    page.click("text=Ask for it")
    page.wait_for_url("**/requisitions/PR-*/")
    assert market.WORDS in page.locator("blockquote").text_content()


def test_a_proposal_prints_on_two_pages(cast, window, live_server) -> None:
    award = Proposal.objects.filter(command_kinds__contains="IssueOrder", status="waiting").get()
    page = window(cast["ada"])
    page.goto(f"{live_server.url}{reverse('console:proposal', args=[award.reference])}")
    printed = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "14mm"))
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= 2


def test_text_a_third_longer_and_zoomed_to_twice_does_not_break_the_pages(cast, window, live_server) -> None:
    page = window(cast["ada"], width=WIDE // 2, height=450)
    for address in pages():
        page.goto(live_server.url + address)
        page.evaluate(
            """() => { for (const node of document.querySelectorAll("main h1, main h2, main .btn, main .chip, main dt"))
            if (node.childElementCount === 0) node.textContent += " " + "x".repeat(node.textContent.length * .3) }"""
        )
        assert overflow(page) <= 0, address
