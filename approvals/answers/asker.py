"""Who asks, how sure, on what evidence, and what may be undone."""

from __future__ import annotations

from decimal import Decimal

from approvals import compensation as way_back
from approvals import limits, segregation
from approvals.matter import Matter
from approvals.models import Proposal
from approvals.vocabulary import Answer, Known, NotApplicable, Uncomputable, number
from ledger.actors import Actor
from ledger.models import Person


def command_kind(matter: Matter) -> Answer:
    kinds = matter.kinds
    return Known(kinds[0] if len(kinds) == 1 else "bundle", f"{len(matter.commands)} command(s)")


def command_kinds(matter: Matter) -> Answer:
    return Known(matter.kinds, "the kinds of its commands")


def actor_kind(matter: Matter) -> Answer:
    return Known(str(matter.author.kind), "who proposes")


def actor_name(matter: Matter) -> Answer:
    if matter.author.person_id is None:
        return Known(matter.author.id, "the agent's role")
    person = Person.objects.filter(pk=matter.author.person_id).values_list("username", flat=True).first()
    return Known(person, "the person's sign-in name") if person else Uncomputable("this person is not known")


def confidence(matter: Matter) -> Answer:
    if matter.confidence is not None:
        return number(matter.confidence, "as the proposer states it")
    if matter.by_agent:
        return Uncomputable("the agent did not say how sure it is")
    return NotApplicable("people do not state a confidence")


def evidence_coverage(matter: Matter) -> Answer:
    if not matter.claims:
        return number(0, "no evidence given") if matter.by_agent else NotApplicable("a person proposes without claims")
    share = Decimal(matter.claims_verified) / matter.claims
    return number(share, f"{matter.claims_verified} of {matter.claims} claims verified by code")


def urgency(matter: Matter) -> Answer:
    return Known(matter.urgency, "as proposed")


def reversible(matter: Matter) -> Answer:
    stuck = [each.label or each.kind() for each in matter.commands if not each.exit().reversible]
    return Known(not stuck, f"cannot be undone: {', '.join(stuck)}" if stuck else "each command declares its undo")


def outward(matter: Matter) -> Answer:
    leaving = [each.label or each.kind() for each in matter.commands if each.outward]
    return Known(bool(leaving), f"leaves the house: {', '.join(leaving)}" if leaving else "stays inside")


def new_money_out(matter: Matter) -> Answer:
    return Known(
        matter.spends, "binds money to a supplier" if matter.spends else "no command binds money to a supplier"
    )


def two_people(matter: Matter) -> Answer:
    kinds = [each.label or each.kind() for each in matter.commands if each.two_people]
    return Known(bool(kinds), f"always two people: {', '.join(kinds)}" if kinds else "no such command")


def bounds_exceeded(matter: Matter) -> Answer:
    if not matter.by_agent:
        return Known(False, "bounds are for agents")
    broken = limits.violations(matter)
    return Known(bool(broken), "; ".join(broken) or "within the bounds of its role")


def agent_spend_today(matter: Matter) -> Answer:
    if not matter.by_agent:
        return NotApplicable("a person proposes")
    return number(limits.spend_today(matter), "new money of this role in 24 hours, this proposal included")


def compensation(matter: Matter) -> Answer:
    """True only when these are, to the byte, the declared undo of what was carried out, all within their deadlines."""
    original = matter.undo_of
    if original is None:
        return Known(False, "not an undo")
    if original.status != Proposal.Status.CARRIED_OUT:
        return Known(False, f"{original.reference} is {original.get_status_display().lower()}")
    if late := [row.kind for row in way_back.rows(original) if row.undo_until and row.undo_until <= matter.at]:
        return Known(False, f"the time to undo is over: {', '.join(late)}")
    same = way_back.matches(original, matter.commands)
    return Known(same, f"the declared undo of {original.reference}" if same else "not its declared undo")


def asker_may_decide(matter: Matter) -> Answer:
    if matter.undo_of is None:
        return NotApplicable("not an undo")
    allowed, why = segregation.may_ask_back(Actor(matter.author.kind, matter.author.id), matter.undo_of)
    return Known(allowed, why or "may decide on the original")
