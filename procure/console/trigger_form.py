"""The form of the trigger rules: what it shows of them, sound or not, and what was posted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from agents.happenings import FACTS
from agents.trigger_rules import MOST, TEXTS, Problem
from agents.values import KINDS

_NUMBERED = re.compile(r"r-(\d{1,3})-name")


@dataclass(frozen=True, slots=True)
class Row:
    """One rule as the form has it: every field as text, the kinds that are ticked, and what is wrong by field."""

    number: int
    values: Mapping[str, str]
    kinds: tuple[str, ...]
    problems: Mapping[str, Sequence[str]]


def rows(rules: Sequence[Any], problems: Sequence[Problem]) -> list[Row]:
    at: dict[int, dict[str, list[str]]] = {}
    for each in problems:
        column = _("column %d: ") % each.column if each.column else ""
        at.setdefault(each.number, {}).setdefault(each.field or "name", []).append(column + each.message)
    return [
        Row(
            number=number,
            values={name: str(rule.get(name, "")) for name in TEXTS},
            kinds=tuple(rule.get("reconsider", ())),
            problems=at.get(number, {}),
        )
        for number, rule in enumerate(rules, 1)
    ]


def read(posted: QueryDict) -> list[dict[str, Any]]:
    """The rules as they were posted, in their order; an empty field is left out."""
    numbers = sorted(int(found[1]) for name in posted if isinstance(name, str) and (found := _NUMBERED.fullmatch(name)))
    return [_rule(posted, f"r-{number}-") for number in numbers[: MOST + 1]]


def _rule(posted: QueryDict, at: str) -> dict[str, Any]:
    told: dict[str, Any] = {name: said for name in TEXTS if (said := str(posted.get(f"{at}{name}", "")).strip())}
    told = {"name": "", "on": ""} | told
    kinds = [str(each) for each in posted.getlist(f"{at}reconsider")]
    return told | ({"reconsider": kinds} if kinds else {})


def changed(rules: list[dict[str, Any]], verb: str, number: int) -> list[dict[str, Any]]:
    """After one was added at the end or taken out."""
    if verb == "add":
        return [*rules, {"name": f"rule-{len(rules) + 1}", "on": ""}]
    if verb == "drop" and 1 <= number <= len(rules):
        return [each for n, each in enumerate(rules, 1) if n != number]
    return rules


def facts() -> list[tuple[str, str, str]]:
    """Name, words, and what a condition may ask for."""
    return [(name, _(fact.said), ", ".join(f"data.{each}" for each in fact.fields)) for name, fact in FACTS.items()]


def kinds() -> list[str]:
    """Of objects that some fact names."""
    named = {kind for fact in FACTS.values() for kind in fact.objects}
    return sorted(named & KINDS)
