"""Stop buttons, read before each effect."""

from __future__ import annotations

from django.db import transaction
from django.utils.module_loading import import_string

from ledger import clock, entries, rights
from ledger.actors import Actor
from ledger.errors import Stopped
from ledger.models import Effect, LegalEntity, Switch

#: Scopes by which an effect is not held as such: those are told by whoever intended it.
OWN = ("all", "sender:")
_tellers: dict[str, str] = {}


def register(name: str, *, scopes: str) -> None:
    """`scopes(effect)` tells the buttons, such as `role:sourcing`, that hold an effect back besides its sender's."""
    _tellers[name] = scopes


def stopped(*scopes: str) -> bool:
    return Switch.objects.filter(scope__in=("all", *scopes), stopped=True).exists()


def check(*scopes: str) -> None:
    """Raises `Stopped` when any of these scopes, or everything, is stopped."""
    if found := Switch.objects.filter(scope__in=("all", *scopes), stopped=True).first():
        raise Stopped(f"Stopped ({found.scope}): {found.reason or 'no reason given'}. Nothing was sent.")


def holds(effect: Effect) -> bool:
    """Whether a button keeps an effect that was intended before from leaving now."""
    if stopped(f"sender:{effect.sender}"):
        return True
    pressed = Switch.objects.filter(stopped=True).exclude(scope="all").values_list("scope", flat=True)
    others = {scope for scope in pressed if not scope.startswith(OWN)}
    # What an effect comes from is looked up only while such a button is pressed.
    return bool(others) and any(not others.isdisjoint(import_string(each)(effect)) for each in _tellers.values())


def turn(scope: str, *, stop: bool, actor: Actor, entity: LegalEntity, reason: str = "") -> Switch:
    rights.require(actor, "switch.stop" if stop else "switch.start")
    with transaction.atomic():
        switch, _ = Switch.objects.update_or_create(
            scope=scope, defaults={"stopped": stop, "reason": reason, "changed_at": clock.now()}
        )
        entries.switch_turned(switch, actor=actor, entity=entity)
    return switch
