"""Holds what carrying out will touch, in one order for everybody, before it judges again."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.utils.translation import gettext as _

from ledger.command import Command, ObjectRef
from ledger.errors import Misconfigured
from ledger.models import LegalEntity

#: kind -> model, look-ups for the parts of its key.
LOCKABLE: dict[str, tuple[str, tuple[str, ...]]] = {
    "award": ("procure.Award", ("reference",)),
    "bounds": ("approvals.Bounds", ("role",)),
    "budget": ("procure.Budget", ("cost_centre__code", "year")),
    "contract": ("contracts.Contract", ("reference",)),
    "effect": ("ledger.Effect", ("effect_key",)),
    "event": ("procure.SourcingEvent", ("reference",)),
    "invitation": ("procure.Invitation", ("pk",)),
    "order": ("procure.Order", ("reference",)),
    "policy": ("approvals.PolicyVersion", ("number",)),
    "proposal": ("approvals.Proposal", ("reference",)),
    "requisition": ("procure.Requisition", ("reference",)),
    "vendor": ("vendors.Vendor", ("key",)),
}


def refs_of(commands: Iterable[Command]) -> list[ObjectRef]:
    """What the commands ask to hold, and the suppliers they name, each once, sorted."""
    wanted: set[tuple[str, str]] = set()
    for command in commands:
        subjects = command.subjects()
        wanted |= {(each.kind, each.key) for each in command.lock_keys()}
        wanted |= {("vendor", key) for key in (subjects.vendor, *subjects.vendors) if key}
    return [ObjectRef(kind, key) for kind, key in sorted(wanted)]


def hold(commands: Iterable[Command], entity: LegalEntity) -> None:
    """One execution per company at a time, so that sums over many rows (budgets, rolling amounts) hold still.

    Rows that do not exist are left to the handlers to miss. Weaker than FOR UPDATE, so that rows that merely refer
    to the company can still be written.
    """
    LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
    for ref in refs_of(commands):
        if ref.kind not in LOCKABLE:
            raise Misconfigured(_("A command asks to hold a “%(kind)s”, which nobody declared.") % {"kind": ref.kind})
        model, names = LOCKABLE[ref.kind]
        parts = ref.key.split("/", len(names) - 1)
        rows = apps.get_model(model).objects.filter(**dict(zip(names, parts, strict=False)))
        list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))
