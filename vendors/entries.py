"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Sequence

from ledger import chain
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import history_of, record
from ledger.models import Entry
from vendors import live
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


def of_bank_details(details: BankDetails) -> ObjectRef:
    return ObjectRef("bank_details", f"{details.vendor.key}/{details.version}", str(details.version))


def bank_details_fact(
    what: str, details: BankDetails, *, actor: Actor, causes: Sequence[int] = (), reason: str = ""
) -> Entry:
    """`what` is changed or withdrawn. A commitment stands for the values, and numbers for the people."""
    return record(
        f"bank_details.{what}",
        actor=actor,
        entity=details.vendor.entity,
        objects=[of_bank_details(details), ObjectRef("vendor", details.vendor.key)],
        data=live.bank_details(details),
        commitments={"details": details.commitment},
        words={"reason": reason},
        causes=causes,
    )


def bank_details_in_force(details: BankDetails, *, replaces: BankDetails | None) -> Entry:
    """The hold is over. It goes back to the decision that made the change, and carries the policy of that."""
    changed = history_of(of_bank_details(details)).filter(kind="bank_details.changed").get()
    replaced = of_bank_details(replaces) if replaces is not None else None
    return record(
        "bank_details.in_force",
        actor=Actor.system("clock"),
        entity=details.vendor.entity,
        objects=[of_bank_details(details), ObjectRef("vendor", details.vendor.key), *([replaced] if replaced else [])],
        data={**live.bank_details(details), "replaces": replaced.key if replaced else None},
        commitments={"details": details.commitment},
        causes=[changed.seq],
        policy=chain.read(changed).get("policy"),
    )
