"""Asks the tier that was wanted, and falls back to rules with the answer marked degraded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from agents.model_gateway import calling, limits, tiers
from agents.model_gateway.calling import Reply
from agents.model_gateway.questions import Question
from agents.models import ModelCall
from ledger import clock, sources, switches
from ledger.errors import DomainError
from ledger.models import LegalEntity, Source

Value = TypeVar("Value")
Outcome = ModelCall.Outcome


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose account a question is put."""

    entity: LegalEntity
    role: str
    plan: str = ""
    step: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """`tier` is the one that answered; `degraded` when rules had to stand in for another. `call` is its record."""

    value: Value
    tier: str
    degraded: bool = False
    call: ModelCall | None = None


def ask(
    question: Question[Any],
    *,
    tier: str,
    caller: Caller,
    rules: Callable[[], Value],
    accept: Callable[[Any], Value],
) -> Answer[Value]:
    """`rules` answers without a model; `accept` turns the model's verified shape into the same kind of value.

    Not inside a transaction: the call may take as long as its tier's time-out. Raises `Stopped` instead of calling
    while a stop button of the role, the plan or everything is pressed.
    """
    if tier == tiers.RULES:
        return Answer(rules(), tiers.RULES)
    endpoint = tiers.endpoint(tier)
    digest = question.digest(tier=tier, model=endpoint.model if endpoint else "")
    if known := remembered(question, digest):
        shape, call = known
        return Answer(accept(shape), tier, call=call)
    switches.check(f"role:{caller.role}", f"plan:{caller.plan}")
    reply = _put(question, endpoint, caller)
    call = _keep(question, digest, tier, endpoint, caller, reply)
    if reply.outcome == Outcome.ANSWERED:
        return Answer(accept(reply.value), tier, call=call)
    return Answer(rules(), tiers.RULES, degraded=True, call=call)


def _put(question: Question[Any], endpoint: tiers.Endpoint | None, caller: Caller) -> Reply:
    if endpoint is None:
        return Reply(Outcome.FAILED, detail="this tier has no endpoint")
    if cap := limits.exceeded(characters=len(question.text), plan=caller.plan, at=clock.now()):
        return Reply(Outcome.OVER_BUDGET, detail=cap)
    reply = calling.call(question, endpoint, answer_tokens=limits.in_force().answer_tokens)
    if reply.outcome != Outcome.ANSWERED:
        return reply
    return _verified(question, reply)


def problems_of(question: Question[Any], shape: BaseModel | None) -> list[str]:
    """An answer that cannot even be looked at is a problem, not a failure of ours."""
    try:
        return list(question.problems(shape))
    except (DomainError, ValueError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        return [f"{type(error).__name__}: {error}"]


def _verified(question: Question[Any], reply: Reply) -> Reply:
    if not (found := problems_of(question, reply.value)):
        return reply
    return replace(reply, outcome=Outcome.UNVERIFIED, value=None, detail=" ".join(found)[:2000])


def remembered(question: Question[Any], digest: str) -> tuple[BaseModel, ModelCall] | None:
    """The answer to the same question, still well-formed and still true of the text."""
    call = (
        ModelCall.objects.select_related("output")
        .filter(question_digest=digest, outcome=Outcome.ANSWERED)
        .order_by("id")
        .first()
    )
    if call is None or call.output is None:
        return None
    shape = calling.read_again(question, call.output.text)
    return None if shape is None or problems_of(question, shape) else (shape, call)


def _keep(
    question: Question[Any],
    digest: str,
    tier: str,
    endpoint: tiers.Endpoint | None,
    caller: Caller,
    reply: Reply,
) -> ModelCall:
    at = clock.now()
    return ModelCall.objects.create(
        entity=caller.entity,
        role=caller.role,
        plan=caller.plan,
        step=caller.step,
        tier=tier,
        model=endpoint.model if endpoint else "",
        template_digest=question.template_digest,
        question_digest=digest,
        input=sources.keep(question.as_sent(), origin=f"model:{tier}", media_type="application/json"),
        output=_output(tier, reply),
        outcome=reply.outcome,
        detail=reply.detail,
        degraded=reply.outcome != Outcome.ANSWERED,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cost=endpoint.cost(reply.tokens_in, reply.tokens_out) if endpoint else 0,
        latency_ms=reply.latency_ms,
        labels=list(question.labels),
        called_at=at,
    )


def _output(tier: str, reply: Reply) -> Source | None:
    if not reply.raw:
        return None
    return sources.keep(reply.raw, origin=f"model:{tier}", media_type="application/json")
