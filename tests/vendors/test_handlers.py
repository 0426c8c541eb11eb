"""Commands about vendors: what they change, what they refuse, how they are undone."""

from __future__ import annotations

import pytest
from django.db import transaction

from ledger import chain, command, granting, personal
from ledger.actors import Actor
from ledger.authority import Authority
from ledger.command import Carried, Command
from ledger.errors import DomainError, InvalidInput, NoAuthority
from ledger.models import Entry, LegalEntity
from ledger.spending import spending
from tests.vendors.rows import make_category, make_vendor
from vendors import handlers
from vendors.commands import BlockVendor, QualifyVendor, UnblockVendor, WithdrawQualification
from vendors.models import CategoryApproval, Vendor


def carry_out(wanted: Command, *, actor: Actor, entity: LegalEntity) -> Carried:
    """Under an authority issued for exactly this, as execution does it."""
    from django.utils.module_loading import import_string

    print_of_it = command.fingerprint([wanted])
    granted = granting.issue(fingerprint=print_of_it, reference="DEC-1")
    with transaction.atomic(), spending(granted.pk, print_of_it, policy="b" * 64) as authority:
        handler = import_string(command.handler_path(wanted.kind()))
        return handler(wanted, authority=authority, actor=actor, entity=entity, cause=1)


@pytest.fixture
def vendor(entity) -> Vendor:
    return make_vendor("VEN-001", entity=entity, status=Vendor.Status.PROSPECT)


def status_of(vendor: Vendor) -> str:
    return Vendor.objects.get(pk=vendor.pk).status


def test_a_blocked_vendor_gets_its_status_back_when_the_block_is_undone(entity, ben, vendor) -> None:
    actor = Actor.human(ben)
    carried = carry_out(BlockVendor(vendor="ven-001", reason="Missing papers"), actor=actor, entity=entity)
    vendor.refresh_from_db()
    assert (vendor.status, vendor.blocked_reason) == ("blocked", "Missing papers")
    assert isinstance(carried.compensation, UnblockVendor)
    again = carry_out(carried.compensation, actor=actor, entity=entity)
    vendor.refresh_from_db()
    assert (vendor.status, vendor.blocked_reason) == ("prospect", "")
    assert again.compensation == BlockVendor(vendor="VEN-001", reason="Missing papers")


def test_qualifying_approves_vendor_and_category_and_withdrawing_takes_both_back(entity, ben, vendor) -> None:
    make_category("ARV")
    actor = Actor.human(ben)
    carried = carry_out(
        QualifyVendor(vendor="VEN-001", category="arv", note="Audit passed"), actor=actor, entity=entity
    )
    assert status_of(vendor) == "approved"
    assert CategoryApproval.objects.get().category.code == "ARV"
    assert carried.compensation == WithdrawQualification(
        vendor="VEN-001", category="ARV", back_to="prospect", reason="The qualification is undone."
    )
    carry_out(carried.compensation, actor=actor, entity=entity)
    assert status_of(vendor) == "prospect"
    assert not CategoryApproval.objects.exists()


def test_each_change_is_one_entry_and_one_version(entity, ben, vendor) -> None:
    carry_out(BlockVendor(vendor="VEN-001", reason="Missing papers"), actor=Actor.human(ben), entity=entity)
    entry = Entry.objects.get(kind="vendor.blocked")
    record = chain.read(entry)
    assert record["objects"] == [{"kind": "vendor", "key": "VEN-001"}]
    assert record["data"] == {"after": "blocked", "before": "prospect"}
    assert personal.value("main", entry.seq, "reason") == "Missing papers"
    assert record["causes"] == [1]
    assert vendor.history.first().history_change_reason == "Missing papers"


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("blocked", QualifyVendor(vendor="VEN-001")),
        ("retired", QualifyVendor(vendor="VEN-001")),
        ("blocked", BlockVendor(vendor="VEN-001", reason="Once more")),
        ("approved", UnblockVendor(vendor="VEN-001", reason="Never was")),
        ("prospect", WithdrawQualification(vendor="VEN-001", reason="Never was")),
        ("approved", BlockVendor(vendor="VEN-404", reason="Who?")),
        ("approved", QualifyVendor(vendor="VEN-001", category="NOWHERE")),
    ],
)
def test_what_the_status_does_not_allow_is_refused_and_changes_nothing(entity, ben, status, wanted) -> None:
    reason = "Earlier" if status == "blocked" else ""
    vendor = make_vendor("VEN-001", entity=entity, status=status, blocked_reason=reason)
    with pytest.raises(DomainError):
        wanted.check()
    with pytest.raises(DomainError):
        carry_out(wanted, actor=Actor.human(ben), entity=entity)
    assert status_of(vendor) == status
    assert not Entry.objects.exists()
    assert vendor.history.count() == 1


def test_a_handler_without_authority_changes_nothing(entity, ben, vendor) -> None:
    with pytest.raises(NoAuthority):
        handlers.block_vendor(
            BlockVendor(vendor="VEN-001", reason="On my own"),
            authority=Authority(1, "0" * 64, "forged"),
            actor=Actor.human(ben),
            entity=entity,
            cause=1,
        )
    assert status_of(vendor) == "prospect"


def test_a_reason_is_short_but_there(entity) -> None:
    for reason in ("", "  ", "x" * 501):
        with pytest.raises(InvalidInput, match="reason"):
            command.build("BlockVendor", {"vendor": "VEN-001", "reason": reason})


def test_the_preview_shows_before_and_after(entity, vendor) -> None:
    shown = BlockVendor(vendor="VEN-001", reason="Missing papers").preview()
    assert [(each.before, each.after) for each in shown] == [("Prospect", "Blocked"), ("", "Missing papers")]
