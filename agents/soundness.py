"""Whether a template may be published: everything that would only come out while a plan runs is said before. Pure."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, Protocol

from agents import conditions, values
from agents.definition import LATENCIES, MOST_BRANCHES, ON_FAILURE, TIERS, Definition, Problem, StepSpec, read
from agents.handing import UNKNOWN, Handing
from agents.happenings import FACTS
from agents.values import KINDS, Record, said, serves

#: A branch's key and that of the step that undoes it have a prefix and a number, and fit into 40 letters.
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
POOL = re.compile(r"[a-z][a-z0-9_-]{0,39}")
#: Not keys of steps: sources of what a task is given begin with them.
RESERVED = frozenset({"plan", "item", "steps"})
#: The role of the steps that a plan adds when it is undone.
UNDO = "undo"
#: The role that puts a step to a person.
PERSON = "person"
MOST_INPUTS = 30
MOST_GIVEN = 40
#: Branches that one list may lead to, lists of branches included.
MOST_WIDE = 500
#: Steps that a plan may have when every list is as long as it may be.
MOST_EXPANDED = 2_000
BOUNDS = {
    "timeout": (1, 3600, "seconds"),
    "attempts": (1, 20, "attempts"),
    "at_most": (1, MOST_BRANCHES, "branches"),
    "first_delay": (1, 3600, "seconds"),
    "longest_delay": (1, 86_400, "seconds"),
    "remind_after": (0, 8760, "hours"),
    "deadline": (0, 8760, "hours"),
}
LENGTHS = {"label": 80}
CHOICES = {"tier": TIERS, "on_failure": ON_FAILURE, "latency": LATENCIES}


class RoleView(Protocol):
    """What a template needs to know of a role."""

    @property
    def tasks(self) -> Mapping[str, Any]: ...
    @property
    def takes(self) -> Mapping[str, Record]: ...
    @property
    def gives(self) -> Mapping[str, Record]: ...
    @property
    def remote(self) -> Collection[str]: ...


#: A role by its name, or None when there is none.
RoleOf = Callable[[str], RoleView | None]


def problems_of(data: Any, *, role_of: RoleOf) -> list[Problem]:
    """Everything that keeps this JSON from being published; the shape first, as nothing else can be read before."""
    definition, found = read(data)
    return problems(definition, role_of=role_of) if definition else found


def problems(definition: Definition, *, role_of: RoleOf) -> list[Problem]:
    found = list(_of_template(definition))
    keys = Counter(each.key for each in definition.steps)
    for number, spec in enumerate(definition.steps, 1):
        step = Reader(spec, number, definition, role_of(spec.role))
        found += step.fields()
        if keys[spec.key] > 1:
            found.append(step.problem("key", f"“{spec.key}” is there {keys[spec.key]} times; each needs its own."))
    if circle := _circle(definition):
        numbers = {each.key: n for n, each in enumerate(definition.steps, 1)}
        told = f"The steps wait for each other in a circle: {' → '.join(circle)}."
        return [*found, Problem(circle[0], "after", told, number=numbers[circle[0]])]
    if any(count > 1 for count in keys.values()):
        return found
    handing = Handing(definition, {each.key: role_of(each.role) for each in definition.steps})
    for number, spec in enumerate(definition.steps, 1):
        found += Reader(spec, number, definition, role_of(spec.role), handing).flows()
    return [*found, *_too_many(definition, handing)]


def _of_template(definition: Definition) -> Iterator[Problem]:
    if not definition.title.strip() or len(definition.title) > 120:
        yield Problem("", "title", "has 1 to 120 characters.")
    if len(definition.purpose) > 500:
        yield Problem("", "purpose", "has at most 500 characters.")
    if definition.subject not in KINDS:
        yield Problem("", "subject", f"is one of {', '.join(sorted(KINDS))}.")
    if len(definition.inputs) > MOST_INPUTS:
        yield Problem("", "inputs", f"A template has at most {MOST_INPUTS} inputs.")
    for name, type_ in definition.inputs.items():
        if not KEY.fullmatch(name):
            yield Problem("", "inputs", f"“{name[:60]}” is no name: up to 32 small letters, digits and _.")
        if not values.is_type(type_):
            known = ", ".join(sorted(values.WORDS))
            yield Problem("", "inputs", f"“{type_[:60]}” is no type. Known: {known}, and “list of” these.")


def _circle(definition: Definition) -> list[str]:
    keys = {each.key for each in definition.steps}
    try:
        TopologicalSorter({each.key: [k for k in each.after if k in keys] for each in definition.steps}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def _too_many(definition: Definition, handing: Handing) -> Iterator[Problem]:
    """Lists of branches over lists of branches end somewhere."""
    whole, too_wide = 0, False
    for number, spec in enumerate(definition.steps, 1):
        wide, chain = handing.width(spec.key)
        whole += 1 + (wide if spec.each or spec.along else 0)
        if spec.each and wide > MOST_WIDE:
            too_wide = True
            told = f"up to {wide:,} branches along {' → '.join(chain)}; at most {MOST_WIDE}. Lower it."
            yield Problem(spec.key, "at_most", told, number=number)
    if whole > MOST_EXPANDED and not too_wide:
        told = f"With every list as long as it may be the plan would have {whole:,} steps; at most {MOST_EXPANDED:,}."
        yield Problem("", "steps", told)


@dataclass
class Reader:
    """One step under examination."""

    spec: StepSpec
    number: int
    definition: Definition
    role: RoleView | None
    handing: Handing | None = None

    def problem(self, field: str, message: str, column: int = 0) -> Problem:
        return Problem(self.spec.key, field, message, column, self.number)

    @cached_property
    def keys(self) -> set[str]:
        return {each.key for each in self.definition.steps}

    @cached_property
    def by_key(self) -> dict[str, StepSpec]:
        return {each.key: each for each in self.definition.steps}

    def fields(self) -> Iterator[Problem]:
        """What each field may hold, by itself."""
        spec = self.spec
        if not KEY.fullmatch(spec.key) or spec.key in RESERVED:
            told = "a key is up to 32 small letters, digits and _, beginning with a letter; not plan, item or steps."
            yield self.problem("key", told)
        for name, (least, most, unit) in BOUNDS.items():
            if not least <= getattr(spec, name) <= most:
                yield self.problem(name, f"is {least} to {most:,} {unit}.")
        if spec.longest_delay < spec.first_delay:
            yield self.problem("longest_delay", "is not shorter than the first delay.")
        for name, most in LENGTHS.items():
            if len(getattr(spec, name)) > most:
                yield self.problem(name, f"has at most {most} characters.")
        for name, choices in CHOICES.items():
            if getattr(spec, name) not in choices:
                yield self.problem(name, f"is one of {', '.join(choices)}.")
        yield from self._role()
        yield from self._counts()
        yield from self._reconsider()
        for key in dict.fromkeys(spec.after):
            if key not in self.keys:
                yield self.problem("after", f"comes after “{key[:60]}”, which is not a step.")
        if len(set(spec.after)) < len(spec.after):
            yield self.problem("after", "names a step twice.")

    def _role(self) -> Iterator[Problem]:
        spec, role = self.spec, self.role
        if spec.role == UNDO:
            yield self.problem("role", "plans are undone by themselves; name a compensation where a step has one.")
            return
        if role is None:
            yield self.problem("role", f"there is no role “{spec.role[:60]}”.")
            return
        if spec.task not in role.tasks:
            has = ", ".join(sorted(role.tasks))
            yield self.problem("task", f"role {spec.role} has no task “{spec.task[:60]}”. It has: {has}.")
        if spec.compensation not in ("", "proposals") and spec.compensation not in role.tasks:
            told = f"is “proposals” or a task of role {spec.role}, not “{spec.compensation[:60]}”."
            yield self.problem("compensation", told)
        if spec.pool and not POOL.fullmatch(spec.pool):
            yield self.problem("pool", "is up to 40 small letters, digits, _ and -, beginning with a letter.")
        elif spec.pool and spec.task not in role.remote:
            yield self.problem("pool", f"remote workers may not do “{spec.task[:60]}” of role {spec.role}.")

    def _counts(self) -> Iterator[Problem]:
        spec = self.spec
        if isinstance(spec.join, int) and not 1 <= spec.join <= max(1, len(set(spec.after))):
            yield self.problem(
                "join", f"is all, any or 1 to {max(1, len(set(spec.after)))}, the steps that it is after."
            )
        if isinstance(spec.gather, int) and not 1 <= spec.gather <= spec.at_most:
            yield self.problem("gather", f"is all, any or 1 to {spec.at_most}, the most branches.")
        if spec.gather != "all" and not (spec.each or spec.along):
            yield self.problem("gather", "only a step with branches gathers them.")

    def _reconsider(self) -> Iterator[Problem]:
        spec = self.spec
        for fact in dict.fromkeys(spec.reconsider):
            if fact not in FACTS:
                near = difflib.get_close_matches(fact, FACTS, n=1)
                hint = f" Did you mean “{near[0]}”?" if near else ""
                yield self.problem("reconsider", f"“{fact[:60]}” is no fact to listen to.{hint}")
        if len(set(spec.reconsider)) < len(spec.reconsider):
            yield self.problem("reconsider", "names a fact twice.")
        if spec.reconsider and (spec.each or spec.along):
            yield self.problem("reconsider", "a step with branches is not looked at again; mark one before it.")
        if spec.reconsider and spec.role == PERSON:
            yield self.problem("reconsider", "a person’s answer stands; mark a step before it.")

    def flows(self) -> Iterator[Problem]:
        """What comes from where. Asked only when the steps are in an order."""
        yield from self._fans()
        yield from self._branch()
        yield from self._given()
        yield from self._compensation()
        yield from self._when()

    def _fans(self) -> Iterator[Problem]:
        spec = self.spec
        if spec.each and spec.along:
            yield self.problem("along", "a step has branches for a list or along another step, not both.")
        if spec.each:
            type_, told = self._handing.source(spec.key, spec.each)
            if type_ is None:
                yield self.problem("each", told)
            elif type_ != UNKNOWN and values.element(type_) is None:
                yield self.problem("each", f"“{spec.each}” is {said(type_)}, not a list.")
        if spec.along:
            other = self.by_key.get(spec.along)
            if other is None or spec.along not in spec.after:
                yield self.problem("along", f"“{spec.along[:60]}” is not a step that this one comes directly after.")
            elif not (other.each or other.along):
                yield self.problem("along", f"“{spec.along}” has no branches to go along.")

    def _branch(self) -> Iterator[Problem]:
        spec = self.spec
        if (spec.on_failure == "branch") != bool(spec.branch):
            needs = "name the step that takes over" if not spec.branch else "is only for on failure “branch”"
            yield self.problem("branch", f"{needs}.")
        elif spec.branch and spec.branch not in self.by_key:
            yield self.problem("branch", f"“{spec.branch[:60]}” is not a step.")
        elif spec.branch and spec.key not in self.by_key[spec.branch].after:
            yield self.problem("branch", f"“{spec.branch}” must come directly after this step.")

    def _given(self) -> Iterator[Problem]:
        spec, takes = self.spec, self._handing.takes(self.spec)
        if len(spec.given) > MOST_GIVEN:
            yield self.problem("given", f"a step is given at most {MOST_GIVEN} values.")
            return
        for name, source in spec.given.items():
            type_, told = self._handing.source(spec.key, source)
            if type_ is None:
                yield self.problem("given", f"{name[:60]}: {told}")
            elif takes is not None and name not in takes:
                has = ", ".join(sorted(takes)) or "nothing"
                yield self.problem("given", f"{spec.role}/{spec.task} takes no “{name[:60]}”. It takes: {has}.")
            elif takes is not None and type_ != UNKNOWN and not serves(type_, takes[name]):
                told = f"{name}: “{source}” is {said(type_)}; {said(takes[name])} is wanted."
                yield self.problem("given", told)
        for name, wanted in (takes or {}).items():
            if name not in spec.given and not values.is_optional(wanted):
                yield self.problem("given", f"{spec.role}/{spec.task} needs “{name}” ({said(wanted)}).")

    def _compensation(self) -> Iterator[Problem]:
        """What takes a step back is handed the step's result, and what the step was handed."""
        spec, role = self.spec, self.role
        if role is None or spec.compensation in ("", "proposals"):
            return
        known = {**(role.takes.get(spec.task) or {}), **(role.gives.get(spec.task) or {})}
        for name, wanted in (role.takes.get(spec.compensation) or {}).items():
            if not (serves(known[name], wanted) if name in known else values.is_optional(wanted)):
                told = f"“{spec.compensation}” needs “{name}” ({said(wanted)}), which “{spec.task}” does not give."
                yield self.problem("compensation", told)

    def _when(self) -> Iterator[Problem]:
        if not self.spec.when:
            return
        known = {key: self._handing.gives(key) for key in self._handing.before(self.spec.key)}
        for wrong in conditions.wrong_with(self.spec.when, known):
            yield self.problem("when", wrong.message, wrong.column)

    @property
    def _handing(self) -> Handing:
        if self.handing is None:
            raise RuntimeError("flows are read when the steps are in an order")
        return self.handing
