"""Shortlists, and proposes to invite."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from agents import figures, standing
from agents.context import Context
from agents.figures import plain
from agents.outcomes import End, Finish, Outcome, Park
from agents.roles.sourcing import candidates
from agents.roles.sourcing.candidates import Candidate
from approvals.evidence import Claim
from approvals.models import Proposal
from procure import queries
from procure.commands import InviteSuppliers
from procure.commands.fields import plain as written
from procure.models import Requisition

HOURS = {"hot": 24, "normal": 72, "cold": 168}
CLAIMED = ("deliveries_of_item", "late_probability", "lead_days_median")


def shortlist(context: Context) -> Outcome:
    requisition = queries.requisition(context.subject.key)
    proposal = context.proposed("invite")
    if proposal is not None and context.shocks and proposal.status in Proposal.REVISABLE:
        proposal = _unless_overtaken(context, requisition, proposal)
    if proposal is None:
        if requisition.status == Requisition.Status.WITHDRAWN:
            return End(_("%s was withdrawn.") % requisition.reference)
        field = candidates.choose(context, requisition)
        if not field.chosen:
            return Park(_nobody(field.left_out))
        proposal = invite(context, requisition, field.chosen, purpose="invite")
    if (outcome := standing.unless_carried_out(proposal)) is not None:
        return outcome
    field = candidates.choose(context, requisition)
    result = {
        "proposal": proposal.reference,
        "event": event_of(proposal),
        "vendors": [_told(each) for each in field.chosen],
        "left_out": field.left_out,
    }
    return Finish(result, claims_about(field.chosen))


def _unless_overtaken(context: Context, requisition: Requisition, proposal: Proposal) -> Proposal | None:
    """None when somebody whom it invites, and to whom something happened, would not be invited now: then it is taken
    back."""
    now = {each.vendor.key for each in candidates.choose(context, requisition).chosen}
    hit = {each.key for shock in context.shocks for each in shock.objects if each.kind == "vendor"}
    invited = {key for each in proposal.commands for key in each["fields"].get("vendors", ())}
    lost = sorted((invited & hit) - now)
    if not lost:
        return proposal
    context.withdraw(proposal, _("%s would not be invited any more.") % ", ".join(lost))
    return None


def _nobody(left_out: dict[str, str]) -> str:
    if not left_out:
        return _("No vendor has ever delivered this. Add and qualify one, then let the step try again.")
    reasons = "; ".join(f"{key}: {reason}" for key, reason in sorted(left_out.items())[:5])
    return _("No approved vendor with a verified contact sells this. %s") % reasons


def invite(
    context: Context,
    requisition: Requisition,
    chosen: tuple[Candidate, ...],
    *,
    purpose: str,
    more: tuple[str, ...] = (),
) -> Proposal:
    """`more` are keys of vendors that are not approved yet; the policy asks about them."""
    keys = (*(each.vendor.key for each in chosen), *more)
    return context.propose(
        purpose=purpose,
        commands=[
            InviteSuppliers(
                requisition=requisition.reference,
                title=_title(requisition),
                vendors=keys,
                deadline_hours=int(context.given.get("deadline_hours") or HOURS[requisition.urgency]),
                currency=context.entity.base_currency,
            )
        ],
        claims=claims_about(chosen),
        rationale="\n".join(_reason(each) for each in chosen),
        confidence=confidence(chosen),
        urgency=requisition.urgency,
    )


def _title(requisition: Requisition) -> str:
    lines = list(requisition.lines.select_related("item").order_by("number"))
    first = lines[0]
    name = first.item.name if first.item else first.description
    quantity = written(first.quantity) if first.quantity else ""
    more = _(" and %d more") % (len(lines) - 1) if len(lines) > 1 else ""
    return f"{quantity} {first.unit or 'pack'} {name}"[: 180 - len(more)] + more


def _reason(candidate: Candidate) -> str:
    return f"{candidate.vendor.name} ({plain(candidate.score)}): {' '.join(candidate.reasons)}"


def confidence(chosen: tuple[Candidate, ...]) -> Decimal:
    """0.95, less a tenth for each rival short of three, less a tenth when the best one has gaps in its figures."""
    missing = max(0, 3 - len(chosen))
    gaps = 1 if not chosen or chosen[0].unknown else 0
    return max(Decimal("0.95") - Decimal("0.1") * (missing + gaps), Decimal(0))


def claims_about(chosen: tuple[Candidate, ...]) -> list[Claim]:
    found = []
    for each in chosen:
        found.append(figures.of_vendor(each.vendor))
        found += figures.of_performance(each.performance, each.vendor.name, *CLAIMED)
    return found


def event_of(proposal: Proposal) -> str:
    return str(standing.left_behind(proposal, "InviteSuppliers")[0]["event"])


def _told(candidate: Candidate) -> dict[str, Any]:
    return {
        "vendor": candidate.vendor.key,
        "name": candidate.vendor.name,
        "score": plain(candidate.score),
        "lines": list(candidate.lines),
        "reasons": list(candidate.reasons),
        "unknown": list(candidate.unknown),
    }
