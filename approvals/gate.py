"""Pure judgement: facts and a policy in, a verdict with all its reasons out.

The most severe effect wins, whatever the order of the rules. A pass counts only where no ask and no block fired. When
nothing fires, a person is asked. A rule that hangs on a fact nobody can compute, or that cannot be evaluated, asks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from cel_expr_python import cel

from approvals.document import Level, Policy
from approvals.rules import CompiledPart, CompiledRule, Effect, Rule, activation, compile_rule, holds, sentence
from approvals.vocabulary import Answer, Facts, NotApplicable, Uncomputable

#: A rule with an amount is near when at least this share of the amount is reached.
NEAR = Decimal("0.9")


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105
    ASK = "ask"
    BLOCK = "block"


SEVERITY = {Outcome.PASS: 0, Outcome.ASK: 1, Outcome.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired, or that could not be decided (`undecided` says why; it then asks)."""

    key: str
    checkpoint: str
    effect: Effect
    chain: str
    reason: str
    sentence: str
    undecided: str = ""
    facts: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "checkpoint": self.checkpoint,
            "effect": str(self.effect),
            "chain": self.chain,
            "reason": self.reason,
            "sentence": self.sentence,
            "undecided": self.undecided,
            "facts": list(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Near:
    """A rule that all but fired, and the one condition that kept it from firing."""

    key: str
    checkpoint: str
    effect: Effect
    but: str

    def as_json(self) -> dict[str, Any]:
        return {"key": self.key, "checkpoint": self.checkpoint, "effect": str(self.effect), "but": self.but}


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    fired: tuple[Fired, ...]
    near: tuple[Near, ...] = ()
    chains: tuple[str, ...] = ()
    levels: tuple[Level, ...] = field(default=())

    @property
    def decisive(self) -> tuple[Fired, ...]:
        """The fired rules that made the verdict what it is."""
        return tuple(each for each in self.fired if str(each.effect) == str(self.outcome))

    @property
    def checkpoint(self) -> str:
        """What it comes down to, in the words of the decisive rules."""
        return "; ".join(dict.fromkeys(each.checkpoint for each in self.decisive))[:300]


def _standing(key: str, checkpoint: str, reason: str, *when: str) -> CompiledRule:
    compiled = compile_rule(Rule(key=key, checkpoint=checkpoint, effect=Effect.ASK, reason=reason, when=when))
    if not isinstance(compiled, CompiledRule):
        raise TypeError(compiled)
    return compiled


# No policy can take these away.
STANDING = (
    _standing(
        "standing-two-people", "Two people", "Policy, limits and bank details need a second person.", "two_people"
    ),
    _standing(
        "standing-bounds", "Agent over its bounds", "The agent oversteps what it may do alone.", "bounds_exceeded"
    ),
)
DEFAULT = Fired("standing-default", "Nothing lets it pass", Effect.ASK, "", "No rule lets this pass by itself.", "")


def judge(facts: Facts, policy: Policy) -> Verdict:
    """The verdict of this policy on these facts."""
    known = activation(facts)
    applied = [_apply(compiled, facts, known) for compiled in policy.rules]
    fired = [each for each in applied if isinstance(each, Fired)]
    if all(each.effect == Effect.PASS for each in fired):
        standing = (_apply(compiled, facts, known) for compiled in STANDING)
        fired += [each for each in standing if isinstance(each, Fired)]
    fired = fired or [DEFAULT]
    outcome = max((Outcome(each.effect) for each in fired), key=SEVERITY.__getitem__)
    asks = [each for each in fired if each.effect == Effect.ASK] if outcome == Outcome.ASK else []
    chains = tuple(sorted({each.chain or policy.document.default_chain for each in asks}))
    near = (each for each in applied if isinstance(each, Near))
    return Verdict(
        outcome,
        tuple(sorted(fired, key=lambda each: (-SEVERITY[Outcome(each.effect)], each.key))),
        tuple(sorted(near, key=lambda each: each.key)),
        chains,
        merge(chains, policy),
    )


def merge(chains: Iterable[str], policy: Policy) -> tuple[Level, ...]:
    """The levels of all these chains, each once, in the order of the document."""
    return policy.levels(frozenset(key for chain in chains for key in policy.levels_of_chain(chain)))


def _apply(compiled: CompiledRule, facts: Facts, known: cel.Activation) -> Fired | Near | None:
    results = [(part, holds(part, known)) for part in compiled.parts]
    open_parts = [(part, result) for part, result in results if result is not True]
    if not open_parts:
        return _fired(compiled)
    if all(result is not False for _, result in open_parts):
        reasons = [reason for part, said in open_parts if (reason := _doubt(part, str(said), facts))]
        if reasons:
            return _fired(compiled, "; ".join(reasons))
    return _near(compiled.rule, open_parts[0][0], facts) if len(open_parts) == 1 else None


def _doubt(part: CompiledPart, said: str, facts: Facts) -> str:
    """Why a part could not be decided; empty when it merely does not apply to this proposal."""
    missing = {name: _missing(facts.answers.get(name)) for name in sorted(part.reads)}
    uncomputable = [f"{name}: {each.how}" for name, each in missing.items() if isinstance(each, Uncomputable)]
    if uncomputable:
        return "; ".join(uncomputable)
    return "" if any(isinstance(each, NotApplicable) for each in missing.values()) else said


def _missing(answer: Answer | None) -> Answer:
    return answer if answer is not None else Uncomputable("nobody computed it")


def _fired(compiled: CompiledRule, undecided: str = "") -> Fired:
    rule = compiled.rule
    facts = tuple(sorted({name for part in compiled.parts for name in part.reads}))
    if not undecided:
        return Fired(rule.key, rule.checkpoint, rule.effect, rule.chain, rule.reason, sentence(rule), facts=facts)
    reason = f"Cannot be decided: {undecided}."
    return Fired(rule.key, rule.checkpoint, Effect.ASK, rule.chain, reason, sentence(rule), undecided, facts)


def _near(rule: Rule, failed: CompiledPart, facts: Facts) -> Near | None:
    """What would have passed is always worth saying; what nearly asked, when the amount came close."""
    if rule.effect != Effect.PASS:
        amount = facts.value("amount")
        if failed.part.field != "amount_from" or amount is None or amount < (rule.amount_from or 0) * NEAR:
            return None
    return Near(rule.key, rule.checkpoint, rule.effect, failed.part.text)
