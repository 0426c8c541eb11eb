"""Every page: who gets in, who does not, and what an empty one says."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ledger.models import Person
from ledger.rights import Role
from tests import jumping
from tests.cast import make_person
from tests.console.conftest import SignIn, Story

EVERYBODY = {"rita", "ben", "ada", "olga", "ivan"}
STAFF = {"ben", "ada", "olga", "ivan"}
#: page -> who may open it. The others are refused, with a page that says so.
DOORS: dict[str, set[str]] = {
    "home": EVERYBODY,
    "ask": {"rita", "ben", "ada", "olga"},
    "queue": EVERYBODY,
    "requisitions": EVERYBODY,
    "plans": EVERYBODY,
    "events": EVERYBODY,
    "orders": EVERYBODY,
    "ledger": STAFF,
    "switches": EVERYBODY,
    "propose-kinds": {"rita", "ben", "ada", "olga"},
}


@pytest.fixture
def cast(rita: Person, ben: Person, ada: Person, olga: Person, ivan: Person) -> dict[str, Person]:
    return {"rita": rita, "ben": ben, "ada": ada, "olga": olga, "ivan": ivan}


@pytest.mark.parametrize("page", DOORS)
def test_a_page_opens_for_those_with_the_right_and_refuses_the_others(page, company, cast, sign_in: SignIn):
    for name, person in cast.items():
        response = sign_in(person).get(reverse(f"console:{page}"))
        assert response.status_code == (200 if name in DOORS[page] else 403), f"{name} on {page}"
        if name not in DOORS[page]:
            assert "does not have the right" in response.content.decode()


@pytest.mark.parametrize("page", DOORS)
def test_a_page_sends_strangers_to_sign_in_and_back(page, client, db):
    address = reverse(f"console:{page}")
    response = client.get(address)
    assert response.status_code == 302
    assert response.headers["Location"] == f"{reverse('account_login')}?next={address}"


@pytest.mark.parametrize("page", ["requisitions", "plans", "events", "orders"])
def test_an_empty_list_says_what_would_come_there(page, company, ben, sign_in: SignIn):
    text = sign_in(ben).get(reverse(f"console:{page}")).content.decode()
    assert "Nothing here yet" in text


def test_an_empty_queue_says_what_would_come_there(company, ada, sign_in: SignIn):
    assert "Nothing waits for you" in sign_in(ada).get(reverse("console:queue")).content.decode()


def test_the_home_page_tells_of_a_clock_that_nobody_has_confirmed(company, ben, sign_in: SignIn):
    page = reverse("console:home")
    assert "The clock has jumped" not in sign_in(ben).get(page).content.decode()
    jumping.jump()
    assert "The clock has jumped" in sign_in(ben).get(page).content.decode()


def test_an_account_without_a_company_is_told_so(company, sign_in: SignIn):
    lost = Person.objects.create_user("lost", password="x")
    response = sign_in(lost).get(reverse("console:home"))
    assert response.status_code == 403
    assert "belongs to no legal entity" in response.content.decode()


def details(story: Story) -> dict[str, str]:
    return {
        "requisition": story.requisition.reference,
        "plan": story.plan.reference,
        "event": story.event.reference,
        "proposal": story.award.reference,
        "order": story.order.reference,
    }


def test_the_story_shows_on_every_page_to_those_it_concerns(story: Story, sign_in: SignIn):
    for person in story.cast.values():
        for page, reference in details(story).items():
            response = sign_in(person).get(reverse(f"console:{page}", args=[reference]))
            assert response.status_code == 200, f"{person} on {page}"
            assert reference in response.content.decode()


def test_a_foreign_object_is_answered_exactly_like_an_absent_one(story: Story, sign_in: SignIn):
    other = sign_in(make_person("otto", Role.REQUESTER, entity=story.entity))
    for page, reference in details(story).items():
        foreign = other.get(reverse(f"console:{page}", args=[reference]))
        absent = other.get(reverse(f"console:{page}", args=["XX-99999"]))
        assert foreign.status_code == absent.status_code == 404
        said = foreign.content.decode().replace(reference, "XX-99999")
        assert "you may not see it" in said
        assert said.count("XX-99999") == absent.content.decode().count("XX-99999")


def test_a_get_never_changes_anything(story: Story, sign_in: SignIn):
    posted = [
        reverse("console:decide", args=[story.award.reference]),
        reverse("console:undo", args=[story.award.reference]),
        reverse("console:withdraw", args=[story.award.reference]),
        reverse("console:close-event", args=[story.event.reference]),
        reverse("console:plan-cancel", args=[story.plan.reference]),
        reverse("console:answer", args=[story.asked.reference]),
        reverse("console:turn"),
    ]
    for address in posted:
        assert sign_in(story.cast["ada"]).get(address).status_code == 405
        assert sign_in(story.cast["ben"]).get(address).status_code == 405


def test_no_page_carries_an_inline_script(story: Story, sign_in: SignIn):
    client = sign_in(story.cast["ada"])
    for page, reference in details(story).items():
        text = client.get(reverse(f"console:{page}", args=[reference])).content.decode()
        assert "<script>" not in text
        assert " onclick=" not in text
