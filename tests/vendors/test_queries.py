"""Finding vendors and items."""

from __future__ import annotations

from datetime import date

import pytest

from tests.vendors.rows import deliver, make_category, make_contact, make_item, make_vendor
from vendors import queries, shortlist
from vendors.errors import UnknownVendor
from vendors.models import Category, CategoryApproval, Vendor

TODAY = date(2026, 5, 1)


def test_case_and_spaces_make_no_difference(entity) -> None:
    vendor = make_vendor("VEN-010", entity=entity, name="Öko  Diagnostik GmbH")
    assert queries.vendor(" ven-010 ") == vendor
    assert queries.vendor_named("ÖKO DIAGNOSTIK GMBH", entity=entity) == vendor
    assert queries.vendor_named("öko diagnostik", entity=entity) is None


def test_a_name_that_two_vendors_share_finds_neither(entity) -> None:
    make_vendor("VEN-001", entity=entity, name="Acme")
    make_vendor("VEN-002", entity=entity, name="ACME")
    assert queries.vendor_named("acme", entity=entity) is None


def test_a_missing_vendor_is_named_and_a_long_key_is_cut(entity) -> None:
    with pytest.raises(UnknownVendor, match="VEN-404"):
        queries.vendor("ven-404".upper())
    with pytest.raises(UnknownVendor) as refused:
        queries.vendor("x" * 300_000)
    assert len(str(refused.value)) < 100


def test_who_delivered_an_equivalent_is_a_supplier_too(entity) -> None:
    wanted, twin, other = (make_item(key) for key in ("ITM-0001", "ITM-0002", "ITM-0003"))
    wanted.equivalents.add(twin)
    one, two, three = (make_vendor(key, entity=entity) for key in ("VEN-001", "VEN-002", "VEN-003"))
    deliver("A", item=wanted, entity=entity, vendor=one)
    deliver("B", item=twin, entity=entity, vendor=two)
    deliver("C", item=twin, entity=entity, vendor=two)
    deliver("D", item=other, entity=entity, vendor=three)
    deliver("E", item=wanted, entity=entity)
    assert queries.suppliers_of("ITM-0001", entity) == [two, one]


def test_an_approval_covers_the_categories_below_and_ends(entity) -> None:
    vendor, above = make_vendor("VEN-001", entity=entity), make_category("MEDICINES")
    below = Category.objects.create(code="MEDICINES-ARV", name="ARV", parent=above)
    approval = CategoryApproval.objects.create(vendor=vendor, category=above, valid_until=TODAY)
    assert queries.approved_for(vendor, below, on=TODAY)
    assert not queries.approved_for(vendor, below, on=date(2026, 5, 2))
    assert not queries.approved_for(make_vendor("VEN-002", entity=entity), below, on=TODAY)
    approval.vendor.status = Vendor.Status.RETIRED
    assert not queries.approved_for(approval.vendor, below, on=TODAY)


def test_a_shortlist_names_who_was_left_out_and_why(entity) -> None:
    item = make_item("ITM-0001")
    good, late, blocked, unreachable = (
        make_vendor("VEN-001", entity=entity),
        make_vendor("VEN-002", entity=entity),
        make_vendor("VEN-003", entity=entity, status=Vendor.Status.BLOCKED, blocked_reason="Fraud"),
        make_vendor("VEN-004", entity=entity),
    )
    CategoryApproval.objects.create(vendor=late, category=item.category)
    for vendor in (good, late, blocked):
        make_contact(vendor)
    make_contact(unreachable, verified=False)
    for vendor in (good, late, blocked, unreachable):
        for number in range(10):
            deliver(f"{vendor.key}-{number}", item=item, entity=entity, vendor=vendor, delay=20 * (vendor == late))
    made = shortlist.make(item_key="ITM-0001", country="NG", entity=entity, as_of=TODAY)
    assert [each.vendor for each in made.on_it] == [good, late]
    assert {each.vendor.key: each.reason for each in made.left_out} == {
        "VEN-003": "Not approved: blocked.",
        "VEN-004": "No verified contact to write to.",
    }
    assert any("Risk of being late" in each.reason for each in made.on_it[0].scored.parts)
    assert made.on_it[0].unknown == (
        "Price against the usual one: not known, counts as worst.",
        "Not approved for ARV.",
    )
    assert made.on_it[1].unknown == ("Price against the usual one: not known, counts as worst.",)
