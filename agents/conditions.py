"""The `when` of a step: a CEL expression over the results of earlier steps, held to their types when it is published.

Checking and answering are two environments. Publishing declares each `steps.<key>.<field>` as a variable of its type,
so that a typo or a type error has a column; a running plan answers the same text from the results as they are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from agents import values
from agents.errors import BadTemplate
from agents.values import Record, Type
from ledger.errors import InvalidInput

LONGEST = 500
#: Loops inside loops over long lists would keep a worker for minutes.
MOST_LOOPS = 2
_LOOP = re.compile(r"\.\s*(?:all|exists|exists_one|map|filter)\s*\(")
_STRING = re.compile(r"""[rRbB]{0,2}("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""")
_AT = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_ORDER = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_EQUALITY = {"_==_": "equals", "_!=_": "not_equals"}
_NUMBERS = {"int64": cel.Type.INT, "double": cel.Type.DOUBLE}
_ORDERED = {"string": cel.Type.STRING, "timestamp": cel.Type.TIMESTAMP}
_WHOLE = {
    "bool": cel.Type.BOOL,
    "map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
    "list": cel.Type.List(cel.Type.DYN),
}
_WORDS = {
    "any": cel.Type.DYN,
    "boolean": cel.Type.BOOL,
    "decimal": cel.Type.DOUBLE,
    "instant": cel.Type.TIMESTAMP,
    "integer": cel.Type.INT,
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with a condition, and at which column of it."""

    message: str
    column: int = 0


def wrong_with(text: str, known: Mapping[str, Record | None]) -> list[Wrong]:
    """Why it cannot be the condition of a step that comes after the steps in `known`, each with what its task gives.

    A step whose task does not say what it gives may be asked for anything.
    """
    return wrong_among(text, dict(_names(known, _bare(text))), known)


def _bare(text: str) -> str:
    """Without what stands in quotation marks; every column stays where it was."""
    return _STRING.sub(lambda found: " " * len(found[0]), text)


def wrong_among(text: str, names: Mapping[str, Type], known: Mapping[str, Record | None] | None = None) -> list[Wrong]:
    """Why it cannot be a condition over these names, each of a type."""
    known = known or {}
    if len(text) > LONGEST:
        return [Wrong(f"A condition has at most {LONGEST} characters.")]
    if len(loops := list(_LOOP.finditer(_bare(text)))) > MOST_LOOPS:
        return [Wrong(f"A condition has at most {MOST_LOOPS} loops over lists.", loops[MOST_LOOPS].start() + 1)]
    try:
        expression = _checking(tuple(sorted((name, _cel(type_)) for name, type_ in names.items()))).compile(text)
    except RuntimeError as error:
        return list(_explained(str(error), names, known))
    if expression.return_type() != cel.Type.BOOL:
        return [Wrong(f"A condition is true or false; this is a {expression.return_type().name().lower()}.")]
    return []


def _names(known: Mapping[str, Record | None], text: str) -> Iterable[tuple[str, Type]]:
    for key, gives in known.items():
        if gives is not None:
            yield from values.paths(gives, f"steps.{key}.")
        else:
            yield from ((found[0], "any") for found in re.finditer(rf"\bsteps\.{re.escape(key)}\.\w+", text))


def _cel(type_: Type) -> str:
    """The key of `_declared`, as a hashable word."""
    if values.element(type_) is not None:
        return f"list {_cel(values.element(type_))}"  # type: ignore[arg-type]
    return type_.removesuffix("?") if isinstance(type_, str) else "record"


def _declared(word: str) -> Any:
    if word.startswith("list "):
        return cel.Type.List(_declared(word.removeprefix("list ")))
    return _WHOLE["map"] if word == "record" else _WORDS.get(word, cel.Type.STRING)


def _functions() -> list[Any]:
    """Comparison declared anew: numbers of either kind with each other, and everything with nothing (`!= null`)."""

    def overload(name: str, suffix: str, left: Any, right: Any) -> Any:
        return cel.Overload(f"{name}_{suffix}", return_type=cel.Type.BOOL, parameters=[left, right])

    out = []
    for symbol, name in (_ORDER | _EQUALITY).items():
        found = [overload(name, f"{a}_{b}", _NUMBERS[a], _NUMBERS[b]) for a in _NUMBERS for b in _NUMBERS]
        found += [overload(name, each, type_, type_) for each, type_ in _ORDERED.items()]
        if symbol in _EQUALITY:
            found += [overload(name, each, type_, type_) for each, type_ in _WHOLE.items()]
            every = (_NUMBERS | _ORDERED | _WHOLE).items()
            found += [overload(name, f"{each}_null", type_, cel.Type.NULL) for each, type_ in every]
        out.append(cel.FunctionDecl(symbol, found))
    return out


@lru_cache(maxsize=128)
def _checking(names: tuple[tuple[str, str], ...]) -> cel.Env:
    excluded = "".join(f"    - name: '{each}'\n" for each in (*_ORDER, *_EQUALITY))
    config = cel.NewEnvConfigFromYaml(f"name: plan\nstdlib:\n  exclude_functions:\n{excluded}")
    return cel.NewEnv(config=config, variables={name: _declared(word) for name, word in names}, functions=_functions())


def _explained(error: str, names: Mapping[str, Type], known: Mapping[str, Record | None]) -> Iterable[Wrong]:
    found = _AT.findall(error)
    if not found:
        yield Wrong(error.splitlines()[0][:200])
    for _line, column, message in found:
        if name := re.match(r"undeclared reference to '([^']+)'", message):
            # CEL points at the dot before the last part.
            shift = name[1].rfind(".") if "." in name[1] else 0
            yield Wrong(_unknown(name[1], names, known), max(1, int(column) - shift))
        elif overload := re.match(r"found no matching overload for '([^']+)' applied to '\((.*)\)'", message):
            yield Wrong(f"“{overload[1].replace('_', '')}” does not go with ({overload[2]}).", int(column))
        else:
            yield Wrong(message, int(column))


def _unknown(name: str, names: Mapping[str, Type], known: Mapping[str, Record | None]) -> str:
    parts = name.split(".")
    if parts[0] == "steps" and len(parts) > 1 and parts[1] not in known:
        return f"“{parts[1]}” is not a step that this one comes after."
    if parts[0] == "steps" and len(parts) > 2:
        fields = sorted(known[parts[1]] or ())
        near = difflib.get_close_matches(parts[2], fields, n=1)
        hint = f"Did you mean “{near[0]}”?" if near else f"It gives {', '.join(fields)}."
        return f"“{parts[1]}” gives no “{parts[2]}”. {hint}"
    near = difflib.get_close_matches(name, names, n=1)
    return f"There is no “{name}” here." + (f" Did you mean “{near[0]}”?" if near else "")


@lru_cache(maxsize=1)
def _answering() -> cel.Env:
    return cel.NewEnv(variables={"steps": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})


@lru_cache(maxsize=256)
def compile_condition(text: str) -> cel.Expression:
    """`steps.compare.bids > 1` and the like, to be answered; `BadTemplate` says what is wrong and where."""
    if len(text) > LONGEST:
        raise BadTemplate(f"A condition has at most {LONGEST} characters.")
    try:
        expression = _answering().compile(text)
    except RuntimeError as error:
        raise BadTemplate(f"“{text}” is not a condition: {error}") from None
    if expression.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        raise BadTemplate(f"“{text}” is not a yes-or-no condition.")
    return expression


def holds(
    text: str, results: Mapping[str, Mapping[str, Any]], gives: Mapping[str, Record | None] | None = None
) -> bool:
    """True when there is no condition, or it is true of these results; a missing field is an error, never a no.

    `gives` says by step what its task gives: with it, decimals and instants compare as what they are.
    """
    if not text:
        return True
    known = {key: _typed(result, (gives or {}).get(key)) for key, result in results.items()}
    answer = compile_condition(text).eval(data={"steps": known}).plain_value()
    if not isinstance(answer, bool):
        raise InvalidInput(f"“{text}” cannot be answered from the earlier results: {answer}")
    return answer


def _typed(value: Any, type_: Type | None) -> Any:
    if type_ is None or value is None:
        return dict(value) if isinstance(value, Mapping) else value
    if (inner := values.element(type_)) is not None:
        return [_typed(each, inner) for each in value] if isinstance(value, list) else value
    if isinstance(type_, Mapping):
        return {name: _typed(each, type_.get(name)) for name, each in value.items()}  # type: ignore[union-attr]
    if values.misfit(value, type_):
        return value
    match type_.removesuffix("?"):  # type: ignore[union-attr]
        case "decimal":
            return float(value)
        case "instant":
            return datetime.fromisoformat(value)
    return value
