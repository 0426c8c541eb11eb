"""The form of any command, made from its declaration."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

import pytest
from django.urls import reverse
from pydantic import BaseModel, Field

from approvals.models import Proposal
from ledger import command
from ledger.command import Command
from procure.console import command_form
from tests.console.conftest import SignIn, Story


class Part(BaseModel):
    number: int
    note: str = ""


class Everything(Command):
    """One of each kind of field."""

    label: ClassVar[str] = "Everything"
    name: str = Field(description="Its name.")
    count: int = 3
    price: Decimal | None = None
    on: date | None = None
    sure: bool = False
    size: Literal["small", "large"] = "small"
    words: tuple[str, ...] = ()
    parts: tuple[Part, ...] = Field(min_length=1)
    more: dict[str, int] = Field(default_factory=dict)


def test_each_kind_of_field_gets_its_widget():
    widgets = {field.name: field.shape.widget for field in command_form.fields_of(Everything)}
    assert widgets == {
        "name": "text",
        "count": "whole",
        "price": "number",
        "on": "date",
        "sure": "tick",
        "size": "choice",
        "words": "words",
        "parts": "lines",
        "more": "json",
    }


def test_what_was_posted_comes_back_as_the_same_command():
    posted = {
        "name": "x",
        "count": "4",
        "price": "12.50",
        "on": "2026-11-21",
        "sure": "1",
        "size": "large",
        "words": "one\n\n two ",
        "parts-0-number": "1",
        "parts-7-number": "2",
        "parts-7-note": "late",
        "parts-9-number": "",
        "more": '{"a": 1}',
    }
    made = Everything.model_validate(command_form.read(Everything, posted))
    assert made.price == Decimal("12.50")
    assert made.on == date(2026, 11, 21)
    assert made.words == ("one", "two")
    assert [(part.number, part.note) for part in made.parts] == [(1, ""), (2, "late")]
    assert made.sure is True
    assert made.more == {"a": 1}


def test_empty_fields_that_need_not_be_filled_keep_their_defaults():
    made = Everything.model_validate(command_form.read(Everything, {"name": "x", "parts-0-number": "1", "count": ""}))
    assert (made.count, made.price, made.size, made.sure) == (3, None, "small", False)


def test_an_error_stands_at_its_own_field_also_inside_a_line():
    errors = [{"loc": ("parts", 1, "number"), "msg": "not a number"}, {"loc": ("name",), "msg": "missing"}]
    fields = {each.name: each for each in command_form.fields_of(Everything, {"parts": [{}, {}]}, errors)}
    assert fields["name"].errors == ["missing"]
    assert fields["parts"].lines[1][0].errors == ["not a number"]
    assert fields["parts"].lines[0][0].errors == []


def test_every_command_there_is_has_a_form(story: Story, sign_in: SignIn):
    olga, ben = sign_in(story.cast["olga"]), sign_in(story.cast["ben"])
    for kind, each in command.kinds().items():
        response = olga.get(reverse("console:propose", args=[kind]))
        assert response.status_code == 200, kind
        assert each.label in response.content.decode()
        expected = 403 if each.right in ("policy.edit", "bounds.edit", "personal.erase", "template.edit") else 200
        assert ben.get(reverse("console:propose", args=[kind])).status_code == expected, kind


BLOCKING = {"vendor": "VEN-001", "reason": "Two late deliveries", "rationale": "See the file."}


def test_a_preview_shows_what_would_change_and_proposes_nothing(story: Story, sign_in: SignIn):
    before = Proposal.objects.count()
    response = sign_in(story.cast["ben"]).post("/propose/BlockVendor/", BLOCKING | {"do": "look"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "<ins>" in text
    assert "Two late deliveries" in text
    assert Proposal.objects.count() == before


def test_sending_it_makes_a_proposal_judged_like_any_other(story: Story, sign_in: SignIn):
    response = sign_in(story.cast["ben"]).post("/propose/BlockVendor/", BLOCKING | {"do": "send"})
    made = Proposal.objects.order_by("-pk")[0]
    assert response.headers["Location"] == reverse("console:proposal", args=[made.reference])
    assert (made.author.person_id, made.status) == (story.cast["ben"].pk, Proposal.Status.WAITING)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rationale": ""}, "Say why"),
        ({"reason": ""}, "Reason"),
        ({"vendor": "VEN-999"}, "no vendor"),
    ],
)
def test_what_cannot_be_accepted_is_said_and_the_input_kept(change, said, story: Story, sign_in: SignIn):
    before = Proposal.objects.count()
    response = sign_in(story.cast["ben"]).post("/propose/BlockVendor/", BLOCKING | change | {"do": "send"})
    text = response.content.decode()
    assert response.status_code in (404, 422)
    assert said in text
    if response.status_code == 422 and "rationale" not in change:
        assert "See the file." in text
    assert Proposal.objects.count() == before


def test_the_address_fills_the_form(story: Story, sign_in: SignIn):
    text = sign_in(story.cast["ben"]).get("/propose/BlockVendor/", {"vendor": "VEN-002"}).content.decode()
    assert 'value="VEN-002"' in text


def test_an_unknown_command_is_not_there(story: Story, sign_in: SignIn):
    assert sign_in(story.cast["ben"]).get("/propose/DropTables/").status_code == 404


def test_an_auditor_proposes_nothing(story: Story, sign_in: SignIn):
    before = Proposal.objects.count()
    assert sign_in(story.cast["ivan"]).post("/propose/BlockVendor/", BLOCKING | {"do": "send"}).status_code == 403
    assert Proposal.objects.count() == before
