"""A receiver with a script: says what it does at each call, keeps what arrived, answers questions about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from ledger import clock, outbox
from ledger.models import Effect, EffectAttempt
from ledger.senders import Ambiguous, Outcome

KEY = "k" * 64


class WorkerLost(BaseException):
    """The process is gone: nothing of ours catches this."""


class TimedOut(Exception):
    """No answer came."""


@dataclass
class ScriptedSender:
    """`script` holds one act per call of `send`; without an act left it confirms."""

    script: list[Callable[[ScriptedSender, object], Outcome]] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    can_tell: bool = True
    reachable: bool = True
    settle_script: list[BaseException] = field(default_factory=list)

    def send(self, effect) -> Outcome:
        self.calls.append("send")
        return self.script.pop(0)(self, effect) if self.script else accept(self, effect)

    def find(self, effect) -> Outcome | None:
        self.calls.append("find")
        if not self.reachable:
            raise TimedOut("no route")
        if not self.can_tell:
            raise Ambiguous()
        return confirmed(effect) if effect.effect_key in self.arrived else None

    def settle(self, effect, outcome) -> None:
        if self.settle_script:
            raise self.settle_script.pop(0)
        self.settled.append(outcome.kind)


def confirmed(effect) -> Outcome:
    return Outcome("confirmed", external_id="7", external_number=f"ERP-{effect.object_key}", answer={"ok": True})


def accept(sender, effect) -> Outcome:
    sender.arrived.append(effect.effect_key)
    return confirmed(effect)


def accept_then_time_out(sender, effect) -> Outcome:
    accept(sender, effect)
    raise TimedOut("no answer after it was accepted")


def accept_then_die(sender, effect) -> Outcome:
    accept(sender, effect)
    raise WorkerLost


def die_before(sender, effect) -> Outcome:
    raise WorkerLost


def time_out(sender, effect) -> Outcome:
    raise TimedOut("no answer")


def down(sender, effect) -> Outcome:
    return Outcome("retry", detail="503: down for maintenance")


def refuse(sender, effect) -> Outcome:
    return Outcome("refused", detail="unknown item", answer={"code": "E17"})


def say_unknown(sender, effect) -> Outcome:
    return Outcome("unknown", detail="garbled answer")


sender = ScriptedSender()


def later(seconds=3600):
    clock.shift(clock._shift + timedelta(seconds=seconds))


def effect(key=KEY):
    return Effect.objects.get(effect_key=key)


def outcomes(key=KEY):
    return list(EffectAttempt.objects.filter(effect__effect_key=key).values_list("outcome", flat=True))


def answer_until_settled(most=60):
    """Visits with the time between them long enough for every delay and lease."""
    for _ in range(most):
        outbox.answer()
        later()
        if not Effect.objects.filter(status__in=[Effect.Status.WAITING, Effect.Status.CALLING]).exists():
            return
    raise AssertionError("never settled")
