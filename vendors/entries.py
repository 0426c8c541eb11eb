"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import Entry
from vendors.models import Vendor


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
