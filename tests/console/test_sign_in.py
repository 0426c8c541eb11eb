"""Signing in: one door for pages and admin, limited tries, no self-registration."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse

from tests.cast import PASSWORD

LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _no_earlier_tries() -> None:
    cache.clear()


def test_signing_in_leads_to_where_one_wanted_to_go(client, ada):
    response = client.post(f"{LOGIN}?next=/queue/", {"login": "ada", "password": PASSWORD})
    assert response.headers["Location"] == "/queue/"


def test_signing_in_never_leads_to_another_host(client, ada):
    response = client.post(f"{LOGIN}?next=https://evil.example/", {"login": "ada", "password": PASSWORD})
    assert response.headers["Location"] == reverse("console:home")


def test_the_admin_has_no_sign_in_of_its_own(client, db):
    response = client.get("/admin/login/?next=/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith(LOGIN)
    assert "Agents do the legwork" in response.content.decode()


def test_a_wrong_password_says_so_without_saying_which_half_was_wrong(client, ada):
    wrong = client.post(LOGIN, {"login": "ada", "password": "nope"}).content.decode()
    unknown = client.post(LOGIN, {"login": "nobody", "password": "nope"}).content.decode()
    message = "The username and/or email address and/or password you specified are not correct"
    assert message in wrong or "not correct" in wrong
    assert ("not correct" in wrong) == ("not correct" in unknown)


def test_guessing_is_stopped_after_five_tries(client, ada):
    for _try in range(5):
        client.post(LOGIN, {"login": "ada", "password": "nope"})
    text = client.post(LOGIN, {"login": "ada", "password": PASSWORD}).content.decode()
    assert "Too many failed login attempts" in text
    assert "_auth_user_id" not in client.session


def test_nobody_registers_themselves(client, db):
    text = client.get("/accounts/signup/").content.decode()
    assert "closed" in text.lower()
    assert client.post("/accounts/signup/", {"username": "x", "email": "x@x.example"}).status_code == 200


def test_the_page_sends_the_policy_that_forbids_foreign_scripts(client, db):
    policy = client.get(LOGIN).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
