"""Carries effects out: claim, count, call, settle. Any number of workers may do so at the same time.

Claim is one conditional UPDATE that takes a lease and raises the fence; the attempt is counted and committed before
the call; the call runs outside any transaction; the result is stored only while the fence is still ours. Whoever
cannot know whether an earlier attempt arrived asks the receiver first. What the receiver cannot tell is UNKNOWN.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from ledger import clock, crashpoints, retry, senders, switches
from ledger.command import canonical
from ledger.models import Effect, EffectAttempt
from ledger.senders import Ambiguous, Outcome, Sender

log = logging.getLogger(__name__)
#: A sender gives up a call well before this; whoever wakes up later has lost it.
LEASE = timedelta(seconds=120)
MOST_PER_VISIT = 50
#: A visit starts no further call after this many seconds, so that other answerers get their turn.
LONGEST_VISIT = 40.0
#: Until an effect that a stop button holds is looked at again.
HELD_PAUSE = timedelta(seconds=5)
#: One that was put on its way with a delay may still be taken back until that is over.
DELAYED = Q(attempts=0, not_before__gt=F("created_at"))
#: How attempts end after which the receiver surely has nothing from them.
NOTHING_LEFT = ("retry", "asked", "stopped")


def answer() -> int:
    """Carries out what is due and returns how many effects it worked on. A sender that fails rests until next time."""
    began = time.monotonic()
    seen: set[int] = set()
    resting: set[str] = set()
    held = 0
    while len(seen) - held < MOST_PER_VISIT and time.monotonic() - began < LONGEST_VISIT:
        effect = _due(resting).exclude(pk__in=seen).order_by("not_before", "pk").first()
        if effect is None:
            break
        seen.add(effect.pk)
        if switches.holds(effect):
            _put_off(effect)
            held += 1
        elif not carry(effect):
            resting.add(effect.sender)
    return len(seen) - held


def _put_off(effect: Effect) -> None:
    """Looked at again soon, and behind what may leave; no attempt is counted."""
    Effect.objects.filter(pk=effect.pk, fence=effect.fence, status=Effect.Status.WAITING).update(
        not_before=clock.now() + HELD_PAUSE
    )


def due() -> bool:
    return _due().exists()


def _due(resting: Collection[str] = ()) -> QuerySet[Effect]:
    at = clock.now()
    ready = Q(status=Effect.Status.WAITING, not_before__lte=at) | Q(status=Effect.Status.CALLING, lease_until__lte=at)
    running = [name for name in senders.names() if name not in resting and not switches.stopped(f"sender:{name}")]
    earlier = Effect.objects.filter(
        sender=OuterRef("sender"),
        object_kind=OuterRef("object_kind"),
        object_key=OuterRef("object_key"),
        pk__lt=OuterRef("pk"),
        status__in=Effect.OPEN,
    )
    free = Effect.objects.filter(ready, sender__in=running).exclude(Exists(earlier), sender__in=senders.ordered())
    return free.filter(~DELAYED | Q(pk__in=clock.unless_held(Effect.objects.filter(DELAYED)).values("pk")))


def delay_over() -> QuerySet[Effect]:
    """Put on their way with a delay that is over, by the database's clock."""
    return Effect.objects.filter(DELAYED, status=Effect.Status.WAITING, not_before__lte=clock.now())


def carry(effect: Effect) -> bool:
    """One attempt at one effect. False: the receiver could not be reached or used now."""
    if effect.attempts >= effect.most_attempts:
        _give_up(effect, detail=effect.last_error or "The worker was lost during the last attempt.")
        return True
    claimed = _claim(effect)
    if claimed is None:
        return True
    sender = senders.get(claimed.sender)
    outcome, label = _call(sender, claimed)
    if label == outcome.kind and outcome.kind != "retry":
        try:
            _settle(sender, claimed, outcome)
        except Exception as error:
            log.exception("settling %s failed", claimed)
            outcome, label = Outcome("unknown", detail=_said(error)), "unsettled"
        else:
            return True
    _try_again(claimed, outcome, label)
    return label == "unsettled"


def _claim(effect: Effect) -> Effect | None:
    # durable: an attempt that was not committed was not counted
    with transaction.atomic(durable=True):
        at = clock.now()
        as_seen = Effect.objects.filter(pk=effect.pk, fence=effect.fence, status=effect.status)
        if not as_seen.update(
            status=Effect.Status.CALLING, fence=F("fence") + 1, attempts=F("attempts") + 1, lease_until=at + LEASE
        ):
            return None
        claimed = Effect.objects.get(pk=effect.pk)
        EffectAttempt.objects.filter(effect=claimed, ended_at=None).update(
            ended_at=at, outcome="lost", detail="Its end was never recorded: the worker died or its lease ran out."
        )
        EffectAttempt.objects.create(effect=claimed, number=claimed.attempts, started_at=at)
        crashpoints.reach("effect_claiming")
    crashpoints.reach("effect_claimed")
    return claimed


def _call(sender: Sender, effect: Effect) -> tuple[Outcome, str]:
    """What came out, and how the attempt is called. The label equals the kind where the outcome is final."""
    try:
        if effect.attempts - 1 > effect.vouched:
            found = _found(sender, effect)
            if found is not None:
                return found, found.kind if found.kind != "retry" else "asked"
    except Exception as error:
        log.warning("asking about %s failed", effect, exc_info=True)
        return Outcome("retry", detail=_said(error)), "asked"
    if reason := _may_not_send(effect):
        return Outcome("retry", detail=reason), "stopped"
    try:
        crashpoints.reach("sending")
        outcome = sender.send(effect)
        crashpoints.reach("sent")
    except Exception as error:
        log.warning("sending %s failed", effect, exc_info=True)
        return Outcome("unknown", detail=_said(error)), "error"
    # Unknown after sending is not the end: the receiver is asked next time.
    return outcome, outcome.kind if outcome.kind != "unknown" else "unanswered"


def _found(sender: Sender, effect: Effect) -> Outcome | None:
    try:
        crashpoints.reach("asking")
        found = sender.find(effect)
        crashpoints.reach("asked")
    except Ambiguous as error:
        if surely_absent(Effect.objects.filter(pk=effect.pk), before=effect.attempts).exists():
            return None
        return Outcome("unknown", detail=error.message)
    return found


def surely_absent(effects: QuerySet[Effect], *, before: int | None = None) -> QuerySet[Effect]:
    """Those of which no attempt can have arrived."""
    doubtful = EffectAttempt.objects.filter(effect=OuterRef("pk"), number__gt=OuterRef("vouched"))
    if before is not None:
        doubtful = doubtful.filter(number__lt=before)
    return effects.exclude(Exists(doubtful.exclude(outcome__in=NOTHING_LEFT)))


def _may_not_send(effect: Effect) -> str:
    """Looked at last of all, so that a stop or a lost lease takes effect before the call."""
    if switches.holds(effect):
        return "Stopped by a switch."
    holding = Effect.objects.filter(pk=effect.pk, fence=effect.fence, lease_until__gt=clock.now())
    return "" if holding.exists() else "The lease ran out before the call."


def _settle(sender: Sender, effect: Effect, outcome: Outcome) -> bool:
    """Stores the result and lets the sender write its rows, or changes nothing when the fence is no longer ours."""
    with transaction.atomic(durable=True):
        at = clock.now()
        held = Effect.objects.filter(pk=effect.pk, fence=effect.fence, status=Effect.Status.CALLING)
        error = "" if outcome.kind == "confirmed" else outcome.detail
        if not held.update(
            status=Effect.Status(outcome.kind), lease_until=None, last_error=error, **answered(outcome, at)
        ):
            return False
        _end(effect, at, outcome.kind, outcome.detail)
        sender.settle(Effect.objects.get(pk=effect.pk), outcome)
        crashpoints.reach("effect_settling")
    crashpoints.reach("effect_settled")
    return True


def answered(outcome: Outcome, at: datetime) -> dict[str, Any]:
    """The columns that keep the receiver's answer."""
    return {
        "external_id": outcome.external_id,
        "external_number": outcome.external_number,
        "answer": canonical(outcome.answer),
        "settled_at": at if outcome.kind in ("confirmed", "refused") else None,
    }


def _try_again(effect: Effect, outcome: Outcome, label: str) -> None:
    if effect.attempts >= effect.most_attempts:
        _give_up(effect, detail=outcome.detail, label=label)
        return
    with transaction.atomic(durable=True):
        at = clock.now()
        held = Effect.objects.filter(pk=effect.pk, fence=effect.fence, status=Effect.Status.CALLING)
        wait = retry.delay(effect.attempts, at_least=outcome.retry_after)
        if held.update(status=Effect.Status.WAITING, lease_until=None, not_before=at + wait, last_error=outcome.detail):
            _end(effect, at, label, outcome.detail)
        crashpoints.reach("effect_put_off")


def _give_up(effect: Effect, *, detail: str, label: str = "lost") -> None:
    """The limit is reached: a person decides. Should the sender fail even at noting that, the row still says so."""
    outcome = Outcome("unknown", detail=f"Given up after {effect.attempts} attempts. {detail}")
    for sender in (senders.get(effect.sender), None):
        try:
            with transaction.atomic(durable=True):
                as_seen = Effect.objects.filter(pk=effect.pk, fence=effect.fence).exclude(
                    status__in=[Effect.Status.CONFIRMED, Effect.Status.REFUSED, Effect.Status.CANCELLED]
                )
                if as_seen.update(status=Effect.Status.UNKNOWN, lease_until=None, last_error=outcome.detail):
                    _end(effect, clock.now(), label, detail)
                    if sender:
                        sender.settle(Effect.objects.get(pk=effect.pk), outcome)
                crashpoints.reach("effect_given_up")
        except Exception:
            log.exception("giving up on %s failed", effect)
        else:
            return


def _end(effect: Effect, at: datetime, label: str, detail: str) -> None:
    EffectAttempt.objects.filter(effect=effect, number=effect.attempts, ended_at=None).update(
        ended_at=at, outcome=label, detail=detail
    )


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
