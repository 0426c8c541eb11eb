"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import Entry
from vendors.models import BankDetails, Vendor


def vendor_qualified(
    vendor: Vendor, *, before: str, category: str | None, note: str, actor: Actor, causes: Sequence[int]
) -> Entry:
    return record(
        "vendor.qualified",
        actor=actor,
        entity=vendor.entity,
        objects=[ObjectRef("vendor", vendor.key)],
        data={"before": before, "after": vendor.status, "category": category},
        words={"note": note},
        causes=causes,
    )


def qualification_withdrawn(
    vendor: Vendor, *, before: str, category: str | None, reason: str, actor: Actor, causes: Sequence[int]
) -> Entry:
    return record(
        "vendor.qualification_withdrawn",
        actor=actor,
        entity=vendor.entity,
        objects=[ObjectRef("vendor", vendor.key)],
        data={"before": before, "after": vendor.status, "category": category},
        words={"reason": reason},
        causes=causes,
    )


def vendor_blocked(vendor: Vendor, *, before: str, actor: Actor, causes: Sequence[int]) -> Entry:
    return record(
        "vendor.blocked",
        actor=actor,
        entity=vendor.entity,
        objects=[ObjectRef("vendor", vendor.key)],
        data={"before": before, "after": vendor.status},
        words={"reason": vendor.blocked_reason},
        causes=causes,
    )


def vendor_unblocked(vendor: Vendor, *, reason: str, actor: Actor, causes: Sequence[int]) -> Entry:
    return record(
        "vendor.unblocked",
        actor=actor,
        entity=vendor.entity,
        objects=[ObjectRef("vendor", vendor.key)],
        data={"before": Vendor.Status.BLOCKED.value, "after": vendor.status},
        words={"reason": reason},
        causes=causes,
    )


def bank_details_fact(
    what: str, details: BankDetails, *, actor: Actor, causes: Sequence[int] = (), reason: str = ""
) -> Entry:
    """`what` is changed, in_force or withdrawn. A commitment stands for the values, and numbers for the people."""
    vendor = details.vendor
    return record(
        f"bank_details.{what}",
        actor=actor,
        entity=vendor.entity,
        objects=[
            ObjectRef("bank_details", f"{vendor.key}/{details.version}", str(details.version)),
            ObjectRef("vendor", vendor.key),
        ],
        data={
            "version": details.version,
            "status": str(details.status),
            "hold_until": details.hold_until,
            "called_back": str(details.called_back_id),
            "requested_by": details.requested_by,
            "verified_by": details.verified_by,
        },
        commitments={"details": details.commitment},
        words={"reason": reason},
        causes=causes,
    )
