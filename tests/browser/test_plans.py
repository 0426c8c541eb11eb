"""A plan's page follows what happens without a reload, and leaves alone what its reader does meanwhile."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.urls import reverse

from agents import roles
from agents.models import Plan, Step
from ledger import clock
from ledger.models import LegalEntity, Person
from tests.browser.test_console import NARROW, WIDE, grave, overflow, settle, window  # noqa: F401  a fixture
from tests.cast import entity as make_entity
from tests.console import staging
from tests.console.conftest import cast_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
entity = make_entity


@pytest.fixture
def cast(entity: LegalEntity) -> dict[str, Person]:
    cache.clear()
    roles.register("fake", module="tests.agents.acting")
    return cast_of(entity)


def long_plan(entity: LegalEntity, **fields: Any) -> Plan:
    """Twelve steps in a row, the fourth at work."""
    rows = [{"key": f"s{n}", "label": f"Step {n}", "after": [f"s{n - 1}"] if n else []} for n in range(12)]
    for row in rows[:3]:
        row |= {"status": "done", "took": (0, 5)}
    rows[3] |= {"status": "running", "took": (6, 0)}
    return staging.plan(entity, rows, **fields)


def place(node: Any) -> tuple[int, int]:
    """In whole pixels: the line around what is at work breathes."""
    box = node.bounding_box()
    return round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)


def finish(plan: Plan, key: str, following: str) -> None:
    Step.objects.filter(plan=plan, key=key).update(
        status="done", result={"found": "late"}, result_digest="d", ended_at=clock.now()
    )
    Step.objects.filter(plan=plan, key=following).update(status="running", started_at=clock.now())


def test_what_happens_shows_without_a_reload_and_nothing_jumps(cast, entity, window, live_server) -> None:  # noqa: F811
    plan = long_plan(entity)
    page = window(cast["ben"], height=700)
    page.goto(live_server.url + reverse("console:plan", args=[plan.reference]))
    settle(page)
    page.evaluate("window.stays = true")
    page.locator(".graph-scroll").evaluate("box => { box.scrollLeft = 150; }")
    page.get_by_text("Pause…").click()
    page.locator("#pause-why").fill("Wait for the")
    page.evaluate("window.scrollTo(0, 120)")
    node = page.locator("[data-key=node-s3]")
    where = place(node)
    assert "state-running" in node.get_attribute("class")

    finish(plan, "s3", "s4")
    page.wait_for_selector("[data-key=node-s3].state-done", timeout=8000)
    assert "state-running" in page.locator("[data-key=node-s4]").get_attribute("class")
    assert page.evaluate("window.stays")
    assert page.evaluate("scrollY") == 120
    assert page.locator(".graph-scroll").evaluate("box => box.scrollLeft") == 150
    assert page.locator("#pause-why").input_value() == "Wait for the"
    assert page.evaluate("document.activeElement.id") == "pause-why"
    assert place(node) == where
    # It goes on looking: the next change arrives too.
    finish(plan, "s4", "s5")
    page.wait_for_selector("[data-key=node-s4].state-done", timeout=8000)


def test_a_step_is_chosen_without_a_reload_and_stays_chosen(cast, entity, window, live_server) -> None:  # noqa: F811
    plan = long_plan(entity)
    page = window(cast["ben"])
    page.goto(live_server.url + reverse("console:plan", args=[plan.reference]))
    settle(page)
    page.evaluate("window.stays = true")
    page.locator("[data-key=node-s1]").click()
    page.wait_for_selector("[data-key=node-s1].chosen")
    assert page.locator("aside.step h2").text_content().strip() == "Step 1"
    assert page.url.endswith("?step=s1")
    finish(plan, "s3", "s4")
    page.wait_for_selector("[data-key=node-s3].state-done", timeout=8000)
    assert page.locator("aside.step h2").text_content().strip() == "Step 1"
    assert page.evaluate("window.stays")
    page.reload()
    assert page.locator("aside.step h2").text_content().strip() == "Step 1"


def test_arrow_keys_go_from_step_to_step(cast, entity, window, live_server) -> None:  # noqa: F811
    plan = staging.plan(
        entity,
        [
            {"key": "a"},
            {"key": "b", "after": ["a"]},
            {"key": "c", "role": "compliance", "after": ["a"]},
            {"key": "d", "after": ["b", "c"]},
        ],
    )
    page = window(cast["ben"])
    page.goto(live_server.url + reverse("console:plan", args=[plan.reference]))
    settle(page)
    focused = lambda: page.evaluate("document.activeElement.dataset.key")  # noqa: E731
    page.locator("[data-key=node-a]").focus()
    for key, name in (("Right", "b"), ("Down", "c"), ("Right", "d"), ("Left", "b"), ("Left", "a"), ("Left", "a")):
        page.keyboard.press(f"Arrow{key}")
        assert focused() == f"node-{name}"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-key=node-b].chosen")
    assert focused() == "node-b"


def test_a_plan_that_has_ended_is_not_asked_about_again(cast, entity, window, live_server) -> None:  # noqa: F811
    plan = long_plan(entity)
    page = window(cast["ben"])
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/graph/" in request.url else None)
    page.goto(live_server.url + reverse("console:plan", args=[plan.reference]))
    settle(page)
    Step.objects.filter(plan=plan).exclude(status="done").update(status="cancelled")
    Plan.objects.filter(pk=plan.pk).update(status="cancelled", ended_at=clock.now())
    page.get_by_text("Ended early").first.wait_for(timeout=8000)
    seen = len(asked)
    page.clock.fast_forward(60_000)
    page.evaluate("document.body.offsetHeight")
    assert len(asked) == seen


@pytest.mark.parametrize(("theme", "width"), [("light", NARROW), ("dark", WIDE)])
def test_pages_of_plans_have_no_serious_finding_and_fit(theme, width, cast, entity, window, live_server) -> None:  # noqa: F811
    plan = long_plan(entity, by=cast["rita"])
    parked = staging.plan(entity, [{"key": "a", "status": "parked", "error": "No."}], status="parked")
    many = [
        {"key": "a", "status": "waiting", "spec": {"gather": 3}},
        *({"key": f"a-{n}", "fanned": "a", "branch": n, "item": {"name": f"Maker {n}"}} for n in range(1, 7)),
    ]
    fanned = staging.plan(entity, many)
    addresses = [
        reverse("console:plan", args=[plan.reference]),
        f"{reverse('console:plan', args=[fanned.reference])}?step=a&open=a",
        reverse("console:plan-why", args=[plan.reference]),
        reverse("console:plan-end", args=[plan.reference]),
        reverse("console:plan-override", args=[parked.reference, "a"]),
        reverse("console:control"),
        f"{reverse('console:control')}?state=undone",
    ]
    page = window(cast["ben"], theme=theme, width=width)
    for address in addresses:
        assert page.goto(live_server.url + address).status == 200, address
        settle(page)
        assert overflow(page) <= 0, address
        assert grave(page) == [], address


def test_the_control_room_follows_while_a_form_is_open(cast, entity, window, live_server) -> None:  # noqa: F811
    plan = staging.plan(entity, [{"key": "a", "status": "ready", "due_at": clock.now() + timedelta(hours=1)}])
    page = window(cast["ben"])
    page.goto(live_server.url + reverse("console:control"))
    settle(page)
    page.get_by_text("Stop everything…").click()
    page.locator("#why-all").fill("Look")
    assert page.locator("[data-key=parked] .figure").text_content() == "0"
    Plan.objects.filter(pk=plan.pk).update(status="parked")
    page.wait_for_function("document.querySelector('[data-key=parked] .figure').textContent === '1'", timeout=9000)
    assert page.locator("#why-all").input_value() == "Look"
    page.locator("[data-key=parked] a").click()
    page.get_by_role("link", name=plan.reference).wait_for()
    assert re.search(r"state=parked", page.url)
