"""The form of a plan template: what it shows of a definition, sound or not, and what was posted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agents import values
from agents.definition import COUNTS, WHOLES, Problem, StepSpec
from agents.happenings import FACTS
from agents.roles import Specification
from procure.console.sketch import Sketch, rows, text, texts

#: What a step says for itself beyond its name, work, order and hand-overs; with the words of the form.
DEFAULTS: dict[str, Any] = {
    name: field.default
    for name, field in StepSpec.__dataclass_fields__.items()
    if name not in ("key", "label", "role", "task", "after", "given", "reconsider")
}
#: The fields of a step that are written, with their words; a field of the form each.
NUMBERS = (
    ("attempts", _("Attempts")),
    ("timeout", _("Seconds a try may take")),
    ("first_delay", _("Seconds before the second try")),
    ("longest_delay", _("Seconds between tries at most")),
    ("remind_after", _("Hours until a reminder")),
    ("deadline", _("Hours until asking has failed")),
    ("join", _("How many before it: all, any, n")),
    ("gather", _("How many branches: all, any, n")),
    ("at_most", _("Branches at most")),
)
#: Where problems are told outside the choices that are drawn anew.
WRITTEN = ("label", "key", "role", "task", "when", "on_failure", *(name for name, _label in NUMBERS))
HEAD = ("title", "subject", "purpose", "inputs", "steps")
CHOICES = {
    "on_failure": (
        ("ask", _("a person is asked")),
        ("retry", _("it gets fresh attempts, then a person is asked")),
        ("skip", _("the plan goes on without it")),
        ("branch", _("another step takes over")),
        ("compensate", _("the plan is undone")),
    ),
    "latency": (("hot", _("before others")), ("normal", _("in turn")), ("cold", _("after others"))),
    "tier": (("rules", _("rules")), ("small", _("a small model")), ("large", _("a large model"))),
}
BLANK = {"title": "", "subject": "requisition", "steps": []}
_NUMBERED = re.compile(r"s-(\d{1,3})-key")
_INPUT = re.compile(r"in-(\d{1,2})-name")


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Handed:
    """One value that the task takes, and what could be handed to it."""

    name: str
    type: str
    optional: bool
    options: tuple[Option, ...]
    fits: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One step of the form. `values` holds every field as text; `problems` by field."""

    number: int
    key: str
    label: str
    title: str
    what: str
    values: Mapping[str, str]
    befores: tuple[Option, ...]
    handed: tuple[Handed, ...]
    lists: tuple[Option, ...]
    alongs: tuple[Option, ...]
    followers: tuple[Option, ...]
    ways_back: tuple[Option, ...]
    #: Facts after which it is looked at again.
    facts: tuple[Option, ...]
    gives: tuple[tuple[str, str], ...]
    problems: Mapping[str, Sequence[str]]
    pooled: bool
    asks: bool

    @property
    def wrong(self) -> int:
        return sum(map(len, self.problems.values()))

    @property
    def terms_wrong(self) -> bool:
        """Whether a problem stands among the terms that are folded away."""
        return any(name in self.problems for name, _label in NUMBERS)

    @property
    def fans(self) -> bool:
        return bool(self.values["each"] or self.values["along"])


def cards(
    data: Mapping[str, Any], drawn: Sketch, problems: Iterable[Problem], roles: Mapping[str, Specification]
) -> list[Card]:
    at: dict[int, dict[str, list[str]]] = {}
    for each in problems:
        column = gettext("column %d: ") % each.column if each.column else ""
        at.setdefault(each.number, {}).setdefault(each.field or "key", []).append(column + each.message)
    specs = drawn.definition.steps
    raw = rows(data)
    return [_card(number, raw, specs, drawn, at.get(number, {}), roles) for number in range(1, len(raw) + 1)]


def _card(
    number: int,
    raw: Sequence[Mapping[str, Any]],
    specs: Sequence[StepSpec],
    drawn: Sketch,
    problems: Mapping[str, Sequence[str]],
    roles: Mapping[str, Specification],
) -> Card:
    told, spec = raw[number - 1], specs[number - 1]
    role = roles.get(spec.role)
    label = {each.key: each.label for each in specs}
    stated = texts(told.get("after"))
    above = [each.key for each in specs[: number - 1]]
    befores = [*above, *(key for key in stated if key not in above)]
    followers = [each.key for each in specs if spec.key in each.after]
    fanned = [each.key for each in specs if (each.each or each.along) and each.key in spec.after]
    ways = ["proposals", *(task for task in (role.tasks if role else ()) if task != spec.task)]
    gives = drawn.handing.gives(spec.key) or {}
    return Card(
        number=number,
        key=text(told.get("key")),
        label=text(told.get("label")),
        title=spec.label,
        what=f"{spec.role}/{spec.task}" if spec.role else "",
        values={name: _shown(told, name) for name in DEFAULTS},
        befores=tuple(Option(key, label.get(key, key), key in stated) for key in befores),
        handed=tuple(_handed(spec, role, drawn)),
        lists=_choices(drawn.handing.lists(spec.key), spec.each),
        alongs=_choices(fanned, spec.along, label),
        followers=_choices(followers, spec.branch, label),
        ways_back=_choices(ways, spec.compensation, {"proposals": gettext("undo what it proposed")}),
        facts=_facts(texts(told.get("reconsider"))),
        gives=tuple((name, values.said(type_)) for name, type_ in values.paths(gives)),
        problems=problems,
        pooled=bool(spec.pool or told.get("pool") or (role and spec.task in role.remote)),
        asks=spec.role == "person",
    )


def _shown(told: Mapping[str, Any], name: str) -> str:
    return text(told.get(name, DEFAULTS[name]))


def _facts(chosen: Sequence[str]) -> tuple[Option, ...]:
    known = {name: fact.said for name, fact in FACTS.items()}
    known |= {name: name for name in chosen if name not in known}
    return tuple(Option(name, gettext(said), name in chosen) for name, said in known.items())


def _choices(known: Iterable[str], chosen: str, label: Mapping[str, str] | None = None) -> tuple[Option, ...]:
    """What can be chosen; what is chosen is among them even if it should not be."""
    found = list(known)
    found += [chosen] if chosen and chosen not in found else []
    return tuple(Option(each, (label or {}).get(each, each), each == chosen) for each in found)


def _handed(spec: StepSpec, role: Specification | None, drawn: Sketch) -> Iterable[Handed]:
    takes = role.takes.get(spec.task, {}) if role else {}
    for name, type_ in takes.items():
        fitting = list(drawn.handing.sources(spec.key, type_))
        source = spec.given.get(name, "")
        options = _choices(fitting, source)
        yield Handed(name, values.said(type_), values.is_optional(type_), options, not source or source in fitting)
    for name, source in spec.given.items():
        if name not in takes:
            yield Handed(name, gettext("not taken"), True, _choices([], source), False)


def work(roles: Mapping[str, Specification]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What steps can do, by role."""
    return [(name, [(f"{name}/{task}", _worded(name, task)) for task in role.tasks]) for name, role in roles.items()]


def _worded(role: str, task: str) -> str:
    return f"{role}: {task.replace('_', ' ')}"


def inputs_of(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = data.get("inputs")
    return [(str(name), text(type_)) for name, type_ in found.items()] if isinstance(found, Mapping) else []


def read(posted: QueryDict) -> dict[str, Any]:
    """The definition as it was posted. A number that is none stays a text, for its problem to be shown beside it.

    A step whose key was changed keeps its name wherever other steps name it.
    """
    names = [name for name in posted if isinstance(name, str)]
    numbers = sorted(int(found[1]) for name in names if (found := _NUMBERED.fullmatch(name)))
    steps = [_read_step(posted, f"s-{number}-") for number in numbers]
    renamed = {
        was: step["key"]
        for number, step in zip(numbers, steps, strict=True)
        if (was := _said(posted, f"s-{number}-was")) and was != step["key"] and step["key"]
    }
    lines = sorted(int(found[1]) for name in names if (found := _INPUT.fullmatch(name)))
    named = {line: name for line in lines if (name := _said(posted, f"in-{line}-name"))}
    given = {name: _said(posted, f"in-{line}-type") or "text" for line, name in named.items()}
    out: dict[str, Any] = {"title": _said(posted, "title"), "subject": _said(posted, "subject")}
    out |= {"purpose": purpose} if (purpose := _said(posted, "purpose")) else {}
    out |= {"inputs": given} if given else {}
    return out | {"steps": [_renamed(step, renamed) for step in steps]}


def completed(
    data: Mapping[str, Any], posted: QueryDict, drawn: Sketch, roles: Mapping[str, Specification]
) -> dict[str, Any]:
    """Steps whose work was changed: what their task does not take is gone, what it needs comes from the nearest fit."""
    names = set(posted)
    steps = []
    for number, (told, spec) in enumerate(zip(rows(data), drawn.definition.steps, strict=True), 1):
        role = roles.get(spec.role)
        takes = role.takes.get(spec.task) if role else None
        step = dict(told)
        if takes is not None:
            given = {name: source for name, source in spec.given.items() if name in takes}
            for name, type_ in takes.items():
                if name not in given and f"s-{number}-given-{name}" not in names and not values.is_optional(type_):
                    given |= (
                        dict.fromkeys([name], fit) if (fit := next(drawn.handing.sources(spec.key, type_), "")) else {}
                    )
            step.pop("given", None)
            step |= {"given": given} if given else {}
        steps.append(step)
    return {**data, "steps": steps}


def _said(posted: QueryDict, name: str) -> str:
    return str(posted.get(name, "")).strip()


def _read_step(posted: QueryDict, at: str) -> dict[str, Any]:
    role, _slash, task = _said(posted, f"{at}what").partition("/")
    step: dict[str, Any] = {"key": _said(posted, f"{at}key")}
    step |= {"label": label} if (label := _said(posted, f"{at}label")) else {}
    step |= {"role": role, "task": task} if role else {"role": ""}
    after = [str(each) for each in posted.getlist(f"{at}after")]
    step |= {"after": after} if after else {}
    facts = [str(each) for each in posted.getlist(f"{at}reconsider")]
    step |= {"reconsider": facts} if facts else {}
    for name, default in DEFAULTS.items():
        value = _value(name, _said(posted, f"{at}{name}"))
        if value != default and not (value == "" and (name in WHOLES or name in COUNTS)):
            step[name] = value
    given = {
        name.removeprefix(f"{at}given-"): source
        for name in posted
        if name.startswith(f"{at}given-") and (source := _said(posted, name))
    }
    return step | ({"given": given} if given else {})


def _value(name: str, said: str) -> Any:
    numeric = said.isascii() and said.lstrip("-").isdigit() and len(said) < 12
    return int(said) if numeric and (name in WHOLES or name in COUNTS) else said


def _renamed(step: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    if not names:
        return step

    def key(name: str) -> str:
        return names.get(name, name)

    def source(said: str) -> str:
        head, dot, path = said.partition(".")
        return f"{key(head)}{dot}{path}" if dot else said

    out = dict(step)
    for name in ("along", "branch"):
        out |= {name: key(out[name])} if name in out else {}
    out |= {"after": [key(each) for each in out["after"]]} if "after" in out else {}
    out |= {"each": source(out["each"])} if "each" in out else {}
    out |= {"given": {name: source(each) for name, each in out["given"].items()}} if "given" in out else {}
    if "when" in out:
        out["when"] = re.sub(r"\bsteps\.(\w+)", lambda found: f"steps.{key(found[1])}", out["when"])
    return out


def changed(data: Mapping[str, Any], verb: str, number: int) -> tuple[dict[str, Any], int]:
    """The definition after a step was added, moved or taken out, and the number of the step to look at then."""
    steps = [dict(each) for each in rows(data)]
    at = number - 1
    if verb == "add":
        at = max(0, min(number, len(steps)))
        keys = {text(each.get("key")) for each in steps}
        key = next(name for n in range(len(steps) + 1, len(steps) + 202) if (name := f"step_{n}") not in keys)
        last = text(steps[at - 1].get("key")) if at else ""
        steps.insert(at, {"key": key, "role": "", **({"after": [last]} if last else {})})
    elif verb == "drop" and 0 <= at < len(steps):
        gone = text(steps.pop(at).get("key"))
        steps = [_without(each, gone) for each in steps]
        at = max(0, at - 1)
    elif verb in ("up", "down") and 0 <= at < len(steps):
        to = max(0, min(len(steps) - 1, at + (1 if verb == "down" else -1)))
        steps.insert(to, steps.pop(at))
        at = to
    return {**data, "steps": steps}, at + 1


def _without(step: dict[str, Any], gone: str) -> dict[str, Any]:
    """Comes after it no more; what it was handed from there is left for a person to choose anew."""
    if gone in texts(step.get("after")):
        step["after"] = [each for each in texts(step.get("after")) if each != gone]
    return step
