"""Carries out this floor's commands, inside the transaction and under the authority of an approved proposal."""

from __future__ import annotations

from typing import cast

from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried, ObjectRef
from ledger.models import LegalEntity
from vendors import bank_details, entries, queries
from vendors.commands import (
    BackTo,
    BlockVendor,
    ChangeBankDetails,
    QualifyVendor,
    UnblockVendor,
    WithdrawBankDetails,
    WithdrawQualification,
)
from vendors.errors import UnknownVendor, WrongStatus
from vendors.models import CategoryApproval, Vendor


def qualify_vendor(
    command: QualifyVendor, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    vendor = _held(command.vendor, entity)
    before = vendor.status
    if before in (Vendor.Status.BLOCKED, Vendor.Status.RETIRED):
        raise WrongStatus()
    newly_approved = category = None
    if command.category:
        category = queries.category(command.category)
        approval, created = CategoryApproval.objects.get_or_create(vendor=vendor, category=category)
        newly_approved = category.code if created else None
        if approval.valid_until is not None:
            approval.valid_until = None
            approval.save(update_fields=["valid_until"])
    _turn(vendor, Vendor.Status.APPROVED, why=command.note or "Qualified")
    entries.vendor_qualified(
        vendor,
        before=before,
        category=category.code if category else None,
        note=command.note,
        actor=actor,
        causes=[cause],
    )
    return _carried(
        vendor,
        WithdrawQualification(
            vendor=vendor.key,
            category=newly_approved,
            back_to=cast("BackTo", before),
            reason="The qualification is undone.",
        ),
    )


def withdraw_qualification(
    command: WithdrawQualification, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    vendor = _held(command.vendor, entity)
    before = vendor.status
    if before != Vendor.Status.APPROVED:
        raise WrongStatus()
    category = queries.category(command.category) if command.category else None
    if category:
        vendor.category_approvals.filter(category=category).delete()
    _turn(vendor, command.back_to, why=command.reason)
    entries.qualification_withdrawn(
        vendor,
        before=before,
        category=category.code if category else None,
        reason=command.reason,
        actor=actor,
        causes=[cause],
    )
    again = QualifyVendor(vendor=vendor.key, category=command.category, note="The withdrawal is undone.")
    return _carried(vendor, again)


def block_vendor(
    command: BlockVendor, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    vendor = _held(command.vendor, entity)
    before = vendor.status
    if before == Vendor.Status.BLOCKED:
        raise WrongStatus()
    _turn(vendor, Vendor.Status.BLOCKED, why=command.reason, blocked_reason=command.reason)
    entries.vendor_blocked(vendor, before=before, actor=actor, causes=[cause])
    return _carried(
        vendor, UnblockVendor(vendor=vendor.key, reason="The block is undone.", back_to=cast("BackTo", before))
    )


def unblock_vendor(
    command: UnblockVendor, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    vendor = _held(command.vendor, entity)
    if vendor.status != Vendor.Status.BLOCKED:
        raise WrongStatus()
    why_blocked = vendor.blocked_reason
    _turn(vendor, command.back_to or queries.status_before_block(vendor), why=command.reason)
    entries.vendor_unblocked(vendor, reason=command.reason, actor=actor, causes=[cause])
    return _carried(vendor, BlockVendor(vendor=vendor.key, reason=why_blocked))


def change_bank_details(
    command: ChangeBankDetails, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    held = bank_details.change(
        _held(command.vendor, entity),
        reference=command.details,
        commitment=command.commitment,
        called_back=command.called_back,
        actor=actor,
        cause=cause,
    )
    return Carried(
        result={"vendor": command.vendor, "version": held.version},
        objects=(ObjectRef("vendor", command.vendor),),
        compensation=WithdrawBankDetails(
            vendor=command.vendor, version=held.version, reason="The change of bank details is undone."
        ),
    )


def withdraw_bank_details(
    command: WithdrawBankDetails, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    vendor = _held(command.vendor, entity)
    bank_details.withdraw(vendor, version=command.version, reason=command.reason, actor=actor, cause=cause)
    return Carried(
        result={"vendor": vendor.key, "version": command.version}, objects=(ObjectRef("vendor", vendor.key),)
    )


def _held(key: str, entity: LegalEntity) -> Vendor:
    vendor = Vendor.objects.select_for_update().filter(key=key, entity=entity).first()
    if vendor is None:
        raise UnknownVendor()
    return vendor


def _turn(vendor: Vendor, status: str, *, why: str, blocked_reason: str = "") -> None:
    vendor.status, vendor.blocked_reason = status, blocked_reason
    vendor._change_reason = why[:100]  # type: ignore[attr-defined]
    vendor.save(update_fields=["status", "blocked_reason"])


def _carried(
    vendor: Vendor, compensation: QualifyVendor | WithdrawQualification | BlockVendor | UnblockVendor
) -> Carried:
    return Carried(
        result={"vendor": vendor.key, "status": str(vendor.status)},
        objects=(ObjectRef("vendor", vendor.key),),
        compensation=compensation,
    )
