"""The role `undo`: takes back what a step has proposed, newest first, each by a proposal that is judged and decided.

What still waits for a decision is withdrawn; what was carried out is proposed to be undone, in the name of the person
who wants the plan undone, or in the role's own.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from agents.compensating import PROPOSALS, ROLE
from agents.context import Context
from agents.outcomes import AskPerson, Await, Finish, Outcome
from agents.roles import Specification
from approvals import proposals as making
from approvals import undo
from approvals.models import Proposal
from ledger import switches
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.models import Person

Status = Proposal.Status
#: A person has decided that it stays.
REFUSED = (Status.REJECTED, Status.WITHDRAWN)


def proposals(context: Context) -> Outcome:
    """One after the other, so that they are undone in reverse order; what people refuse to undo stays and is told."""
    asked: dict[str, str] = dict(context.memory.get("asked", {}))
    undone: list[str] = []
    not_undone: list[str] = []
    for original in _made_by(context):
        original = context.outcome(original)
        if original.status in Proposal.REVISABLE:
            making.withdraw(original, actor=_in_the_name_of(context) or original.author, reason=_reason(context))
        elif original.status in (Status.PASSED, Status.APPROVED):
            return _await(original, asked, context)
        elif original.status == Status.UNDONE:
            undone.append(original.reference)
        elif original.status == Status.CARRIED_OUT:
            undoing = _undoing(context, original, asked)
            if undoing.status in REFUSED:
                not_undone.append(original.reference)
            else:
                return _await(undoing, asked, context)
    return Finish({"undone": undone, "not_undone": not_undone})


def _made_by(context: Context) -> list[Proposal]:
    step = context.undoes
    if step is None:
        return []
    made = Proposal.objects.filter(of_plan=context.plan.reference, plan__step=step.key).order_by("-pk")
    # Asked for in the statement, SQLite might take the index of the company, or that of all that undo nothing.
    return [each for each in made if each.undo_of_id is None]


def _undoing(context: Context, original: Proposal, asked: dict[str, str]) -> Proposal:
    """The proposal that takes it back, as it stands now."""
    known = Proposal.objects.filter(reference=asked.get(original.reference, "")).first()
    if known is None:
        switches.check(f"role:{ROLE}", f"plan:{context.plan.reference}")
        known = undo.propose(
            original,
            actor=_in_the_name_of(context) or context.actor,
            reason=_reason(context),
            plan={"plan": context.plan.reference, "step": context.spec.key, "attempt": context.lease.attempt},
        )
        asked[original.reference] = known.reference
    return context.outcome(known)


def _in_the_name_of(context: Context) -> Actor | None:
    person = Person.objects.filter(pk=context.memory.get("by") or 0).first()
    return Actor.human(person) if person else None


def _reason(context: Context) -> str:
    return str(_("%(plan)s is undone. %(why)s") % {"plan": context.plan.reference, "why": context.plan.reason})[:2000]


def _await(proposal: Proposal, asked: dict[str, str], context: Context) -> Outcome:
    on, memory = [ObjectRef("proposal", proposal.reference)], {**context.memory, "asked": asked}
    said = {"reference": proposal.reference, "what": proposal.sentence}
    if proposal.status in (Status.PASSED, Status.APPROVED, Status.CARRIED_OUT):
        return Await(on, _("%(reference)s is being carried out.") % said, memory=memory)
    return AskPerson(on, _("%(reference)s waits for a person: %(what)s.") % said, memory=memory)


SPECIFICATION = Specification(
    name=ROLE,
    purpose="Proposes to undo what a plan's steps proposed, when the plan is undone.",
    reads=("the plan's proposals",),
    may_propose=frozenset(),
    tasks={PROPOSALS: proposals},
    gives={PROPOSALS: {"undone": "list of proposal", "not_undone": "list of proposal"}},
)


def act(context: Context) -> Outcome:
    return SPECIFICATION.tasks[context.task](context)
