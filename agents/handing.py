"""What steps can hand each other: which come before which, what each gives, and what a source names. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from agents import values
from agents.definition import Definition, StepSpec
from agents.values import Record, Type, at_path

#: The type of what a task hands on that does not say what it gives: it may be anything.
UNKNOWN = "unknown"


class Exchange(Protocol):
    """Of a role: what its tasks take and give, by task."""

    @property
    def takes(self) -> Mapping[str, Record]: ...
    @property
    def gives(self) -> Mapping[str, Record]: ...


class Handing:
    """Of one definition whose steps are in an order and have keys of their own."""

    def __init__(self, definition: Definition, roles: Mapping[str, Exchange | None]) -> None:
        self._steps = {each.key: each for each in definition.steps}
        self._inputs = definition.inputs
        self._roles = roles
        self._before: dict[str, frozenset[str]] = {}
        for each in definition.steps:
            self._gather(each.key)

    def _gather(self, key: str) -> None:
        """Without recursion: a chain may be as long as a template."""
        waiting = [key]
        while waiting:
            first = [each for each in self._steps[waiting[-1]].after if each in self._steps]
            if missing := [each for each in first if each not in self._before]:
                waiting += missing
                continue
            here = waiting.pop()
            self._before[here] = frozenset(first).union(*(self._before[each] for each in first))

    def before(self, key: str) -> list[str]:
        """The steps that are settled when this one begins, in the template's order."""
        return [each for each in self._steps if each in self._before[key]]

    def takes(self, spec: StepSpec) -> Record | None:
        """None when the task does not say."""
        role = self._roles[spec.key]
        return None if role is None else role.takes.get(spec.task)

    def gives(self, key: str) -> Record | None:
        """What is known when the step is done: its branches when it has any, else what its task gives."""
        spec = self._steps[key]
        if not (spec.each or spec.along):
            return self._given_by(spec)
        item = self.item(key)
        branch: Record = {
            "key": "text",
            "item": "any" if item in (None, UNKNOWN) else item,  # type: ignore[dict-item]
            "status": "text",
            "result": "any?",
        }
        return {"branches": [branch], "done": "integer", "failed": "integer"}

    def _given_by(self, spec: StepSpec) -> Record | None:
        role = self._roles[spec.key]
        return None if role is None else role.gives.get(spec.task)

    def item(self, key: str) -> Type | None:
        """What one branch of the step is for; None when it has no branches."""
        spec = self._listing(key)
        if not spec.each or spec.each.partition(".")[0] == "item":
            return None
        type_, _told = self.source(spec.key, spec.each)
        if type_ is None or type_ == UNKNOWN:
            return type_
        return values.element(type_)

    def _listing(self, key: str) -> StepSpec:
        """The step whose list this one's branches are for."""
        spec = self._steps[key]
        while spec.along in self._before[spec.key]:
            spec = self._steps[spec.along]
        return spec

    def source(self, key: str, source: str) -> tuple[Type | None, str]:
        """The type of what `source` names for the step `key`, or None and why it names nothing."""
        head, _dot, path = source.partition(".")
        if head == "item":
            return self._of_item(key, path)
        if not path:
            return None, f"“{source[:60]}” is not plan.<input>, <earlier step>.<field> or item.<field>."
        if head == "plan":
            type_ = self._inputs.get(path)
            return (type_, "") if type_ else (None, f"the plan has no input “{path[:60]}”.")
        if head not in self._steps:
            return None, f"“{head[:60]}” is not a step."
        if head not in self._before[key]:
            return None, f"“{head}” does not come before this step."
        # A branch that goes along another's reads that one branch, not all of them.
        own = self._steps[key].along == head
        gives = self._given_by(self._steps[head]) if own else self.gives(head)
        if gives is None:
            return UNKNOWN, ""
        found = at_path(gives, path)
        return (found, "") if found is not None else (None, f"“{head}” gives no “{path[:60]}”; {_listed(gives)}.")

    def _of_item(self, key: str, path: str) -> tuple[Type | None, str]:
        type_ = self.item(key)
        if type_ is None:
            return None, "there is no item: the step has no branches."
        if not path or type_ == UNKNOWN:
            return type_, ""
        if type_ == "any":
            return "any?", ""
        if not isinstance(type_, Mapping) or (found := at_path(type_, path)) is None:
            return None, f"the item is {values.said(type_)} and has no “{path[:60]}”."
        return found, ""

    def sources(self, key: str, wanted: Type) -> Iterator[str]:
        """Everything that may be handed to the step as a value of this type, nearest first."""
        item = self.item(key)
        if item is not None and values.serves(item, wanted):
            yield "item"
        if isinstance(item, Mapping):
            yield from (f"item.{path}" for path, type_ in values.paths(item) if values.serves(type_, wanted))
        for each in reversed(self.before(key)):
            along = self._steps[key].along == each
            gives = self._given_by(self._steps[each]) if along else self.gives(each)
            yield from (f"{each}.{path}" for path, type_ in values.paths(gives or {}) if values.serves(type_, wanted))
        yield from (f"plan.{name}" for name, type_ in self._inputs.items() if values.serves(type_, wanted))

    def lists(self, key: str) -> Iterator[str]:
        """Everything of which the step could have one branch an element."""
        for each in reversed(self.before(key)):
            found = values.paths(self.gives(each) or {})
            yield from (f"{each}.{path}" for path, type_ in found if values.element(type_) is not None)
        yield from (f"plan.{name}" for name, type_ in self._inputs.items() if values.element(type_) is not None)

    def width(self, key: str) -> tuple[int, list[str]]:
        """How many branches the step may come to, and the lists that they multiply along."""
        spec = self._listing(key)
        wide, chain = 1, list[str]()
        while spec.each:
            wide *= max(1, spec.at_most)
            chain.insert(0, spec.key)
            head = spec.each.partition(".")[0]
            if head not in self._before[spec.key]:
                break
            spec = self._listing(head)
        return wide, chain


def _listed(gives: Record) -> str:
    return f"it gives {', '.join(gives) or 'nothing'}"
