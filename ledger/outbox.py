"""The way out: every outside effect is a row first, in the transaction that decides it, and leaves at most once.

`put` writes the intent; `answer` (see ledger.dispatch) calls and settles; a person resolves what nobody can tell.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F

from ledger import clock, dispatch, doorbell, entries, rights, senders
from ledger.actors import Actor
from ledger.command import ObjectRef, canonical, digest
from ledger.dispatch import answer, due
from ledger.errors import InvalidInput, Stale
from ledger.models import Effect, LegalEntity
from ledger.senders import Ambiguous, Outcome, Sender, register

__all__ = ["Ambiguous", "Outcome", "Sender", "answer", "cancel", "due", "put", "register", "resolve"]

#: How many more attempts a person's “send again” allows.
ALLOWANCE = 10


def put(
    *,
    entity: LegalEntity,
    sender: str,
    purpose: str,
    effect_key: str,
    object: ObjectRef,
    request: dict[str, Any],
    cause_seq: int | None = None,
    not_before: datetime | None = None,
) -> Effect:
    """Intends an effect, inside the caller's transaction. The same key twice gives the same effect."""
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{purpose} must be intended in the transaction that decides it")
    if not effect_key or len(effect_key) > 64:
        raise InvalidInput("An effect key has 1 to 64 characters: take the digest of what makes it unique.")
    request = canonical(request)
    if known := Effect.objects.filter(effect_key=effect_key).first():
        return _same(known, request)
    at = clock.now()
    effect = Effect(
        entity=entity,
        sender=sender,
        purpose=purpose,
        effect_key=effect_key,
        object_kind=object.kind,
        object_key=object.key,
        request=request,
        request_digest=digest(request),
        cause_seq=cause_seq,
        not_before=not_before or at,
        created_at=at,
    )
    try:
        with transaction.atomic():
            effect.save(force_insert=True)
    except IntegrityError:  # another transaction was faster with this key
        return _same(Effect.objects.get(effect_key=effect_key), request)
    entries.effect_intended(effect)
    doorbell.ring(purpose)
    return effect


def _same(known: Effect, request: dict[str, Any]) -> Effect:
    if known.request_digest != digest(request):
        raise InvalidInput(f"The effect key of {known} was used for a different request.")
    return known


def cancel(effect_key: str, *, reason: str) -> bool:
    """Takes back what has surely not left yet. False: it has, or may have; undo it at the receiver."""
    with transaction.atomic():
        waiting = dispatch.surely_absent(Effect.objects.filter(effect_key=effect_key, status=Effect.Status.WAITING))
        if not waiting.update(
            status=Effect.Status.CANCELLED, settled_at=clock.now(), last_error=reason, fence=F("fence") + 1
        ):
            return False
        entries.effect_cancelled(Effect.objects.get(effect_key=effect_key), reason=reason)
    return True


def resolve(effect: Effect, *, outcome: Outcome, actor: Actor) -> Effect:
    """A person looked at the receiver: it is there (`confirmed`), will never be (`refused`), or is absent and may be
    sent again (`retry`). Only for effects whose outcome is unknown."""
    rights.require(actor, "effect.resolve")
    statuses = {
        "confirmed": Effect.Status.CONFIRMED,
        "refused": Effect.Status.REFUSED,
        "retry": Effect.Status.WAITING,
    }
    if outcome.kind not in statuses:
        raise InvalidInput("Say what you found: confirmed, refused, or retry.")
    again = outcome.kind == "retry"
    with transaction.atomic():
        at = clock.now()
        change = {
            "status": statuses[outcome.kind],
            "fence": F("fence") + 1,
            "last_error": outcome.detail,
            **dispatch.answered(outcome, at),
        }
        if again:
            change |= {"not_before": at, "vouched": F("attempts"), "most_attempts": F("attempts") + ALLOWANCE}
        unknown = Effect.objects.filter(pk=effect.pk, fence=effect.fence, status=Effect.Status.UNKNOWN)
        if not unknown.update(**change):
            raise Stale()
        effect = Effect.objects.get(pk=effect.pk)
        entries.effect_resolved(effect, kind=outcome.kind, detail=outcome.detail, actor=actor)
        if not again:
            senders.get(effect.sender).settle(effect, outcome)
        doorbell.ring("effect resolved")
    return effect
