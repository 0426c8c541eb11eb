"""A company of one's own in an empty database."""

from __future__ import annotations

import io
import json
import stat

import pytest
from django.core.management import CommandError, call_command

from approvals import policies
from ledger import chain
from ledger.models import CostCentre, Entry, LegalEntity, Person
from ledger.rights import Role
from procure.demo import cast
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ANSWERS = {
    "entity_name": "Öko Werke AG",
    "entity_code": "oeko",
    "currency": "eur",
    "country": "de",
    "time_zone": "Europe/Berlin",
    "admin": ["Ute Meier <ute@werke.example>", "Jan de Vries <jan@werke.example>"],
    "person": ["Rita Moreau <Rita@werke.example> requester, buyer"],
    "cost_centre": ["OPS Operations", "rd-1 Research"],
}


def start(**changes: object) -> dict[str, object]:
    out = io.StringIO()
    call_command("demo", "--empty", "--json", stdout=out, stderr=io.StringIO(), **{**ANSWERS, **changes})
    return json.loads(out.getvalue())


def test_everything_a_company_needs_is_there_and_nothing_of_the_demo(var_dir, client) -> None:
    assert start() == {"entity": "OEKO", "people": ["ute", "jan", "rita"]}
    entity = LegalEntity.objects.get()
    assert (entity.name, entity.base_currency, entity.country) == ("Öko Werke AG", "EUR", "DE")
    assert (entity.time_zone, entity.frozen_date) == ("Europe/Berlin", None)
    assert Person.objects.get(username="ute").role_names == {Role.ADMINISTRATOR}
    assert Person.objects.get(username="rita").role_names == {Role.REQUESTER, Role.BUYER}
    assert list(CostCentre.objects.values_list("code", "owner__username")) == [("OPS", "ute"), ("RD-1", "ute")]
    assert policies.version_in_force(entity).number == 1
    assert not Vendor.objects.exists()
    assert cast.sign_ins() == []
    kept = var_dir / "first-signins.txt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    username, password = kept.read_text().splitlines()[0].split("\t")
    assert client.login(username=username, password=password)


def test_the_opening_is_in_the_ledger_without_a_name_or_mail() -> None:
    start()
    entry = Entry.objects.get(kind="entity.opened")
    assert chain.read(entry)["data"]["cost_centres"] == ["OPS", "RD-1"]
    assert b"werke.example" not in bytes(entry.bytes)
    assert b"Meier" not in bytes(entry.bytes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"currency": "XYZ"}, "currency"),
        ({"country": "Germany"}, "country"),
        ({"time_zone": "Berlin"}, "time zone"),
        ({"admin": ["Ute Meier <ute@werke.example>"]}, "two administrators"),
        ({"admin": ["Ute <ute@werke.example>", "Ute <UTE@werke.example>"]}, "same mail address"),
        ({"admin": ["Ute", "Jan"]}, "Name <mail address>"),
        ({"admin": ["Ute <ute@>", "Jan <jan@werke.example>"]}, "not a mail address"),
        ({"person": ["Rita <rita@werke.example> queen"]}, "Roles are"),
        ({"cost_centre": ["OPS"]}, "CODE Name"),
        ({"cost_centre": ["OPS One", "ops Two"]}, "same code"),
        ({"entity_name": None}, "--entity-name is missing"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_is_made(change, message: str) -> None:
    with pytest.raises(CommandError, match=message) as refused:
        start(**change)
    assert refused.value.returncode == 2
    assert not LegalEntity.objects.exists()
    assert not Person.objects.exists()
    assert not Entry.objects.exists()


def test_a_database_in_use_is_refused(entity) -> None:
    with pytest.raises(CommandError, match="in use already") as refused:
        start()
    assert refused.value.returncode == 1
    assert LegalEntity.objects.get() == entity
    assert not Person.objects.exists()


def test_the_demo_leaves_a_company_of_ones_own_alone() -> None:
    start()
    before = Entry.objects.count()
    out = io.StringIO()
    call_command("demo", "--json", stdout=out, stderr=io.StringIO())
    assert json.loads(out.getvalue()) == {"entity": None, "fresh": False}
    assert (Entry.objects.count(), LegalEntity.objects.count()) == (before, 1)
