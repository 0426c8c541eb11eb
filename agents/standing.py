"""Where a proposal stands, as an act sees it: go on, wait, or end the plan."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agents.outcomes import AskPerson, Await, End, Outcome
from approvals.models import Proposal
from ledger.command import ObjectRef

Status = Proposal.Status


def unless_carried_out(proposal: Proposal) -> Outcome | None:
    """None once it is carried out. Give it a proposal as `context.propose` or `context.outcome` returned it."""
    said = {"reference": proposal.reference, "what": proposal.sentence, "why": proposal.problem}
    on = [ObjectRef("proposal", proposal.reference)]
    match proposal.status:
        case Status.CARRIED_OUT:
            return None
        case Status.PASSED | Status.APPROVED:
            return Await(on, _("%(reference)s is being carried out.") % said)
        case Status.WAITING:
            return AskPerson(on, _("%(reference)s waits for approval: %(what)s.") % said)
        case Status.RETURNED:
            return AskPerson(on, _("%(reference)s was sent back: revise or withdraw it. %(why)s") % said)
        case Status.FAILED | Status.BLOCKED:
            return AskPerson(on, _("%(reference)s cannot be carried out: revise or withdraw it. %(why)s") % said)
        case Status.REJECTED:
            return End(_("%(reference)s was rejected. %(why)s") % said)
        case Status.WITHDRAWN:
            return End(_("%(reference)s was withdrawn. %(why)s") % said)
        case _:
            return End(_("%(reference)s was undone.") % said)


def left_behind(proposal: Proposal, kind: str) -> list[dict[str, object]]:
    """What the commands of this kind returned when they were carried out, in order."""
    return list(proposal.carried.filter(kind=kind).order_by("position").values_list("result", flat=True))
