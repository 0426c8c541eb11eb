"""Rules as rows of a delegation-of-authority table, compiled to CEL over the declared facts. Pure.

A row is a conjunction of parts (command kinds, amount from/to, category … and free CEL conditions), so that a page can
say which part failed. A typo or a type error is a `Problem` with rule, field, line and column; nothing half-compiled
is ever returned.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any

from cel_expr_python import cel
from pydantic import BaseModel, ConfigDict, Field, field_validator

from approvals.vocabulary import VOCABULARY, Facts, Known, Type
from ledger.errors import InvalidInput
from ledger.money import parse_amount

LONGEST_CONDITION = 2000
_CEL_TYPES = {
    Type.TEXT: cel.Type.STRING,
    Type.TEXTS: cel.Type.List(cel.Type.STRING),
    Type.NUMBER: cel.Type.DOUBLE,
    Type.FLAG: cel.Type.BOOL,
}
# Arithmetic and regular expressions are taken out; comparison is declared anew, so that a money fact also compares
# with a whole number (`amount >= 10000`), which CEL's own declarations refuse.
_TAKEN_OUT = ("_+_", "_-_", "_*_", "_/_", "_%_", "matches")
_ORDER = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_EQUALITY = {"_==_": "equals", "_!=_": "not_equals"}
_STRING = re.compile(r"""[rRbB]{0,2}("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[uU]?")
_AT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")


def exact(value: Any) -> Decimal:
    """An amount from JSON, for validators: pydantic then says which field is wrong."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("An amount is written as text, like “1234.56”.")
    try:
        return parse_amount(value)  # type: ignore[arg-type]  # refuses floats in its own words
    except InvalidInput as error:
        raise ValueError(error.message) from None


class Effect(StrEnum):
    PASS = "pass"  # noqa: S105
    ASK = "ask"
    BLOCK = "block"


class Rule(BaseModel):
    """One row. Empty cells do not matter; all filled ones must hold."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")
    checkpoint: str = Field(min_length=1, max_length=120)
    effect: Effect
    chain: str = ""
    reason: str = Field(min_length=1, max_length=300)
    commands: tuple[str, ...] = ()
    amount_from: Decimal | None = None
    amount_to: Decimal | None = None
    category: tuple[str, ...] = ()
    vendor_status: tuple[str, ...] = ()
    cost_centre: tuple[str, ...] = ()
    actor_kind: tuple[str, ...] = ()
    when: tuple[str, ...] = ()

    @field_validator("amount_from", "amount_to", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Any:
        return None if value in (None, "") else exact(value)

    @field_validator("commands", "category", "vendor_status", "cost_centre", "actor_kind", "when", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) and value else value or ()


@dataclass(frozen=True, slots=True)
class Part:
    """One condition of a row: which cell it comes from, how a person says it, and the CEL."""

    field: str
    text: str
    cel: str


@dataclass(frozen=True, slots=True)
class Problem:
    rule: str
    field: str
    message: str
    line: int = 1
    column: int = 1

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "field": self.field,
            "line": self.line,
            "column": self.column,
            "message": self.message,
        }


@dataclass(frozen=True, slots=True)
class CompiledPart:
    part: Part
    expression: cel.Expression
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class CompiledRule:
    rule: Rule
    parts: tuple[CompiledPart, ...]


def parts_of(rule: Rule) -> Iterator[Part]:
    """A pass must hold for everything in the bundle; an ask or a block fires as soon as it holds for something."""
    every = rule.effect == Effect.PASS
    for field, fact, words in (
        ("commands", "command_kinds", "command is"),
        ("category", "categories", "category is"),
        ("vendor_status", "vendor_statuses", "supplier is"),
        ("cost_centre", "cost_centres", "cost centre is"),
    ):
        if wanted := getattr(rule, field):
            listed = json.dumps(wanted, ensure_ascii=False)
            test = f"{fact}.{'all' if every else 'exists'}(x, x in {listed})"
            yield Part(field, f"{words} {' or '.join(wanted)}", f"size({fact}) > 0 && {test}" if every else test)
    if rule.actor_kind:
        listed = json.dumps(rule.actor_kind)
        yield Part("actor_kind", f"proposed by {' or '.join(rule.actor_kind)}", f"actor_kind in {listed}")
    if rule.amount_from is not None:
        yield Part("amount_from", f"amount ≥ {rule.amount_from:,f}", f"amount >= {rule.amount_from:f}")
    if rule.amount_to is not None:
        yield Part("amount_to", f"amount < {rule.amount_to:,f}", f"amount < {rule.amount_to:f}")
    for condition in rule.when:
        yield Part("when", condition, condition)


def sentence(rule: Rule) -> str:
    """The row as a person reads it."""
    conditions = " and ".join(part.text for part in parts_of(rule)) or "always"
    then = {Effect.PASS: "it passes", Effect.ASK: f"ask {rule.chain or 'as usual'}", Effect.BLOCK: "it is blocked"}
    return f"When {conditions}: {then[rule.effect]}."


def compile_rule(rule: Rule) -> CompiledRule | list[Problem]:
    compiled, problems = [], []
    for part in parts_of(rule):
        found = _compile(rule.key, part)
        problems += found if isinstance(found, list) else []
        compiled += [found] if isinstance(found, CompiledPart) else []
    return problems or CompiledRule(rule, tuple(compiled))


def _compile(key: str, part: Part) -> CompiledPart | list[Problem]:
    if len(part.cel) > LONGEST_CONDITION:
        return [Problem(key, part.field, f"A condition has at most {LONGEST_CONDITION} characters.")]
    if found := _inexact_number(part.cel):
        return [Problem(key, part.field, "A number has at most 15 digits, so that it compares exactly.", *found)]
    try:
        expression = environment().compile(part.cel)
    except RuntimeError as error:
        return list(_explained(key, part.field, str(error)))
    if expression.return_type() != cel.Type.BOOL:
        kind = expression.return_type().name().lower()
        return [Problem(key, part.field, f"A condition is true or false; this is a {kind}.")]
    words = set(re.findall(r"[A-Za-z_]\w*", _STRING.sub('""', part.cel)))
    if unknown := _unknown_choice(part.cel):
        return [Problem(key, part.field, unknown[0], *_place(part.cel, unknown[1]))]
    return CompiledPart(part, expression, frozenset(words & VOCABULARY.keys()))


def _explained(key: str, field: str, error: str) -> Iterator[Problem]:
    found = _AT.findall(error)
    if not found:
        yield Problem(key, field, error.splitlines()[0])
    for line, column, message in found:
        if name := re.match(r"undeclared reference to '([^']+)'", message):
            message = _unknown_name(name[1])
        elif overload := re.match(r"found no matching overload for '([^']+)' applied to '\((.*)\)'", message):
            message = f"“{overload[1].replace('_', '')}” does not go with ({overload[2]})."
        yield Problem(key, field, message, int(line), int(column))


def _unknown_name(name: str) -> str:
    if name in _TAKEN_OUT:
        return "Rules compare; they do not calculate. Use a fact that holds the sum."
    near = difflib.get_close_matches(name, VOCABULARY, n=1)
    return f"There is no fact “{name}”." + (f" Did you mean “{near[0]}”?" if near else "")


def _inexact_number(text: str) -> tuple[int, int] | None:
    blanked = _STRING.sub(lambda match: " " * len(match[0]), text)
    for match in _NUMBER.finditer(blanked):
        digits = re.split("[eE]", match[0].rstrip("uU"))[0].replace(".", "").lstrip("0")
        if len(digits) > 15:
            return _place(text, match.start())
    return None


def _unknown_choice(text: str) -> tuple[str, int] | None:
    """A fact with a fixed list of values compared with something that is not on it can never be true."""
    for name, definition in VOCABULARY.items():
        if not definition.choices:
            continue
        for match in re.finditer(rf"\b{name}\s*(?:==|!=|in)\s*(\[[^\]]*\]|\"[^\"]*\"|'[^']*')", text):
            for literal in _STRING.finditer(match[1]):
                if (value := literal[1][1:-1]) not in definition.choices:
                    known = ", ".join(definition.choices)
                    return f"“{value}” is not a {name}; known: {known}.", match.start(1) + literal.start()
    return None


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


@cache
def environment() -> cel.Env:
    excluded = "".join(f"    - name: '{each}'\n" for each in (*_TAKEN_OUT, *_ORDER, *_EQUALITY))
    config = cel.NewEnvConfigFromYaml(f"name: policy\nstdlib:\n  exclude_functions:\n{excluded}")
    numeric = {"double": cel.Type.DOUBLE, "int64": cel.Type.INT}
    pairs = [(a, b) for a in numeric for b in numeric]
    functions = []
    for symbol, name in (_ORDER | _EQUALITY).items():
        overloads = [
            cel.Overload(f"{name}_{a}_{b}", return_type=cel.Type.BOOL, parameters=[numeric[a], numeric[b]])
            for a, b in pairs
        ]
        if symbol in _EQUALITY:
            overloads += [
                cel.Overload(f"{name}_{each.name().lower()}", return_type=cel.Type.BOOL, parameters=[each, each])
                for each in (cel.Type.STRING, cel.Type.BOOL)
            ]
        functions.append(cel.FunctionDecl(symbol, overloads))
    variables = {name: _CEL_TYPES[definition.type] for name, definition in VOCABULARY.items()}
    return cel.NewEnv(config=config, variables=variables, functions=functions)


def activation(facts: Facts) -> cel.Activation:
    """The known facts as CEL reads them. Decimals become the nearest double, which is exact for 15 digits."""
    return environment().Activation(
        {name: _plain(a.value) for name, a in facts.answers.items() if isinstance(a, Known)}
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return list(value) if isinstance(value, tuple) else value


def holds(compiled: CompiledPart, known: cel.Activation) -> bool | str:
    """True or False, or the evaluator's words when it could not tell."""
    result = compiled.expression.eval(known)
    return result.value() if result.type() == cel.Type.BOOL else str(result.value())


def command_problems(rules: Sequence[Rule], known: Sequence[str]) -> Iterator[Problem]:
    """Kinds of commands that nobody declared."""
    for rule in rules:
        for kind in rule.commands:
            if kind not in known:
                near = difflib.get_close_matches(kind, known, n=1)
                hint = f" Did you mean “{near[0]}”?" if near else ""
                yield Problem(rule.key, "commands", f"There is no command “{kind}”.{hint}")
