"""A template's definition as data, and its parsing. Whether it may be published is judged in `soundness`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from agents.errors import BadTemplate

MOST_STEPS = 100
#: What happens when a step has used up its attempts: a person is asked; it gets a fresh set of attempts, a few times,
#: and then a person is asked; the plan goes on without it; another step takes over; the plan is undone.
ON_FAILURE = ("ask", "retry", "skip", "branch", "compensate")
#: Seconds. A dead worker's step is taken over so long after its start, so it is kept short.
DEFAULT_TIMEOUT = 45
TIERS = ("rules", "small", "large")
LATENCIES = ("hot", "normal", "cold")
MOST_BRANCHES = 50


@dataclass(frozen=True, slots=True)
class StepSpec:
    """One step as the template states it."""

    key: str
    label: str
    role: str
    task: str
    after: tuple[str, ...] = ()
    when: str = ""
    timeout: int = DEFAULT_TIMEOUT
    attempts: int = 5
    tier: str = "rules"
    on_failure: str = "ask"
    #: What the task takes, by name, each from `plan.<input>`, `<earlier step>.<field>` or, in a branch, `item.<field>`.
    given: Mapping[str, str] = field(default_factory=dict)
    #: `<earlier step>.<field>`, a list: one branch of this step for each of its elements, at most `at_most` of them.
    each: str = ""
    #: The key of a step that fans out: one branch of this step follows each of that one's, for the same element.
    along: str = ""
    at_most: int = MOST_BRANCHES
    #: How many branches must be done before the step is: `all`, `any` or a number. The others are then skipped.
    gather: str | int = "all"
    #: How many of the steps in `after` must be done before this one may begin: `all` (settled), `any` or a number.
    join: str | int = "all"
    #: Seconds before the second attempt; they double up to `longest_delay`, less up to half by chance.
    first_delay: int = 2
    longest_delay: int = 600
    latency: str = "normal"
    #: Hours until a person who is asked is reminded, and until asking has failed; 0: never.
    remind_after: int = 0
    deadline: int = 0
    #: With on_failure `branch`: the step that takes over. It comes after this one and runs only when this one failed.
    branch: str = ""
    #: How this step is taken back when the plan is: `proposals` proposes to undo what its proposals carried out, any
    #: other word is a task of the step's role; empty: there is nothing to take back.
    compensation: str = ""
    #: The pool of remote workers that runs it; empty: our own workers.
    pool: str = ""
    #: Facts after which the step, when it is done, is looked at again, as long as nothing after it was carried out.
    reconsider: tuple[str, ...] = ()


FIELDS = frozenset(each.name for each in fields(StepSpec))
TEXTS = frozenset(
    ("key", "label", "role", "task", "when", "tier", "on_failure", "each", "along", "latency", "branch")
) | {"compensation", "pool"}
WHOLES = frozenset(("timeout", "attempts", "at_most", "first_delay", "longest_delay", "remind_after", "deadline"))
LISTS = {"after": "is a list of keys of steps.", "reconsider": "is a list of facts."}
#: `all`, `any`, or how many.
COUNTS = frozenset(("gather", "join"))


@dataclass(frozen=True, slots=True)
class Definition:
    title: str
    subject: str
    steps: tuple[StepSpec, ...]
    #: What whoever starts the plan hands it, by name and type (see agents.values).
    inputs: Mapping[str, str] = field(default_factory=dict)
    #: What the template is for, for whoever looks for one.
    purpose: str = ""


PARTS = frozenset(each.name for each in fields(Definition))


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a template from being published, and where: the step's key and field, the column of a condition."""

    step: str
    field: str
    message: str
    column: int = 0
    #: The step's place in the list, from 1; 0 for the template itself. Keys may be doubled or missing.
    number: int = 0

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        if not self.number:
            return f"{self.field}{column}: {self.message}" if self.field else self.message
        whose = f"Step “{self.step}”" if self.step else f"Step {self.number}"
        return f"{whose}, {self.field}{column}: {self.message}" if self.field else f"{whose}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "number": self.number,
            "field": self.field,
            "column": self.column,
            "message": self.message,
        }


def parse(data: Any) -> Definition:
    """The definition from JSON; unknown, missing or ill-typed fields are refused by name."""
    definition, found = read(data)
    if definition is None:
        raise BadTemplate(str(found[0]), problems=[each.as_json() for each in found])
    return definition


def parse_step(data: Any) -> StepSpec:
    """One step from JSON, as a template has it or as a running step keeps it."""
    spec, found = read_step(data, number=1)
    if spec is None:
        raise BadTemplate(str(found[0]), problems=[each.as_json() for each in found])
    return spec


def read(data: Any) -> tuple[Definition | None, list[Problem]]:
    """The definition, or everything whose shape keeps it from being one."""
    if not isinstance(data, Mapping):
        return None, [Problem("", "", "A template is an object with title, subject and a list of steps.")]
    found = [Problem("", str(name)[:60], "there is no such field.") for name in data if name not in PARTS]
    found += [Problem("", each, "is a text.") for each in ("title", "subject") if not isinstance(data.get(each), str)]
    if not isinstance(data.get("purpose", ""), str):
        found.append(Problem("", "purpose", "is a text."))
    inputs = data.get("inputs", {})
    if not _is_named_texts(inputs):
        found.append(Problem("", "inputs", "is an object of names and types, both texts."))
    steps = data.get("steps")
    if not isinstance(steps, list | tuple):
        return None, [*found, Problem("", "steps", "is a list of steps.")]
    if not 1 <= len(steps) <= MOST_STEPS:
        return None, [*found, Problem("", "steps", f"A template has 1 to {MOST_STEPS} steps, not {len(steps):,}.")]
    specs = []
    for number, each in enumerate(steps, 1):
        spec, wrong = read_step(each, number=number)
        found += wrong
        specs += [spec] if spec else []
    if found:
        return None, found
    return Definition(data["title"], data["subject"], tuple(specs), dict(inputs), data.get("purpose", "")), []


def read_step(data: Any, *, number: int) -> tuple[StepSpec | None, list[Problem]]:
    if not isinstance(data, Mapping):
        return None, [Problem("", "", "A step is an object with key, role and more.", number=number)]
    key = data["key"][:60] if isinstance(data.get("key"), str) else ""
    found = [
        Problem(key, str(name)[:60], said, number=number)
        for name, value in data.items()
        if (said := _ill_shaped(name, value))
    ]
    found += [Problem(key, each, "is missing.", number=number) for each in ("key", "role") if each not in data]
    if found:
        return None, found
    told = dict(data)
    told["label"] = data.get("label") or key.replace("_", " ").capitalize()
    told["task"] = data.get("task") or data["key"]
    told |= {name: tuple(data.get(name, ())) for name in LISTS}
    told["given"] = dict(data.get("given", {}))
    return StepSpec(**told), []


def _ill_shaped(name: Any, value: Any) -> str:
    if name in TEXTS:
        return "" if isinstance(value, str) else "is a text."
    if name in WHOLES:
        return "" if _is_whole(value) else "is a whole number."
    if name in COUNTS:
        return "" if value in ("all", "any") or _is_whole(value) else "is all, any or a whole number."
    if name in LISTS:
        listed = isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)
        return "" if listed else LISTS[name]
    if name == "given":
        return "" if _is_named_texts(value) else "is an object of names and sources, both texts."
    return "there is no such field."


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_named_texts(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(each, str) for pair in value.items() for each in pair)
