"""Why did this happen: from a step's result back to what the plan began with, hop by hop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agents import queries
from agents.models import Plan, Step, StepOverride
from approvals.models import Proposal
from ledger.chain import read
from ledger.models import Entry
from procure.console import plan_page, timeline
from procure.console.plan_page import Datum, Handed
from procure.console.timeline import Line

MOST_ENTRIES = 600
#: Of a result, as many values as make the point; the step's own panel has all.
MOST_VALUES = 8
#: The kinds of entries that say how a step came to its result.
TOLD = ("step.", "plan.")


@dataclass(frozen=True, slots=True)
class Told:
    """An entry of the journal, and the entries that caused it."""

    line: Line
    causes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of the way back. `leads_to`: the steps on the trail that used what it found."""

    step: Step
    found: tuple[Datum, ...]
    more: int
    handed: tuple[Handed, ...]
    leads_to: tuple[Step, ...]
    proposals: tuple[Proposal, ...] = ()
    override: StepOverride | None = None
    entries: tuple[Told, ...] = ()
    evidence: int = 0


@dataclass(frozen=True, slots=True)
class Trail:
    hops: tuple[Hop, ...]
    #: What the plan began with: its inputs, and the entries that started it with their causes.
    inputs: tuple[Datum, ...] = ()
    began: tuple[Told, ...] = field(default=())


def trail(plan: Plan, step: Step, steps: Sequence[Step]) -> Trail:
    """The result first, then what it was built on, back to the start of the plan."""
    by_key = {each.key: each for each in steps}
    replaced = plan_page.overrides(plan)
    sources = {each.key: _sources(each, by_key) for each in steps}
    way = _back(step, by_key, sources)
    told = _entries(plan)
    proposed: dict[str, list[Proposal]] = {}
    for made in plan_page.proposals(plan).prefetch_related("decisions"):
        proposed.setdefault(str((made.plan or {}).get("step")), []).append(made)
    hops = []
    for each in way:
        values = plan_page.gist(plan_page.effective(each, replaced))
        hops.append(
            Hop(
                step=each,
                found=tuple(values[:MOST_VALUES]),
                more=max(0, len(values) - MOST_VALUES),
                handed=tuple(plan_page.handed(plan, each, steps, replaced)),
                leads_to=tuple(other for other in way if each.key in sources[other.key]),
                proposals=tuple(proposed.get(each.key, ())),
                override=replaced.get(each.key),
                entries=tuple(told.get(f"step:{plan.reference}/{each.key}", ())),
                evidence=len(each.evidence),
            )
        )
    began = [each for each in told.get(f"plan:{plan.reference}", ()) if each.line.kind == "plan.started"]
    return Trail(tuple(hops), tuple(plan_page.flat(plan.inputs)), tuple(began))


def _sources(step: Step, by_key: Mapping[str, Step]) -> set[str]:
    """The steps that this one was built on: those it came after and those whose fields it was given."""
    named = {str(source).partition(".")[0] for source in step.spec.get("given", {}).values()}
    undone = {step.undoes.key} if step.undoes else set()
    fanned = {step.fanned.key} if step.fanned else set()
    found = ({*step.after} | named | undone) & set(by_key)
    return found - {step.key} - fanned if found else fanned


def _back(step: Step, by_key: Mapping[str, Step], sources: Mapping[str, set[str]]) -> list[Step]:
    """What never ran is no cause; the latest step of the plan comes first."""
    reached, open_ = {step.key}, [step.key]
    while open_:
        for key in sources[open_.pop()] - reached:
            if by_key[key].status not in (Step.Status.PENDING, Step.Status.SKIPPED, Step.Status.CANCELLED):
                reached.add(key)
                open_.append(key)
    others = [by_key[key] for key in reached if key != step.key]
    others.sort(key=lambda each: (str(each.ended_at or each.started_at or ""), each.pk), reverse=True)
    return [step, *others]


def _entries(plan: Plan) -> dict[str, list[Told]]:
    """The plan's own entries by the object that each is about, the step where there is one."""
    rows = [each for each in queries.timeline(plan)[:MOST_ENTRIES] if each.kind.startswith(TOLD)]
    found: dict[str, list[Told]] = {}
    for entry, line in zip(rows, timeline.lines(rows), strict=True):
        about = next((f"step:{ref.key}" for ref in line.refs if ref.kind == "step"), f"plan:{plan.reference}")
        found.setdefault(about, []).append(Told(line, _causes(entry)))
    return found


def _causes(entry: Entry) -> tuple[int, ...]:
    return tuple(int(each) for each in read(entry).get("causes", ()))
