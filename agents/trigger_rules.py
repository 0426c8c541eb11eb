"""Trigger rules as data: when the journal says this, and that holds, a plan is started or plans look again. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from agents import conditions, values
from agents.definition import Definition
from agents.happenings import FACTS, Happening
from ledger.errors import InvalidInput

MOST = 100
NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")
TEXTS = ("name", "on", "when", "start", "subject", "note")
#: The definition in force under a template's name; None when there is none.
TemplateOf = Callable[[str], Definition | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """When the journal says `on` and `when` holds of its data: `start` a template for the first object of kind
    `subject` that the entry names, or `reconsider` the running plans that concern what it names of these kinds."""

    name: str
    on: str
    when: str = ""
    start: str = ""
    subject: str = ""
    reconsider: tuple[str, ...] = ()
    #: Why the rule is there, for whoever reads it.
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        told = {name: getattr(self, name) for name in TEXTS if getattr(self, name)}
        return told | ({"reconsider": list(self.reconsider)} if self.reconsider else {})


FIELDS = frozenset(each.name for each in fields(Rule))


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps the rules from being published, and where: the rule's number from 1, its field, the column of a
    condition."""

    number: int
    rule: str
    field: str
    message: str
    column: int = 0

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        whose = f"Rule “{self.rule}”" if self.rule else f"Rule {self.number}"
        place = f"{whose}, {self.field}{column}" if self.field else whose
        return f"{place}: {self.message}" if self.number else self.message

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def read(data: Any) -> tuple[list[Rule], list[Problem]]:
    """The rules from JSON, and everything whose shape keeps one from being a rule."""
    if not isinstance(data, list | tuple):
        return [], [Problem(0, "", "", "Trigger rules are a list.")]
    if len(data) > MOST:
        return [], [Problem(0, "", "", f"There are at most {MOST} trigger rules, not {len(data):,}.")]
    rules, found = [], list[Problem]()
    for number, each in enumerate(data, 1):
        wrong = list(_ill_shaped(each, number))
        found += wrong
        if not wrong:
            rules.append(Rule(**{**each, "reconsider": tuple(each.get("reconsider", ()))}))
    return rules, found


def _ill_shaped(data: Any, number: int) -> Iterator[Problem]:
    if not isinstance(data, Mapping):
        yield Problem(number, "", "", "A rule is an object with name, on, and start or reconsider.")
        return
    name = data["name"][:60] if isinstance(data.get("name"), str) else ""
    for each in data:
        if each not in FIELDS:
            yield Problem(number, name, str(each)[:60], "there is no such field.")
    for each in TEXTS:
        if each in data and not isinstance(data[each], str):
            yield Problem(number, name, each, "is a text.")
    kinds = data.get("reconsider", ())
    if not isinstance(kinds, list | tuple) or not all(isinstance(each, str) for each in kinds):
        yield Problem(number, name, "reconsider", "is a list of kinds of objects.")
    for each in ("name", "on"):
        if each not in data:
            yield Problem(number, name, each, "is missing.")


def problems(data: Any, *, template_of: TemplateOf) -> list[Problem]:
    """Everything that keeps these rules from being published."""
    rules, found = read(data)
    if found:
        return found
    taken: set[str] = set()
    for number, rule in enumerate(rules, 1):
        found += [Problem(number, rule.name, *each) for each in _of_rule(rule, template_of)]
        if rule.name in taken:
            found.append(Problem(number, rule.name, "name", "is there twice; each rule needs its own."))
        taken.add(rule.name)
    return found


def _of_rule(rule: Rule, template_of: TemplateOf) -> Iterator[tuple[Any, ...]]:
    if not NAME.fullmatch(rule.name):
        yield "name", "is up to 60 small letters, digits and hyphens, beginning with a letter."
    if len(rule.note) > 300:
        yield "note", "has at most 300 characters."
    if bool(rule.start) == bool(rule.reconsider):
        yield "start", "a rule either starts a template or has plans look again: fill in one of the two."
    fact = FACTS.get(rule.on)
    if fact is None:
        near = difflib.get_close_matches(rule.on, FACTS, n=1)
        yield (
            "on",
            f"“{rule.on[:60]}” is no fact that rules may listen to." + (f" Did you mean “{near[0]}”?" if near else ""),
        )
        return
    if rule.when:
        for wrong in conditions.wrong_among(rule.when, {f"data.{name}": "text" for name in fact.fields}):
            yield "when", wrong.message, wrong.column
    told = f"{rule.on} names {', '.join(fact.objects)}"
    for kind in rule.reconsider:
        if kind not in fact.objects:
            yield "reconsider", f"there is no {kind[:40]} in it: {told}."
    if len(set(rule.reconsider)) < len(rule.reconsider):
        yield "reconsider", "names a kind twice."
    if rule.start:
        yield from _of_start(rule, fact.objects, told, template_of)
    elif rule.subject:
        yield "subject", "is for rules that start a template."


def _of_start(rule: Rule, objects: Sequence[str], told: str, template_of: TemplateOf) -> Iterator[tuple[str, str]]:
    if rule.subject not in objects:
        yield "subject", f"is what the plan is for; {told}."
    template = template_of(rule.start)
    if template is None:
        yield "start", f"no plan template “{rule.start[:60]}” is in force."
        return
    if rule.subject in objects and template.subject != rule.subject:
        yield "subject", f"“{rule.start}” starts for a {template.subject}, not a {rule.subject}."
    needed = [name for name, type_ in template.inputs.items() if not values.is_optional(type_)]
    if needed:
        yield "start", f"“{rule.start}” must be handed {', '.join(needed)}, which a rule cannot do."


def holds(rule: Rule, happening: Happening) -> bool:
    """Whether it listens to this and its condition is true of it."""
    if rule.on != happening.fact:
        return False
    if not rule.when:
        return True
    answer = _compiled(rule.when).eval(data={"data": dict(happening.data)}).plain_value()
    if not isinstance(answer, bool):
        raise InvalidInput(f"The condition of the rule “{rule.name}” cannot be answered: {answer}")
    return answer


@lru_cache(maxsize=1)
def _answering() -> cel.Env:
    return cel.NewEnv(variables={"data": cel.Type.Map(cel.Type.STRING, cel.Type.STRING)})


@lru_cache(maxsize=256)
def _compiled(text: str) -> cel.Expression:
    return _answering().compile(text)
