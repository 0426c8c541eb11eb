"""The admin pages of the ground floor."""

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from ledger import command, journal, switches
from ledger.actors import Actor
from ledger.adminsite import GovernedAdmin, plain_cell
from ledger.command import Command
from ledger.models import Entry, LegalEntity, Person, Switch

MODELS = [model for model in apps.get_app_config("ledger").get_models() if site.is_registered(model)]


def page(model, name="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


@pytest.fixture
def something_recorded(entity, olga):
    switches.turn("sender:mail", stop=True, actor=Actor.human(olga), entity=entity, reason="=HYPERLINK(1)")


def test_every_model_of_this_floor_is_listed():
    assert set(MODELS) == set(apps.get_app_config("ledger").get_models())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_an_auditor_can_open_and_export_every_list(model, something_recorded, ivan, client: Client):
    client.force_login(ivan)
    assert client.get(page(model)).status_code == 200
    exported = client.post(page(model, "export"), {"format": "0", "resource": "0"})
    assert exported.status_code == 200
    assert exported["Content-Type"] == "text/csv"
    for row in model.objects.all()[:1]:
        assert client.get(page(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_superuser_without_a_role_sees_and_changes_nothing(model, something_recorded, entity, client: Client):
    client.force_login(Person.objects.create_superuser("root", entity=entity))
    assert client.get(page(model)).status_code == 403
    assert client.get(page(model, "export")).status_code == 403


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_buyer_can_add_change_and_delete_nothing(model, something_recorded, ben, client: Client):
    client.force_login(ben)
    assert client.get(page(model, "add")).status_code == 403
    row = model.objects.first()
    if row is not None:
        assert client.post(page(model, "change", row.pk), {}).status_code == 403
        assert client.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403
        assert model.objects.filter(pk=row.pk).exists()


def test_an_entry_is_shown_as_it_was_hashed(something_recorded, ivan, client: Client):
    client.force_login(ivan)
    response = client.get(page(Entry, "change", Entry.objects.get().pk))
    assert "switch.stopped" in response.text
    assert "commitments" in response.text
    assert "=HYPERLINK(1)" not in response.text, "what somebody typed stands beside the chain, not in it"


def test_an_administrator_changes_a_role_and_the_ledger_hears_of_it(entity, olga, ben, client: Client):
    client.force_login(olga)
    approver = ben.groups.model.objects.create(name="approver")
    form = {
        "username": "ben", "email": "ben@hq.example", "time_zone": "UTC", "entity": entity.pk,
        "groups": [approver.pk], "is_active": "on", "is_staff": "on", "is_superuser": "on",
    }  # fmt: skip
    assert client.post(page(Person, "change", ben.pk), form).status_code == 302
    ben = Person.objects.get(pk=ben.pk)
    assert ben.role_names == {"approver"}
    assert not ben.is_superuser
    entry = Entry.objects.get(kind="person.changed")
    assert entry.actor_id == str(olga.pk)
    assert b'"roles":["approver"]' in bytes(entry.bytes)


def test_a_password_never_leaves_by_export(ben, olga, client: Client):
    client.force_login(olga)
    exported = client.post(page(Person, "export"), {"format": "0", "resource": "0"}).text
    assert "ben" in exported
    assert "password" not in exported
    assert ben.password not in exported


def test_an_entity_keeps_its_currency_and_log(entity, olga, client: Client):
    client.force_login(olga)
    form = {"name": "Head office", "base_currency": "EUR", "time_zone": "UTC", "country": "US", "code": "X"}
    assert client.post(page(LegalEntity, "change", entity.pk), form).status_code == 302
    entity.refresh_from_db()
    assert (entity.name, entity.base_currency, entity.code) == ("Head office", "USD", "HQ")
    assert journal.history_of().count() == 0


class Stop(Command):
    right = "switch.stop"


class SwitchesAsGoverned(GovernedAdmin):
    propose_actions = {"Stop this": "Stop", "Unheard of": "Nothing"}

    def subject_of(self, obj):
        return obj.scope


@pytest.fixture
def governed_page(something_recorded, rf, monkeypatch):
    """The page of a switch as if switches were governed, for a person."""
    monkeypatch.setattr(command, "_registry", {})
    command.register(Stop, handler="nowhere")

    def render(person):
        request = rf.get("/")
        request.user = person
        return SwitchesAsGoverned(Switch, site).change_view(request, "sender:mail").render().content.decode()

    return render


def test_a_governed_record_links_to_the_page_that_proposes_a_change(governed_page, ben):
    html = governed_page(ben)
    assert reverse("console:propose", args=["Stop"]) + "?subject=sender%3Amail" in html
    assert "Stop this" in html
    assert "Unheard of" not in html
    assert "changes only by a decided proposal" in html


def test_the_link_is_not_shown_to_those_who_may_not_propose(governed_page, ivan):
    assert "Stop this" not in governed_page(ivan)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("@SUM(A1)", "'@SUM(A1)"), ("-cmd", "'-cmd"), ("\t=1", "'\t=1"),
        ("-12.50", "-12.50"), ("PO-00001", "PO-00001"), (7, 7), ("a\x00b", "a\ufffdb"),
    ],
)  # fmt: skip
def test_no_cell_becomes_a_formula(value, cell):
    assert plain_cell(value) == cell
