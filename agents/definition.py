"""A template's definition as data, parsed and validated. Pure: no database."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from graphlib import CycleError, TopologicalSorter
from typing import Any

from agents.conditions import compile_condition
from agents.errors import BadTemplate

KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
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


FIELDS = frozenset(each.name for each in fields(StepSpec))


@dataclass(frozen=True, slots=True)
class Definition:
    title: str
    subject: str
    steps: tuple[StepSpec, ...]
    #: What whoever starts the plan hands it, by name and type (see agents.values).
    inputs: Mapping[str, str] = field(default_factory=dict)


def parse(data: Mapping[str, Any]) -> Definition:
    """The definition from JSON; unknown or missing fields are refused by name."""
    try:
        steps = tuple(parse_step(each) for each in data["steps"])
        inputs = {str(name): str(type_) for name, type_ in data.get("inputs", {}).items()}
        return Definition(title=str(data["title"]), subject=str(data["subject"]), steps=steps, inputs=inputs)
    except KeyError as error:
        raise BadTemplate(f"The template lacks “{error.args[0]}”.") from None
    except (TypeError, AttributeError):
        raise BadTemplate("A template is an object with title, subject and a list of steps.") from None


def parse_step(data: Mapping[str, Any]) -> StepSpec:
    """One step from JSON, as a template has it or as a running step keeps it."""
    if unknown := set(data) - FIELDS:
        raise BadTemplate(f"Step “{data.get('key', '?')}”: unknown field “{min(unknown)}”.")
    key = str(data["key"])
    told = {name: data[name] for name in FIELDS if name in data}
    told |= {name: str(told[name]) for name in _TEXTS if name in told}
    return StepSpec(
        **told
        | {
            "key": key,
            "role": str(data["role"]),
            "label": str(data.get("label") or key.replace("_", " ").capitalize()),
            "task": str(data.get("task") or key),
            "after": tuple(str(each) for each in data.get("after", ())),
            "given": {str(name): str(source) for name, source in data.get("given", {}).items()},
        }
    )


#: What is a text whatever JSON has there; numbers and choices are checked when the template is published.
_TEXTS = ("when", "each", "along", "branch", "compensation", "pool")


#: The tasks of a role, or None when there is no such role.
TasksOf = Callable[[str], Collection[str] | None]


def problems(definition: Definition, *, tasks_of: TasksOf) -> list[str]:
    """Everything that keeps it from being published."""
    found = []
    if not 1 <= len(definition.steps) <= MOST_STEPS:
        found.append(f"A template has 1 to {MOST_STEPS} steps.")
    keys = Counter(each.key for each in definition.steps)
    found += [f"Step “{key}” is there {count} times." for key, count in keys.items() if count > 1]
    for spec in definition.steps:
        found += [f"Step “{spec.key}”: {each}" for each in _step_problems(spec, set(keys), tasks_of(spec.role))]
    if not found:
        found += _cycles(definition)
    return found


def _step_problems(spec: StepSpec, keys: set[str], tasks: Collection[str] | None) -> list[str]:
    found = []
    if not KEY.fullmatch(spec.key):
        found.append("a key is up to 40 small letters, digits and _, beginning with a letter.")
    if tasks is None:
        found.append(f"there is no role “{spec.role}”.")
    elif spec.task not in tasks:
        found.append(f"role {spec.role} has no task “{spec.task}”. It has: {', '.join(sorted(tasks))}.")
    found += [f"comes after “{each}”, which is not a step." for each in spec.after if each not in keys]
    if not (isinstance(spec.timeout, int) and 1 <= spec.timeout <= 3600):
        found.append("the time-out is 1 to 3600 seconds.")
    if not (isinstance(spec.attempts, int) and 1 <= spec.attempts <= 20):
        found.append("it may be attempted 1 to 20 times.")
    if spec.tier not in TIERS:
        found.append(f"the tier is one of {', '.join(TIERS)}.")
    if spec.on_failure not in ON_FAILURE:
        found.append(f"on failure is one of {', '.join(ON_FAILURE)}.")
    if spec.when:
        try:
            compile_condition(spec.when)
        except BadTemplate as error:
            found.append(error.message)
    return found


def _cycles(definition: Definition) -> list[str]:
    try:
        TopologicalSorter({each.key: each.after for each in definition.steps}).prepare()
    except CycleError as error:
        return [f"The steps wait for each other in a circle: {' → '.join(error.args[1])}."]
    return []
