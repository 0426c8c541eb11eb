"""A policy as a document (levels, chains, rules), checked and compiled. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from approvals.rules import CompiledRule, Effect, Problem, Rule, command_problems, compile_rule, exact
from ledger.command import digest
from ledger.errors import InvalidInput


class ApproverRule(StrEnum):
    """How the people of a level are found."""

    PERSON = "person"
    GROUP = "group"
    COST_CENTRE_OWNER = "cost_centre_owner"
    BUYER = "buyer"
    REQUESTERS_MANAGER = "requesters_manager"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Approver(_Part):
    rule: ApproverRule
    name: str = Field(default="", max_length=150, description="Sign-in name of a person, or name of a group.")


class Level(_Part):
    """Levels approve in the order in which the document lists them."""

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    label: str = Field(min_length=1, max_length=120)
    approver: Approver
    quorum: Literal["any", "all"] | int = "any"
    sla_hours: int = Field(default=24, ge=1, le=24 * 60)


class Chain(_Part):
    label: str = Field(min_length=1, max_length=120)
    levels: tuple[str, ...] = Field(min_length=1, max_length=9)


class Document(_Part):
    name: str = Field(min_length=1, max_length=120)
    order_threshold: Decimal
    default_chain: str
    levels: tuple[Level, ...] = Field(min_length=1, max_length=40)
    chains: Mapping[str, Chain]
    rules: tuple[Rule, ...] = Field(max_length=500)

    @field_validator("order_threshold", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Decimal:
        return exact(value)


@dataclass(frozen=True, slots=True)
class Policy:
    """Ready for the gate. `digest` is of the document as it was published."""

    document: Document
    rules: tuple[CompiledRule, ...]
    digest: str
    version: int = 0

    @property
    def default_levels(self) -> tuple[str, ...]:
        return self.document.chains[self.document.default_chain].levels

    def levels(self, keys: Sequence[str] | frozenset[str]) -> tuple[Level, ...]:
        """Each level once, in the order of the document."""
        return tuple(level for level in self.document.levels if level.key in keys)

    def levels_of_chain(self, chain: str) -> tuple[str, ...]:
        return self.document.chains[chain or self.document.default_chain].levels


def check(raw: Any, *, command_kinds: Sequence[str] | None = None) -> list[Problem]:
    """Everything that is wrong with a policy document; empty when it can be published."""
    return _compile(raw, command_kinds)[1]


def read(raw: Any, *, version: int = 0) -> Policy:
    """The policy of a document that is sound; `InvalidInput` otherwise."""
    policy, problems = _compile(raw, None)
    if policy is None:
        first = problems[0]
        raise InvalidInput(f"The policy has {len(problems)} problem(s). First: {first.rule} {first.message}")
    return Policy(policy.document, policy.rules, policy.digest, version)


def _compile(raw: Any, command_kinds: Sequence[str] | None) -> tuple[Policy | None, list[Problem]]:
    try:
        document = Document.model_validate(raw)
        seal = digest(raw)
    except ValidationError as error:
        return None, [_of_shape(raw, each) for each in error.errors()]
    except InvalidInput as error:
        return None, [Problem("", "document", error.message)]
    problems = list(_of_sense(document))
    if command_kinds is not None:
        problems += command_problems(document.rules, command_kinds)
    compiled: list[CompiledRule] = []
    for rule in document.rules:
        found = compile_rule(rule)
        if isinstance(found, CompiledRule):
            compiled.append(found)
        else:
            problems += found
    return (None if problems else Policy(document, tuple(compiled), seal)), problems


def _of_shape(raw: Any, error: Any) -> Problem:
    where = error["loc"]
    rule = ""
    if len(where) > 1 and where[0] in ("rules", "levels") and isinstance(where[1], int):
        row = raw[where[0]][where[1]]
        rule = str(row.get("key", "")) if isinstance(row, dict) else ""
        rule = rule or f"{where[0]} row {where[1] + 1}"
        where = where[2:]
    return Problem(rule, ".".join(map(str, where)) or "document", error["msg"])


def _of_sense(document: Document) -> Iterator[Problem]:
    levels = {level.key for level in document.levels}
    for name, keys in (("rules", document.rules), ("levels", document.levels)):
        for key, times in Counter(each.key for each in keys).items():
            if times > 1:
                yield Problem(key, "key", f"The key “{key}” stands on {times} {name}; each needs its own.")
    for key, chain in document.chains.items():
        for missing in (each for each in chain.levels if each not in levels):
            yield Problem(key, "chains", f"The chain “{key}” names a level “{missing}” that does not exist.")
    if document.default_chain not in document.chains:
        yield Problem("", "default_chain", f"There is no chain “{document.default_chain}”.")
    for level in document.levels:
        named = level.approver.rule in (ApproverRule.PERSON, ApproverRule.GROUP)
        if named != bool(level.approver.name):
            yield Problem(level.key, "approver", "A person or a group needs a name; other rules have none.")
        if isinstance(level.quorum, int) and not 1 <= level.quorum <= 9:
            yield Problem(level.key, "quorum", "A quorum is any, all, or a number from 1 to 9.")
    for rule in document.rules:
        yield from _of_rule(rule, document)


def _of_rule(rule: Rule, document: Document) -> Iterator[Problem]:
    if rule.chain and rule.effect != Effect.ASK:
        yield Problem(rule.key, "chain", "Only a rule that asks has a chain.")
    elif rule.chain and rule.chain not in document.chains:
        yield Problem(rule.key, "chain", f"There is no chain “{rule.chain}”.")
    if rule.amount_from is not None and rule.amount_to is not None and rule.amount_from >= rule.amount_to:
        yield Problem(rule.key, "amount_to", "“To” must be above “from”: from 10,000 to 50,000.")
    if rule.effect == Effect.PASS and not (rule.commands or rule.when):
        yield Problem(rule.key, "commands", "A rule that passes must say what it is for: commands, or a condition.")
