"""Who must approve: levels of a verdict as steps, and the people of each found from data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Max
from django.utils.translation import gettext as _

from approvals import segregation
from approvals.document import Approver, ApproverRule, Level
from approvals.errors import NotYours, NotYourTurn
from approvals.gate import Fired, Verdict
from approvals.models import ApprovalStep, Decision, Proposal
from ledger import clock, rights
from ledger.actors import Actor
from ledger.command import build
from ledger.errors import NotFound, Stale
from ledger.models import CostCentre, Person
from ledger.rights import Role, person_may

#: Who stands in when a level finds nobody, in this order.
STAND_INS = (Role.APPROVER, Role.ADMINISTRATOR)


def open_steps(proposal: Proposal, levels: Sequence[Level], fired: Sequence[Fired]) -> list[ApprovalStep]:
    """Makes the steps of these levels for the present judgement and opens the first."""
    last = proposal.steps.aggregate(last=Max("position"))["last"] or 0
    steps = [
        ApprovalStep.objects.create(
            proposal=proposal,
            revision=proposal.revision,
            position=last + place,
            level=level.key,
            label=level.label,
            approver=level.approver.model_dump(mode="json") | {"sla_hours": level.sla_hours},
            quorum=str(level.quorum),
            rules=[each.key for each in fired if str(each.effect) == "ask"],
        )
        for place, level in enumerate(levels, start=1)
    ]
    if steps:
        open_step(proposal, steps[0])
    return steps


def open_next(proposal: Proposal) -> ApprovalStep | None:
    """Opens the next level; None when all have approved."""
    following = proposal.steps.filter(status=ApprovalStep.Status.WAITING).order_by("position").first()
    if following is not None:
        open_step(proposal, following)
    return following


def open_step(proposal: Proposal, step: ApprovalStep) -> None:
    at = clock.now()
    step.status, step.opened_at = ApprovalStep.Status.OPEN, at
    step.due_at = at + timedelta(hours=int(step.approver["sla_hours"]))
    step.save(update_fields=["status", "opened_at", "due_at"])
    step.people.set(people_for(step, proposal))
    proposal.due_at = step.due_at
    proposal.save(update_fields=["due_at"])


def void_steps(proposal: Proposal) -> None:
    """What was still open is no longer needed."""
    live = (ApprovalStep.Status.OPEN, ApprovalStep.Status.WAITING)
    proposal.steps.filter(status__in=live).update(status=ApprovalStep.Status.VOID)


def current_step(proposal: Proposal) -> ApprovalStep | None:
    return proposal.steps.filter(status=ApprovalStep.Status.OPEN).order_by("position").first()


def people_for(step: ApprovalStep, proposal: Proposal) -> list[Person]:
    """Who may approve this level now: found by its rule, without those who have a part in the proposal.

    When that leaves too few, approvers stand in, then administrators: a level never waits for nobody if it can be
    helped.
    """
    found = _eligible(_by_rule(step, proposal), proposal)
    for role in STAND_INS:
        if len(found) >= _least(step):
            break
        known = {person.pk for person in found}
        found += [each for each in _eligible(_group(role, proposal), proposal) if each.pk not in known]
    return found


def is_met(step: ApprovalStep) -> bool:
    """Whether the approvals of this level reach its quorum."""
    given = step.decisions.filter(kind=Decision.Kind.APPROVE).count()
    if step.quorum == "all":
        return given >= max(1, step.people.count())
    return given >= _least(step)


def _least(step: ApprovalStep) -> int:
    return int(step.quorum) if step.quorum.isdecimal() else 1


def _eligible(people: Sequence[Person], proposal: Proposal) -> list[Person]:
    out = set() if segregation.alone() else segregation.conflicted(proposal) | segregation.approved_this_round(proposal)
    return [
        each
        for each in people
        if each.pk not in out and each.entity_id in (None, proposal.entity_id) and person_may(each, "proposal.decide")
    ]


def _by_rule(step: ApprovalStep, proposal: Proposal) -> list[Person]:
    approver = Approver(rule=step.approver["rule"], name=step.approver["name"])
    if approver.rule == ApproverRule.PERSON:
        return list(Person.objects.filter(username=approver.name))
    if approver.rule == ApproverRule.GROUP:
        return _group(approver.name, proposal)
    if approver.rule == ApproverRule.BUYER:
        return _group(Role.BUYER, proposal)
    if approver.rule == ApproverRule.REQUESTERS_MANAGER:
        requester = proposal.requested_by
        return [requester.manager] if requester and requester.manager else []
    return _owners(proposal)


def _group(name: str, proposal: Proposal) -> list[Person]:
    return list(Person.objects.filter(groups__name=name, entity=proposal.entity, is_active=True).order_by("pk"))


def _owners(proposal: Proposal) -> list[Person]:
    subjects = [build(each["kind"], each["fields"]).subjects() for each in proposal.commands]
    named = {each.cost_centre.casefold() for each in subjects if each.cost_centre}
    centres = CostCentre.objects.filter(entity=proposal.entity, owner__isnull=False)
    owners = {each.owner_id for each in centres if each.owner_id and each.code.casefold() in named}
    return list(Person.objects.filter(pk__in=owners).order_by("pk"))


def missing_levels(proposal: Proposal, verdict: Verdict, again: Sequence[Level]) -> list[Level]:
    """Levels of this verdict that nobody approved for this revision, and those that must look `again`."""
    done = {
        (step.level, step.quorum, step.approver["rule"], step.approver["name"])
        for step in proposal.steps.filter(revision=proposal.revision, status=ApprovalStep.Status.DONE)
    }
    return [
        level
        for level in verdict.levels
        if level in again or (level.key, str(level.quorum), str(level.approver.rule), level.approver.name) not in done
    ]


def require_turn(person: Person, proposal: Proposal) -> ApprovalStep:
    """The open level this person may decide on; raises with the reason otherwise."""
    if person.entity_id not in (None, proposal.entity_id):
        raise NotFound()
    rights.require(Actor.human(person), "proposal.decide")
    if not segregation.alone() and (why := segregation.conflict(person, proposal)):
        raise NotYours(why)
    step = current_step(proposal)
    if proposal.status != Proposal.Status.WAITING or step is None:
        raise Stale(_ended(proposal))
    if step.decisions.filter(person=person).exists():
        raise Stale(_("You have approved this already."))
    if person.pk not in {each.pk for each in people_for(step, proposal)}:
        names = ", ".join(str(each) for each in step.people.all()[:5])
        raise NotYourTurn(
            _("This waits for “%(level)s” (%(names)s), not for you.") % {"level": step.label, "names": names}
        )
    return step


def _ended(proposal: Proposal) -> str:
    last = proposal.decisions.filter(final=True).order_by("-pk").first()
    if last is not None and last.revision == proposal.revision:
        said = {"ref": proposal.reference, "what": last.get_kind_display().lower(), "who": last.actor_name}
        return _("%(ref)s was decided already: %(what)s, by %(who)s.") % said
    return _("%(ref)s is %(status)s: there is nothing to decide.") % {
        "ref": proposal.reference,
        "status": proposal.get_status_display().lower(),
    }
