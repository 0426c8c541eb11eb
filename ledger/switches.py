"""Stop buttons, read before each effect."""

from __future__ import annotations

from django.db import transaction

from ledger import clock, entries, rights
from ledger.actors import Actor
from ledger.errors import Stopped
from ledger.models import LegalEntity, Switch


def stopped(*scopes: str) -> bool:
    return Switch.objects.filter(scope__in=("all", *scopes), stopped=True).exists()


def check(*scopes: str) -> None:
    """Raises `Stopped` when any of these scopes, or everything, is stopped."""
    if found := Switch.objects.filter(scope__in=("all", *scopes), stopped=True).first():
        raise Stopped(f"Stopped ({found.scope}): {found.reason or 'no reason given'}. Nothing was sent.")


def turn(scope: str, *, stop: bool, actor: Actor, entity: LegalEntity, reason: str = "") -> Switch:
    rights.require(actor, "switch.stop" if stop else "switch.start")
    with transaction.atomic():
        switch, _ = Switch.objects.update_or_create(
            scope=scope, defaults={"stopped": stop, "reason": reason, "changed_at": clock.now()}
        )
        entries.switch_turned(switch, actor=actor, entity=entity)
    return switch
