"""Decides how a plan goes on from how its steps stand. Pure: no database, no clock.

The same steps give the same moves, and what a plan comes to does not depend on the order in which its steps end, but
for branches that are no longer wanted once enough others are done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from agents.conditions import holds
from agents.definition import MOST_BRANCHES
from agents.values import Record
from ledger.errors import DomainError

#: Between a step's key and the number of its branch; keys of a template have none.
BRANCH = "-"
#: How often a step gets a fresh set of attempts before a person is asked.
MOST_ROUNDS = 3
Results = Mapping[str, Mapping[str, Any]]
#: What a role's task gives, or None when nobody says.
GivesOf = Callable[[str, str], Record | None]


class At(StrEnum):
    """Where a step is: the words of `Step.Status`."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"
    PARKED = "parked"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


SETTLED = frozenset({At.DONE, At.SKIPPED, At.FAILED})
ENDED = SETTLED | {At.CANCELLED}


class Standing(StrEnum):
    """What a plan as a whole is doing: the words of `Plan.Status`."""

    RUNNING = "running"
    WAITING = "waiting"
    PARKED = "parked"
    PAUSED = "paused"
    COMPENSATING = "compensating"
    DONE = "done"
    CANCELLED = "cancelled"


class Failing(StrEnum):
    """What becomes of a step that has failed for good."""

    PARK = "park"
    RETRY = "retry"
    SKIP = "skip"
    FAIL = "fail"
    COMPENSATE = "compensate"


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as it stands. `fanned` is the key of the step of which it is a branch, `undoes` of what it takes back.

    Nothing begins behind a step while another looks at its matter again.
    """

    key: str
    status: str
    after: tuple[str, ...] = ()
    spec: Mapping[str, Any] = field(default_factory=dict)
    fanned: str = ""
    branch: int = 0
    item: Any = None
    undoes: str = ""
    #: What it says that it waits for.
    note: str = ""
    #: The key of the step at whose matter it looks again.
    again: str = ""


@dataclass(frozen=True, slots=True)
class Moves:
    """What has to be written, by key. Reasons are the engine's own words."""

    status: str
    ready: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    parked: Mapping[str, str] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    #: Results of steps whose branches are gathered.
    gathered: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Branches to be added, by the step of which they are; empty when its list is.
    fanned_out: Mapping[str, tuple[StepState, ...]] = field(default_factory=dict)
    #: What steps with branches say that they wait for.
    notes: Mapping[str, str] = field(default_factory=dict)
    #: The step whose failure undoes the plan; empty for none.
    compensate: str = ""


def decide(
    steps: Sequence[StepState],
    *,
    results: Callable[[], Results] = dict,
    gives: GivesOf = lambda role, task: None,
    inputs: Mapping[str, Any] | None = None,
    paused: bool = False,
    compensating: bool = False,
) -> Moves:
    """`results` are those of done steps as they count now; asked for only when a condition or a list needs them.

    `gives` says what a role's task gives, so that a condition compares decimals as numbers; `inputs` are the plan's.
    """
    board = _Board(steps, results, gives, inputs or {})
    while board.sweep():
        pass
    return board.moves(standing(board.stand(), paused=paused, compensating=compensating))


def standing(steps: Iterable[tuple[str, bool]], *, paused: bool = False, compensating: bool = False) -> str:
    """What the plan is doing, from the status of each step and whether it takes another one back."""
    statuses = [status for status, undoes in steps if undoes or not compensating]
    if all(each in SETTLED for each in statuses):
        return Standing.CANCELLED if compensating else Standing.DONE
    if At.CANCELLED in statuses:
        return Standing.CANCELLED
    if paused:
        return Standing.PAUSED
    if At.READY in statuses or At.RUNNING in statuses:
        return Standing.COMPENSATING if compensating else Standing.RUNNING
    if At.PARKED in statuses:
        return Standing.PARKED
    return Standing.COMPENSATING if compensating else Standing.WAITING


def failing(spec: Mapping[str, Any], *, rounds: int = 0, fanned: bool = False, undoes: bool = False) -> Failing:
    """When its attempts are used up, or none would help, or nobody answered in time.

    A branch fails by itself: the step that gathers decides what that means. What undoes is never given up in silence.
    """
    if undoes:
        return Failing.PARK
    match spec.get("on_failure", "ask"):
        case "retry":
            return Failing.RETRY if rounds < MOST_ROUNDS else Failing.PARK
        case "skip":
            return Failing.SKIP
        case "branch":
            return Failing.FAIL
        case "compensate":
            return Failing.FAIL if fanned else Failing.COMPENSATE
        case _:
            return Failing.PARK


def parent_of(key: str) -> str:
    """Of a branch: the step that fans out; empty for any other step."""
    return key.rpartition(BRANCH)[0]


def seen_from(key: str, after: Mapping[str, Sequence[str]], results: Results) -> Results:
    """The results as this step sees them: in a branch, an earlier step of the same branch stands for its whole."""
    own: dict[str, str] = {}
    todo = list(after.get(key, ()))
    while todo:
        lead = todo.pop()
        if BRANCH in lead:
            own[parent_of(lead)] = lead
            todo += after.get(lead, ())
    if not own:
        return results
    whole = {name: each for name, each in results.items() if name not in own}
    return whole | {name: results[lead] for name, lead in own.items() if lead in results}


class Unfit(DomainError):
    """The terms of this step cannot be followed."""

    code = "unfit"


class _Board:
    """The steps while they are being moved."""

    def __init__(
        self, steps: Sequence[StepState], results: Callable[[], Results], gives: GivesOf, inputs: Mapping[str, Any]
    ) -> None:
        self._gives, self._inputs = gives, inputs
        self.steps = {each.key: each for each in steps}
        self.at = {each.key: str(each.status) for each in steps}
        self.branches: dict[str, list[str]] = {}
        self.open_again = _looked_at(steps)
        for each in steps:
            if each.fanned:
                self.branches.setdefault(each.fanned, []).append(each.key)
        self._read = results
        self._results: dict[str, Mapping[str, Any]] | None = None
        self.ready: list[str] = []
        self.said: dict[str, dict[str, str]] = {At.SKIPPED: {}, At.PARKED: {}, At.FAILED: {}}
        self.gathered: dict[str, Mapping[str, Any]] = {}
        self.fanned_out: dict[str, tuple[StepState, ...]] = {}
        self.notes: dict[str, str] = {}
        self.compensate = ""

    @property
    def results(self) -> dict[str, Mapping[str, Any]]:
        if self._results is None:
            self._results = dict(self._read())
        return self._results

    def stand(self) -> list[tuple[str, bool]]:
        return [(self.at[key], bool(each.undoes)) for key, each in self.steps.items()]

    def moves(self, status: str) -> Moves:
        return Moves(
            status=status,
            ready=tuple(self.ready),
            skipped=self.said[At.SKIPPED],
            parked=self.said[At.PARKED],
            failed=self.said[At.FAILED],
            gathered=self.gathered,
            fanned_out=self.fanned_out,
            notes={key: note for key, note in self.notes.items() if self._is_news(key, note)},
            compensate=self.compensate,
        )

    def _is_news(self, key: str, note: str) -> bool:
        return self.at[key] == At.WAITING and (note != self.steps[key].note or key in self.fanned_out)

    def sweep(self) -> bool:
        """Moves what can move; a step that moved may let others move, so it is called until nothing does."""
        return sum(self._move(each) for each in list(self.steps.values())) > 0

    def _move(self, step: StepState) -> bool:
        at = self.at[step.key]
        if at in ENDED:
            return False
        if step.fanned and self.at[step.fanned] in SETTLED:
            return self._say(step, At.SKIPPED, f"“{step.fanned}” went on without it")
        if at == At.WAITING and step.key in self.branches:
            along = step.spec.get("along", "")
            if along and (lead := self.at[along]) in (At.SKIPPED, At.FAILED):
                return self._say(step, At.SKIPPED, f"“{along}”, which it goes along, was {lead}")
            return self._gather(step)
        return at == At.PENDING and self._begin(step)

    def _say(self, step: StepState, at: At, reason: str) -> bool:
        self.at[step.key] = at
        self.said[at][step.key] = reason
        return True

    def _begin(self, step: StepState) -> bool:
        try:
            wanted = self._wanted(step)
            if wanted is None:
                return False
            if wanted or not self._holds(step):
                return self._say(step, At.SKIPPED, wanted or "its condition does not hold")
            if step.fanned or not (step.spec.get("each") or step.spec.get("along")):
                self.at[step.key] = At.READY
                self.ready.append(step.key)
            else:
                self._fan_out(step)
        except DomainError as error:
            return self._say(step, At.PARKED, error.message)
        return True

    def _holds(self, step: StepState) -> bool:
        """A step that fans out answers for its branches; one that goes along leaves the question to each of them."""
        condition, along = step.spec.get("when", ""), step.spec.get("along", "")
        if not condition or bool(step.fanned) != bool(along):
            return True
        told = {
            key: self._gives(each.spec.get("role", ""), each.spec.get("task", "")) for key, each in self.steps.items()
        }
        return holds(condition, self._seen_from(step), told)

    def _seen_from(self, step: StepState) -> Results:
        return seen_from(step.key, {key: each.after for key, each in self.steps.items()}, self.results)

    def _wanted(self, step: StepState) -> str | None:
        """None: it cannot be told yet. Empty: the step is wanted. Else why it is not."""
        if lost := [each for each in step.after if each not in self.steps]:
            raise Unfit(f"It comes after “{lost[0]}”, which is not a step of this plan.")
        along = step.spec.get("along", "")
        if along and not step.fanned:
            return self._wanted_along(along, step)
        if along and (lead := self.at.get(f"{along}{BRANCH}{step.branch}")) in (At.SKIPPED, At.FAILED):
            return f"its branch of “{along}” was {lead}"
        before = {each: self._stands(each, step) for each in step.after}
        takes_over = {each for each in before if self._hands_over(each, to=step.key)}
        if takes_over and not any(before[each] == At.FAILED for each in takes_over):
            settled = all(before[each] in SETTLED for each in takes_over)
            return f"“{min(takes_over)}” did not fail" if settled else None
        join = step.spec.get("join", "all")
        if join == "all":
            return _all_settled(before, takes_over)
        return _enough_done(before, takes_over, 1 if join == "any" else _number(join, "join"))

    def _wanted_along(self, along: str, step: StepState) -> str | None:
        """Its branches are made with those of the step that it goes along, or not at all."""
        if along not in self.steps:
            raise Unfit(f"It goes along “{along}”, which is not a step of this plan.")
        at = self._stands(along, step)
        if at in (At.SKIPPED, At.FAILED):
            return f"“{along}”, which it goes along, was {at}"
        return "" if at == At.DONE else None

    def _stands(self, key: str, step: StepState) -> str:
        """Where a step is, as this one sees it: what is being looked at again has not ended yet."""
        return At.RUNNING if key in self.open_again and step.again != key else self.at[key]

    def _hands_over(self, key: str, *, to: str) -> bool:
        spec = self.steps[key].spec
        return spec.get("on_failure") == "branch" and spec.get("branch") == to

    def _fan_out(self, step: StepState) -> None:
        """This step, and those that go along, get a branch for each element."""
        items = self._elements(step) if step.spec.get("each") else []
        for each in self._company(step):
            along = each.spec.get("along", "")
            after = [key for key in each.after if key != along]
            made = tuple(
                StepState(
                    key=f"{each.key}{BRANCH}{number}",
                    status=At.PENDING,
                    after=(f"{along}{BRANCH}{number}", *after) if along else tuple(after),
                    spec=_of_branch(each.spec, f"{each.key}{BRANCH}{number}", number),
                    fanned=each.key,
                    branch=number,
                    item=item,
                )
                for number, item in enumerate(items, start=1)
            )
            self.fanned_out[each.key] = made
            self.steps |= {branch.key: branch for branch in made}
            self.at |= {branch.key: str(branch.status) for branch in made}
            if made:
                self.at[each.key] = At.WAITING
                self.branches[each.key] = [branch.key for branch in made]
                for branch in made if not along else ():
                    self.at[branch.key] = At.READY
                    self.ready.append(branch.key)
            else:
                self._finish(each, [])

    def _elements(self, step: StepState) -> list[Any]:
        source = str(step.spec["each"])
        found: Any = {**self._seen_from(step), "plan": self._inputs}
        for name in source.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, list):
            raise Unfit(f"“{source}” is no list, so there is nothing to fan out over.")
        most = _number(step.spec.get("at_most", MOST_BRANCHES), "at_most")
        if len(found) > most:
            raise Unfit(f"“{source}” has {len(found)} elements; this step takes at most {most}.")
        return found

    def _company(self, step: StepState) -> list[StepState]:
        found = [step]
        for lead in found:
            found += [
                each
                for each in self.steps.values()
                if each.spec.get("along") == lead.key and not each.fanned and self.at[each.key] == At.PENDING
            ]
        return found

    def _gather(self, step: StepState) -> bool:
        statuses = [self.at[each] for each in self.branches[step.key]]
        done, failed = statuses.count(At.DONE), statuses.count(At.FAILED)
        left = sum(each not in ENDED for each in statuses)
        try:
            enough, lost = _gathered(step.spec.get("gather", "all"), done=done, failed=failed, left=left)
        except Unfit as error:
            return self._say(step, At.PARKED, error.message)
        if enough and not left and self.at.get(step.spec.get("along", ""), At.DONE) not in ENDED:
            return False  # The step that it goes along is decided first, in whatever order they stand.
        if enough:
            self._finish(step, self.branches[step.key])
        elif lost:
            self._fail(step, f"{done} of {len(statuses)} branches are done, {failed} failed")
        else:
            self.notes[step.key] = f"{done} of {len(statuses)} branches"
            return False
        return True

    def _finish(self, step: StepState, branches: Sequence[str]) -> None:
        told = [self._told(self.steps[each]) for each in branches]
        counts = {name: sum(each["status"] == name for each in told) for name in (At.DONE, At.FAILED)}
        result = {"branches": told, "done": counts[At.DONE], "failed": counts[At.FAILED]}
        self.at[step.key] = At.DONE
        self.gathered[step.key] = result
        self.results[step.key] = result

    def _told(self, branch: StepState) -> dict[str, Any]:
        at = self.at[branch.key]
        status = str(at) if at in SETTLED else str(At.SKIPPED)
        return {"key": branch.key, "item": branch.item, "status": status, "result": self.results.get(branch.key)}

    def _fail(self, step: StepState, reason: str) -> None:
        match failing(step.spec, rounds=MOST_ROUNDS):
            case Failing.SKIP:
                self._say(step, At.SKIPPED, reason)
            case Failing.FAIL:
                self._say(step, At.FAILED, reason)
            case Failing.COMPENSATE:
                self._say(step, At.FAILED, reason)
                self.compensate = self.compensate or step.key
            case _:
                self._say(step, At.PARKED, reason)


def _looked_at(steps: Sequence[StepState]) -> set[str]:
    """Steps at whose matter another one is looking again, and all that comes after these: it may yet be another one."""
    found = {each.again for each in steps if each.again and each.status not in ENDED}
    grown = bool(found)
    while grown:
        more = {each.key for each in steps if not each.again and found.intersection(each.after)} - found
        found |= more
        grown = bool(more)
    return found


def _all_settled(before: Mapping[str, str], takes_over: set[str]) -> str | None:
    if not all(each in SETTLED for each in before.values()):
        return None
    failed = [key for key, each in before.items() if each == At.FAILED and key not in takes_over]
    return f"“{failed[0]}” failed" if failed else ""


def _enough_done(before: Mapping[str, str], takes_over: set[str], needed: int) -> str | None:
    done = sum(each == At.DONE or (each == At.FAILED and key in takes_over) for key, each in before.items())
    if done >= needed or not before:
        return ""
    left = sum(each not in ENDED for each in before.values())
    return None if done + left >= needed else f"{done} of the {needed} steps that it needs are done"


def _gathered(gather: Any, *, done: int, failed: int, left: int) -> tuple[bool, bool]:
    """Whether enough branches are done, and whether that can no longer be. `all`: all but those that were skipped."""
    if gather == "all":
        return not left and not failed, bool(failed)
    needed = 1 if gather == "any" else _number(gather, "gather")
    return done >= needed, done + left < needed


def _number(value: Any, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Unfit(f"“{name}” is “{value}”, which this version does not know.")
    return value


def _of_branch(spec: Mapping[str, Any], key: str, number: int) -> dict[str, Any]:
    """The same terms, but that nothing fans out of a branch and that its condition was answered for all of them."""
    own = {"key": key, "label": f"{spec.get('label') or spec.get('key', '')} {number}", "each": "", "gather": "all"}
    return dict(spec) | own | ({} if spec.get("along") else {"when": ""})
