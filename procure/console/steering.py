"""What a person may do with a plan and its steps now, and what ending a plan takes back: said before the click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from agents.models import Plan, Step
from agents.roles import asking
from approvals import undo
from approvals.models import Proposal
from ledger.models import Switch
from procure.console.places import address

Status = Step.Status
BEGUN = frozenset({Status.RUNNING, Status.WAITING, Status.PARKED, Status.DONE, Status.FAILED})


@dataclass(frozen=True, slots=True)
class Undoing:
    """One thing that a plan did and whether undoing the plan takes it back."""

    step: str
    what: str
    possible: bool
    how: str
    until: datetime | None
    link: str


def of_plan(plan: Plan) -> frozenset[str]:
    if not plan.is_live:
        return frozenset()
    if plan.status == Plan.Status.COMPENSATING or plan.compensating_at:
        return frozenset({"stop"})
    return frozenset({"end", "stop", "resume" if plan.paused_at or plan.status == Plan.Status.PAUSED else "pause"})


def of_step(plan: Plan, step: Step | None, steps: Sequence[Step]) -> frozenset[str]:
    """`release`, `skip`, `override`. The verbs check for themselves once more."""
    if step is None or not plan.is_live:
        return frozenset()
    found = set()
    if step.status == Status.PARKED:
        found.add("release")
    if step.status in (Status.PARKED, Status.WAITING) or (step.status == Status.READY and step.error):
        found.add("skip")
    if not step.undoes_id and (
        step.status in (Status.PARKED, Status.WAITING)
        or (step.status == Status.DONE and not plan.compensating_at and not followed(step, steps))
    ):
        found.add("override")
    if step.again_of_id or any(each.fanned_id == step.pk for each in steps):
        # What a step that looks again found counts for the other one: that is the one to set.
        # What a step that fanned out has is what its branches have: they are steered one by one.
        found.discard("override")
    return frozenset(found)


def asks(step: Step) -> bool:
    """Whether it is a question of the plan itself, answered on a page of its own."""
    return step.role == asking.ROLE and step.status == Status.WAITING


def followed(step: Step, steps: Sequence[Step]) -> bool:
    """Whether a step that reads its result has begun."""
    gathered = any(each.pk == step.fanned_id and each.status in Step.SETTLED for each in steps)
    return gathered or any(step.key in each.after and each.status in BEGUN and not each.again_of_id for each in steps)


def stop_of(plan: Plan) -> Switch | None:
    return Switch.objects.filter(scope=f"plan:{plan.reference}", stopped=True).first()


def undoing(steps: Sequence[Step], proposals: Sequence[Proposal]) -> list[Undoing]:
    """In the order in which it would be taken back: what ended last comes first."""
    of_step_: dict[str, list[Proposal]] = {}
    for each in proposals:
        if each.status == Proposal.Status.CARRIED_OUT:
            of_step_.setdefault(str((each.plan or {}).get("step")), []).append(each)
    found: list[Undoing] = []
    for step in sorted(steps, key=lambda step: (str(step.ended_at or ""), step.pk), reverse=True):
        if step.status == Status.DONE and not step.undoes_id:
            found += _of_one(step, of_step_)
    return found


def _of_one(step: Step, proposals: Mapping[str, list[Proposal]]) -> list[Undoing]:
    way = str(step.spec.get("compensation", ""))
    found = [_of_proposal(step, each, declared=way == "proposals") for each in proposals.get(step.key, ())]
    if way and way != "proposals":
        how = _("the %(role)s agent does “%(task)s”") % {"role": step.role, "task": way.replace("_", " ")}
        found.append(Undoing(step.label, step.label, True, how, None, ""))
    return found


def _of_proposal(step: Step, proposal: Proposal, *, declared: bool) -> Undoing:
    link = address("proposal", proposal.reference)
    back = undo.way_back(proposal)
    if not declared:
        how = (
            _("the template does not take it back; it can be undone on its own page") if back.possible else back.why_not
        )
        return Undoing(step.label, proposal.sentence, False, how, back.until, link)
    how = "; ".join(back.how) if back.possible else back.why_not
    return Undoing(step.label, proposal.sentence, back.possible, how, back.until, link)
