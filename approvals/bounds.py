"""Writing the bounds of agent roles: at set-up, later by a carried-out proposal. Reading them is the room of limits."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import transaction

from approvals import entries
from approvals.models import Bounds
from ledger import clock
from ledger.actors import Actor
from ledger.command import digest
from ledger.importing import importing
from ledger.models import LegalEntity

#: Amounts are in base currency. Only reading and proposing: nothing here lets an agent decide.
SHIPPED: dict[str, dict[str, Any]] = {
    "intake": {
        "commands": ["RaiseRequisition"],
        "max_amount": "1000000",
        "max_per_day": None,
        "rate_per_hour": 600,
        "suppliers_per_event": 0,
    },
    "research": {
        "commands": ["QualifyVendor"],
        "max_amount": None,
        "max_per_day": None,
        "rate_per_hour": 60,
        "suppliers_per_event": 1,
    },
    "sourcing": {
        "commands": ["InviteSuppliers", "CancelEvent", "AwardEvent", "IssueOrder"],
        "max_amount": "250000",
        "max_per_day": "1000000",
        "rate_per_hour": 600,
        "suppliers_per_event": 10,
    },
    "compliance": {
        "commands": ["BlockVendor"],
        "max_amount": None,
        "max_per_day": None,
        "rate_per_hour": 60,
        "suppliers_per_event": 1,
    },
    # It proposes only the declared undo of what a plan's steps had carried out.
    "undo": {
        "commands": [],
        "max_amount": None,
        "max_per_day": None,
        "rate_per_hour": 600,
        "suppliers_per_event": 50,
    },
}
TIERS = ["rules", "small"]


def set_up_shipped(entity: LegalEntity) -> list[Bounds]:
    """First bounds for each role that has none yet; run again, it changes nothing."""
    known = set(Bounds.objects.filter(entity=entity).values_list("role", flat=True))
    missing = {role: fields for role, fields in SHIPPED.items() if role not in known}
    if not missing:
        return []
    with importing("shipped bounds", digest(missing)):
        made = [_add(entity, role, 1, tiers=TIERS, on=True, **fields) for role, fields in missing.items()]
        for each in made:
            entries.bounds_adjusted(each, actor=Actor.system("set-up"))
    return made


def replace(entity: LegalEntity, role: str, fields: dict[str, Any]) -> tuple[Bounds | None, Bounds]:
    """Puts new bounds in force and returns them with those before. For handlers only, with authority in force."""
    with transaction.atomic():
        before = Bounds.objects.select_for_update().filter(entity=entity, role=role, in_force=True).first()
        if before is not None:
            Bounds.objects.filter(pk=before.pk).update(in_force=False)
        return before, _add(entity, role, before.version + 1 if before else 1, **fields)


def _add(entity: LegalEntity, role: str, version: int, **fields: Any) -> Bounds:
    amounts = {name: _exact(fields.pop(name)) for name in ("max_amount", "max_per_day")}
    return Bounds.objects.create(
        entity=entity,
        role=role,
        version=version,
        currency=entity.base_currency,
        changed_at=clock.now(),
        **amounts,
        **fields,
    )


def _exact(value: str | Decimal | None) -> Decimal | None:
    return None if value is None else Decimal(value)
