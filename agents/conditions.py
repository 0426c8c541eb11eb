"""The `when` of a step: a CEL expression over the results of earlier steps, compiled when the template is published."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from agents.errors import BadTemplate
from ledger.errors import InvalidInput

LONGEST = 500


@lru_cache(maxsize=1)
def _environment() -> cel.Env:
    return cel.NewEnv(variables={"steps": cel.Type.Map(cel.Type.STRING, cel.Type.DYN)})


@lru_cache(maxsize=256)
def compile_condition(text: str) -> cel.Expression:
    """`steps.compare.bids > 1` and the like; `BadTemplate` says what is wrong and where."""
    if len(text) > LONGEST:
        raise BadTemplate(f"A condition has at most {LONGEST} characters.")
    try:
        expression = _environment().compile(text)
    except RuntimeError as error:
        raise BadTemplate(f"“{text}” is not a condition: {error}") from None
    if expression.return_type() != cel.Type.BOOL:
        raise BadTemplate(f"“{text}” is not a yes-or-no condition.")
    return expression


def holds(text: str, results: Mapping[str, Mapping[str, Any]]) -> bool:
    """True when there is no condition, or it is true of these results; a missing field is an error, never a no."""
    if not text:
        return True
    answer = compile_condition(text).eval(data={"steps": dict(results)}).plain_value()
    if not isinstance(answer, bool):
        raise InvalidInput(f"“{text}” cannot be answered from the earlier results: {answer}")
    return answer
