"""Deciding: bound to a fingerprint, by a person the policy names or by the policy itself, one that stands.

The proposal's row is held while anybody decides, its status moves by conditional update, and the database keeps one
final decision per judgement: of two rival decisions the first stands and the second is told so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from approvals import chains, entries, proposals, segregation
from approvals.errors import NotDue, NotYours
from approvals.models import ApprovalStep, Decision, Proposal
from ledger import clock, crashpoints, doorbell, granting, rights
from ledger.actors import Actor
from ledger.command import Command
from ledger.errors import InvalidInput, Stale
from ledger.models import Person

#: An approval not carried out by then is void.
EXPIRES = timedelta(days=14)
#: In solo mode, what deserves two people waits this long.
SOLO_HOLD = timedelta(hours=72)
LONGEST_COMMENT = 5000
Status = Proposal.Status
Kind = Decision.Kind


def approve(proposal: Proposal, *, actor: Actor, fingerprint: str, comment: str = "") -> Decision:
    """Approves the open level; the last level's approval issues the authority to carry out."""
    with transaction.atomic():
        held, step, person = _open(proposal, actor, fingerprint)
        if held.verdict == Proposal.Verdict.BLOCK:
            raise InvalidInput(
                _("The policy blocks this: %(why)s. Reject it, or ask for changes.") % {"why": held.checkpoint}
            )
        decision = _decide(held, Kind.APPROVE, actor=actor, person=person, step=step, comment=comment)
        moved: list[ApprovalStep] = []
        if chains.is_met(step):
            step.status, step.done_at = ApprovalStep.Status.DONE, decision.at
            step.save(update_fields=["status", "done_at"])
            moved.append(step)
            if (following := chains.open_next(held)) is None:
                _grant(held, decision)
            else:
                moved.append(following)
        _record(held, decision, "proposal.approved", level=step.level, steps=moved)
        doorbell.ring("proposal approved")
        crashpoints.reach("deciding")
    crashpoints.reach("decided")
    proposal.refresh_from_db()
    return decision


def reject(proposal: Proposal, *, actor: Actor, fingerprint: str | None = None, reason: str) -> Decision:
    """Ends the proposal, with the reason for its author."""
    return _end(proposal, Kind.REJECT, Status.REJECTED, "proposal.rejected", actor, fingerprint, reason)


def ask_changes(proposal: Proposal, *, actor: Actor, fingerprint: str | None = None, reason: str) -> Decision:
    """Gives it back to its author, who may revise it."""
    return _end(proposal, Kind.RETURN, Status.RETURNED, "proposal.returned", actor, fingerprint, reason)


def edit_and_approve(
    proposal: Proposal, *, actor: Actor, fingerprint: str, commands: Sequence[Command], comment: str
) -> Decision:
    """An override: the decider's own version takes the place of what was proposed, and is judged afresh.

    Both fingerprints are kept. Where the policy lets the new version pass, it is approved; where it asks, somebody
    else must approve, because nobody decides on their own edit.
    """
    _require_text(comment)
    for right in sorted({each.right for each in commands}):
        rights.require(actor, right)
    for each in commands:
        each.check()
    with transaction.atomic():
        held, step, person = _open(proposal, actor, fingerprint)
        decision = _decide(held, Kind.EDIT, actor=actor, person=person, step=step, comment=comment, final=True)
        entry = proposals.replace(held, commands=commands, actor=actor, claims=(), rationale="", edit=decision)
        if held.fingerprint == decision.fingerprint:
            raise InvalidInput(_("Nothing was changed. Approve it as it is."))
        decision.new_fingerprint, decision.entry_seq = held.fingerprint, entry.seq
        decision.save(update_fields=["new_fingerprint", "entry_seq"])
        doorbell.ring("proposal edited")
        crashpoints.reach("deciding")
    crashpoints.reach("decided")
    proposal.refresh_from_db()
    return decision


def pass_by_policy(proposal: Proposal) -> Decision:
    """The policy version that judged PASS decides, by the same code that people's decisions take."""
    with transaction.atomic():
        held = proposals.hold(proposal)
        judgement = held.judgement
        if held.status != Status.PASSED or judgement is None or judgement.verdict != Proposal.Verdict.PASS:
            raise NotDue()
        actor = Actor.policy(judgement.policy.number)
        decision = _decide(held, Kind.PASS, actor=actor, person=None, step=None, comment="")
        _grant(held, decision)
        _record(held, decision, "proposal.passed", level="")
        crashpoints.reach("deciding")
    crashpoints.reach("decided")
    proposal.refresh_from_db()
    return decision


def _open(proposal: Proposal, actor: Actor, fingerprint: str | None) -> tuple[Proposal, ApprovalStep, Person]:
    person = Person.objects.filter(pk=actor.person_id).first() if actor.person_id is not None else None
    if person is None:
        raise NotYours(_("Only people decide; agents, suppliers and services never do."))
    held = proposals.hold(proposal)
    step = chains.require_turn(person, held)
    if fingerprint is not None and fingerprint != held.fingerprint:
        raise Stale(_("This was changed after you looked at it. Look at the new version, and decide on that."))
    return held, step, person


def _decide(
    held: Proposal,
    kind: str,
    *,
    actor: Actor,
    person: Person | None,
    step: ApprovalStep | None,
    comment: str,
    final: bool = False,
) -> Decision:
    """The row of the decision; the caller settles what follows from it and then records it."""
    if len(comment) > LONGEST_COMMENT:
        raise InvalidInput(_("A comment has at most %(most)d characters.") % {"most": LONGEST_COMMENT})
    if held.judgement is None:
        raise Stale()
    return Decision.objects.create(
        proposal=held,
        judgement=held.judgement,
        step=step,
        revision=held.revision,
        fingerprint=held.fingerprint,
        kind=kind,
        final=final,
        actor_kind=str(actor.kind),
        actor_id=actor.id,
        actor_name=actor.name,
        person=person,
        comment=comment,
        for_review=person is not None and segregation.alone() and bool(segregation.conflict(person, held)),
        at=clock.now(),
        entry_seq=0,
    )


def _grant(held: Proposal, decision: Decision) -> None:
    """Status first, by conditional update: whoever comes second finds it moved."""
    if decision.for_review and _two_people(held):
        held.hold_until = decision.at + SOLO_HOLD
    _move(held, to=Status.APPROVED, hold_until=held.hold_until)
    granted = granting.issue(
        fingerprint=held.fingerprint, reference=f"{held.reference}/{decision.pk}", expires_in=EXPIRES
    )
    decision.authority, decision.final = granted, True


def _two_people(held: Proposal) -> bool:
    known = held.judgement.facts.get("two_people", {}) if held.judgement else {}
    return bool(known.get("value"))


def _end(
    proposal: Proposal, kind: str, status: str, entry: str, actor: Actor, fingerprint: str | None, reason: str
) -> Decision:
    _require_text(reason)
    with transaction.atomic():
        held, step, person = _open(proposal, actor, fingerprint)
        decision = _decide(held, kind, actor=actor, person=person, step=step, comment=reason, final=True)
        proposals.void(held)
        _move(held, to=status, problem=reason)
        _record(held, decision, entry, level=step.level)
        doorbell.ring(f"proposal {status}")
        crashpoints.reach("deciding")
    crashpoints.reach("decided")
    proposal.refresh_from_db()
    return decision


def _move(held: Proposal, *, to: str, **fields: object) -> None:
    same = Proposal.objects.filter(pk=held.pk, status=held.status, revision=held.revision, fingerprint=held.fingerprint)
    if not same.update(status=to, due_at=None, **fields):
        raise Stale()
    held.status, held.due_at = to, None


def _record(held: Proposal, decision: Decision, kind: str, *, level: str, steps: Sequence[ApprovalStep] = ()) -> None:
    """The journal entry goes last, because it takes the ledger's head; the decision then knows its number."""
    entry = entries.decided(held, decision, kind=kind, level=level, steps=steps)
    decision.entry_seq = entry.seq
    decision.save(update_fields=["authority", "final", "entry_seq"])


def _require_text(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput(_("Say why: the author needs to know."))
