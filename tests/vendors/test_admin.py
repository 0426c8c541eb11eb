"""What staff see of vendors and contracts in the admin: everything, and nothing to change."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from contracts.models import Contract, ContractPrice
from ledger import clock
from ledger.importing import importing
from tests.vendors.rows import DIGEST, deliver, make_contact, make_item, make_vendor
from vendors.models import BankDetails, CallBackNumber, CategoryApproval, Certificate, SealedBankDetails, Vendor

MODELS = [each for app in ("vendors", "contracts") for each in apps.get_app_config(app).get_models()]
SHOWN = [each for each in MODELS if not each.__name__.startswith("Historical")]


@pytest.fixture
def vendor(entity) -> Vendor:
    vendor, item = make_vendor("VEN-001", entity=entity, name="=cmd Öko"), make_item("ITM-0001")
    make_contact(vendor)
    deliver("D1", item=item, entity=entity, vendor=vendor)
    CategoryApproval.objects.create(vendor=vendor, category=item.category)
    Certificate.objects.create(vendor=vendor, kind="ISO 9001", valid_until=date(2027, 1, 1))
    with importing("tests", DIGEST):
        contract = Contract.objects.create(
            reference="CTR-00001",
            entity=entity,
            vendor=vendor,
            title="Frame",
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 12, 31),
            currency="USD",
        )
        ContractPrice.objects.create(contract=contract, item=item, unit_price=Decimal(7))
    add_bank_details(vendor)
    return vendor


def add_bank_details(vendor: Vendor) -> None:
    at = {"vendor": vendor, "sealed": b"\x00"}
    number = CallBackNumber.objects.create(**at, known_since=clock.now())
    source = SealedBankDetails.objects.create(
        **at, reference="0" * 32, commitment="0" * 64, given_by="1", given_at=clock.now()
    )
    with importing("tests", DIGEST):
        BankDetails.objects.create(
            vendor=vendor, version=1, source=source, commitment="0" * 64, hold_until=clock.now(), called_back=number,
            requested_by="1", verified_by="2", changed_at=clock.now(),
        )  # fmt: skip


@pytest.fixture
def signed_in(client: Client, ben) -> Client:
    client.force_login(ben)
    return client


@pytest.mark.parametrize("model", SHOWN, ids=lambda each: each.__name__)
def test_every_model_is_listed_searched_shown_and_exported(signed_in: Client, vendor, model) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model.objects.first()
    assert signed_in.get(reverse(f"{name}_changelist"), {"q": "a"}).status_code == 200
    assert signed_in.get(reverse(f"{name}_change", args=[row.pk])).status_code == 200
    assert signed_in.get(reverse(f"{name}_export")).status_code == 200


@pytest.mark.parametrize("model", SHOWN, ids=lambda each: each.__name__)
def test_nothing_is_added_changed_or_deleted_there(signed_in: Client, vendor, model) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    row = model.objects.first()
    before = model.objects.filter(pk=row.pk).values().get()
    assert signed_in.post(reverse(f"{name}_add"), {}).status_code == 403
    assert signed_in.post(reverse(f"{name}_change", args=[row.pk]), {"name": "x"}).status_code == 403
    assert signed_in.post(reverse(f"{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).values().get() == before


def test_a_vendors_rows_are_one_click_away(signed_in: Client, vendor) -> None:
    page = signed_in.get(reverse("admin:vendors_vendor_change", args=[vendor.pk])).content.decode()
    for target in ("admin:vendors_delivery_changelist", "admin:contracts_contract_changelist"):
        link = f"{reverse(target)}?vendor__id__exact={vendor.pk}"
        assert link in page
        assert signed_in.get(link).status_code == 200


def test_earlier_versions_of_a_vendor_can_be_looked_at(signed_in: Client, vendor) -> None:
    with importing("tests", DIGEST):
        vendor.country = "DE"
        vendor.save(update_fields=["country"])
    page = signed_in.get(reverse("admin:vendors_vendor_history", args=[vendor.pk]))
    assert page.status_code == 200
    assert vendor.history.count() == 2


def test_a_vendor_is_found_by_a_folded_name(signed_in: Client, vendor) -> None:
    page = signed_in.get(reverse("admin:vendors_vendor_changelist"), {"q": "öko"}).content.decode()
    assert "VEN-001" in page


def test_an_exported_name_is_no_formula(signed_in: Client, vendor) -> None:
    answer = signed_in.post(
        reverse("admin:vendors_vendor_export"),
        {"format": "0", "resource": "0", **{f"vendorresource_{name}": "on" for name in ("key", "name")}, "key": "on"},
    )
    body = answer.content.decode()
    assert "VEN-001" in body
    assert "'=cmd" in body
    assert ",=cmd" not in body


def test_a_requester_sees_no_vendor_records(client: Client, rita, vendor) -> None:
    client.force_login(rita)
    assert client.get(reverse("admin:vendors_vendor_changelist")).status_code == 403
