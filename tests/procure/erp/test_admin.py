"""The ERP rooms in the admin: everything can be looked up, nothing forged, no secret shown."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from ledger.models import LegalEntity, Person
from procure.erp import credentials
from procure.models import ErpConnection
from tests.procure.erp.orders import issue, work

pytestmark = pytest.mark.django_db
READ_ONLY = ["erpcall", "externalref", "sandboxorder", "sandboxjournal", "sandboxdial"]


@pytest.fixture
def as_ben(client: Client, ben: Person) -> Client:
    client.force_login(ben)
    return client


@pytest.fixture
def as_olga(client: Client, olga: Person) -> Client:
    client.force_login(olga)
    return client


@pytest.mark.parametrize("model", READ_ONLY)
def test_records_are_listed_searched_and_never_added(
    as_ben: Client, entity: LegalEntity, sandbox: ErpConnection, model: str
) -> None:
    issue(entity)
    work()
    listed = reverse(f"admin:procure_{model}_changelist")
    assert as_ben.get(listed).status_code == 200
    assert as_ben.get(listed, {"q": "PO-00031"}).status_code == 200
    assert as_ben.get(reverse(f"admin:procure_{model}_add")).status_code == 403


def test_an_administrator_changes_a_connection_and_sees_where_its_secret_goes(
    as_olga: Client, entity: LegalEntity, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ErpConnection.objects.create(entity=entity, name="real", kind="tryton", base_url="https://erp.example")
    monkeypatch.setenv(credentials.variable_of(real), "never-on-a-page")
    page = reverse("admin:procure_erpconnection_change", args=[real.pk])
    shown = as_olga.get(page).content.decode()
    assert "PROCURE_ERP_REAL_PASSWORD" in shown
    assert "never-on-a-page" not in shown
    form = {"entity": entity.pk, "name": "real", "kind": "tryton", "settings": "{}", "secret_name": ""}
    answer = as_olga.post(page, form | {"base_url": "https://new.example", "active": "on"})
    assert answer.status_code == 302
    assert ErpConnection.objects.get().base_url == "https://new.example"


def test_an_address_that_may_never_be_called_is_an_error_beside_its_field(as_olga: Client, entity: LegalEntity) -> None:
    form = {"entity": entity.pk, "name": "real", "kind": "tryton", "settings": "{}", "base_url": "http://erp.example"}
    answer = as_olga.post(reverse("admin:procure_erpconnection_add"), form)
    assert answer.status_code == 200
    assert "https" in answer.context["adminform"].form.errors["base_url"][0]
    assert not ErpConnection.objects.exists()


def test_a_secret_typed_into_the_settings_is_turned_away(as_olga: Client, entity: LegalEntity) -> None:
    settings = '{"user": "procure", "password": "oops"}'
    form = {
        "entity": entity.pk,
        "name": "real",
        "kind": "tryton",
        "settings": settings,
        "base_url": "https://e.example",
    }
    answer = as_olga.post(reverse("admin:procure_erpconnection_add"), form)
    assert "No secret" in answer.context["adminform"].form.errors["settings"][0]
    assert not ErpConnection.objects.exists()


def test_a_buyer_looks_at_connections_and_changes_none(as_ben: Client, sandbox: ErpConnection) -> None:
    page = reverse("admin:procure_erpconnection_change", args=[sandbox.pk])
    assert as_ben.get(page).status_code == 200
    assert as_ben.post(page, {"name": "mine"}).status_code == 403
    sandbox.refresh_from_db()
    assert sandbox.name == "sandbox-hq"
