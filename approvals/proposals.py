"""Proposing, revising, withdrawing. Nothing here decides or carries out: others pull what was judged."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from approvals import chains, compensation, entries, evidence, judging, limits
from approvals.evidence import Claim
from approvals.gate import Outcome
from approvals.judging import Judged
from approvals.models import Decision, Evidence, Proposal, ProposalRevision, Spend
from ledger import clock, crashpoints, doorbell, rights, switches
from ledger.actors import Actor, ActorKind
from ledger.command import Command, fingerprint
from ledger.errors import DomainError, InvalidInput, NotAllowed, NotFound, Stale
from ledger.models import Entry, GrantedAuthority, LegalEntity, Person
from ledger.numbering import take

MOST_COMMANDS = 50
LONGEST_RATIONALE = 20_000
Status = Proposal.Status
_STATUS_OF = {Outcome.PASS: Status.PASSED, Outcome.ASK: Status.WAITING, Outcome.BLOCK: Status.BLOCKED}


def propose(
    *,
    commands: Sequence[Command],
    actor: Actor,
    entity: LegalEntity,
    rationale: str,
    evidence: Sequence[Claim] = (),
    confidence: Decimal | None = None,
    requested_by: Person | None = None,
    urgency: str = "normal",
    plan: dict[str, Any] | None = None,
    key: str | None = None,
    undo_of: Proposal | None = None,
) -> Proposal:
    """Judges the bundle and leaves it passed, waiting for people, or blocked. The same key gives the same proposal."""
    if key is not None and (known := _known(key, actor)):
        return known
    _require_wellformed(commands, rationale, confidence, urgency)
    _require_right(actor, commands, entity, undo_of=undo_of)
    requested_by = requested_by or _person(actor)
    try:
        with transaction.atomic():
            proposal = Proposal(
                reference=take("PP"),
                entity=entity,
                author_kind=str(actor.kind),
                author_id=actor.id,
                author_name=actor.name,
                requested_by=requested_by,
                rationale=rationale,
                confidence=confidence,
                urgency=urgency,
                plan=plan,
                key=key,
                undo_of=undo_of,
                made_at=clock.now(),
            )
            _set_commands(proposal, commands)
            judged = _judge_new(proposal, commands, evidence)
            cause = entries.made(proposal, actor=actor)
            _settle(proposal, judged, cause=cause.seq)
            doorbell.ring("proposal made")
            crashpoints.reach("proposing")
    except IntegrityError:
        if key is None or (known := _known(key, actor)) is None:
            raise
        return known
    return proposal


def revise(
    proposal: Proposal,
    *,
    commands: Sequence[Command],
    actor: Actor,
    evidence: Sequence[Claim] = (),
    rationale: str = "",
) -> Proposal:
    """Puts a new bundle in its place: new fingerprint, judged again, all approvals of the old one void."""
    _require_wellformed(commands, rationale or proposal.rationale, proposal.confidence, proposal.urgency)
    _require_right(actor, commands, proposal.entity)
    with transaction.atomic():
        held = hold(proposal)
        if held.status not in Proposal.REVISABLE:
            raise Stale(_("%(ref)s is %(status)s and cannot be revised.") % _said(held))
        if actor.kind == ActorKind.AGENT and (held.author_kind, held.author_id) != (str(actor.kind), actor.id):
            raise NotAllowed(_("An agent revises only its own proposals."))
        replace(held, commands=commands, actor=actor, claims=evidence, rationale=rationale)
        doorbell.ring("proposal revised")
        crashpoints.reach("proposing")
    proposal.refresh_from_db()
    return proposal


def withdraw(proposal: Proposal, *, actor: Actor, reason: str) -> Proposal:
    """By who proposed or asked for it, or whoever could have proposed it, before it is carried out."""
    with transaction.atomic():
        held = hold(proposal)
        own = (held.author_kind, held.author_id) == (str(actor.kind), actor.id)
        if not own and actor.person_id != held.requested_by_id:
            _require_right(actor, judging.commands_of(held), held.entity)
        if held.status not in Proposal.REVISABLE:
            raise Stale(_("%(ref)s is %(status)s and cannot be withdrawn.") % _said(held))
        void(held)
        held.status, held.problem = Status.WITHDRAWN, reason
        held.save(update_fields=["status", "problem"])
        entries.withdrawn(held, actor=actor, reason=reason)
        doorbell.ring("proposal withdrawn")
        crashpoints.reach("withdrawing")
    proposal.refresh_from_db()
    return proposal


def hold(proposal: Proposal) -> Proposal:
    """The row as it is now, held until the transaction ends."""
    return Proposal.objects.select_for_update(of=("self",)).select_related("entity").get(pk=proposal.pk)


def replace(
    held: Proposal,
    *,
    commands: Sequence[Command],
    actor: Actor,
    claims: Sequence[Claim],
    rationale: str,
    edit: Decision | None = None,
) -> Entry:
    """A new revision of a held proposal, judged. `edit`: a decider's override; evidence not given anew stays."""
    before = held.fingerprint
    void(held)
    kept = [evidence.claim_of(row) for row in evidence.of(held)] if edit is not None and not claims else claims
    held.revision += 1
    held.rationale = rationale or held.rationale
    held.problem, held.hold_until = "", None
    _set_commands(held, commands)
    judged = _judge_new(held, commands, kept, by=actor)
    entry = entries.revised(held, actor=actor, before=before, edit=edit)
    _settle(held, judged, cause=entry.seq)
    return entry


def void(held: Proposal) -> None:
    """Whatever was approved or still open counts no more."""
    chains.void_steps(held)
    authorities = Decision.objects.filter(proposal=held, authority__isnull=False).values("authority")
    GrantedAuthority.objects.filter(pk__in=authorities, spent_at=None, expires_at__gt=clock.now()).update(
        expires_at=clock.now()
    )


def _known(key: str, actor: Actor) -> Proposal | None:
    found = Proposal.objects.filter(key=key).first()
    if found is not None and (found.author_kind, found.author_id) != (str(actor.kind), actor.id):
        raise Stale(_("This key was used by somebody else. Use another one."))
    return found


def _require_wellformed(commands: Sequence[Command], rationale: str, confidence: Decimal | None, urgency: str) -> None:
    if not commands:
        raise InvalidInput(_("A proposal needs at least one command."))
    if len(commands) > MOST_COMMANDS:
        raise InvalidInput(_("A proposal bundles at most %(most)d commands.") % {"most": MOST_COMMANDS})
    if len(rationale) > LONGEST_RATIONALE:
        raise InvalidInput(_("A rationale has at most %(most)d characters.") % {"most": LONGEST_RATIONALE})
    if confidence is not None and not 0 <= confidence <= 1:
        raise InvalidInput(_("Confidence lies between 0 and 1."))
    if urgency not in Proposal.Urgency.values:
        raise InvalidInput(_("Urgency is hot, normal or cold."))
    for each in commands:
        each.check()


def _require_right(
    actor: Actor, commands: Sequence[Command], entity: LegalEntity, *, undo_of: Proposal | None = None
) -> None:
    """People by each command's right (or the one to undo), agents by their bounds, components of ours freely."""
    switches.check()
    if undo_of is not None and not compensation.matches(undo_of, tuple(commands)):
        raise InvalidInput(_("These are not the commands that undo %(ref)s.") % {"ref": undo_of.reference})
    if actor.kind == ActorKind.HUMAN:
        needed = {each.right for each in commands} if undo_of is None else {"proposal.undo"}
        for right in sorted(needed):
            rights.require(actor, right)
        person = _person(actor)
        if person is not None and person.entity_id not in (None, entity.pk):
            raise NotFound()
        if person is not None and undo_of is None:
            for each in commands:
                each.check_asker(person)
    elif actor.kind == ActorKind.AGENT:
        # What takes back to the byte what was carried out needs no bound of its own for each kind of command.
        limits.require(actor.id, [each.kind() for each in commands] if undo_of is None else [], entity)
    elif actor.kind == ActorKind.SUPPLIER or actor.is_policy:
        raise NotAllowed(_("Only people, agents and the system propose."))


def _person(actor: Actor) -> Person | None:
    return Person.objects.get(pk=actor.person_id) if actor.person_id is not None else None


def _set_commands(proposal: Proposal, commands: Sequence[Command]) -> None:
    proposal.commands = [each.as_json() for each in commands]
    proposal.command_kinds = " ".join(dict.fromkeys(each.kind() for each in commands))
    proposal.fingerprint = fingerprint(commands)
    proposal.sentence = "; ".join(each.sentence() for each in commands)[:500]


def _judge_new(
    proposal: Proposal, commands: Sequence[Command], claims: Sequence[Claim], *, by: Actor | None = None
) -> Judged:
    """Stores the revision with its evidence, and asks the gate."""
    by = by or proposal.author
    proposal.status = proposal.status or Status.WAITING
    proposal.save()
    ProposalRevision.objects.create(
        proposal=proposal,
        number=proposal.revision,
        commands=proposal.commands,
        fingerprint=proposal.fingerprint,
        rationale=proposal.rationale,
        author_kind=str(by.kind),
        author_id=by.id,
        author_name=by.name,
        made_at=clock.now(),
    )
    kept: list[Evidence] = evidence.keep(proposal, claims)
    return judging.judge(proposal, commands, kept)


def _settle(proposal: Proposal, judged: Judged, *, cause: int) -> None:
    """Status, steps and the columns that lists show, all from the verdict."""
    _summarise(proposal, judged)
    proposal.status = _STATUS_OF[judged.verdict.outcome]
    proposal.due_at = None
    proposal.save()
    judgement = judging.store(proposal, judged, stage="propose")
    asks = judged.verdict.outcome == Outcome.ASK
    steps = chains.open_steps(proposal, judged.verdict.levels, judged.verdict.fired) if asks else []
    judging.tell(proposal, judged, judgement, cause=cause, steps=steps)


def _summarise(proposal: Proposal, judged: Judged) -> None:
    matter = judged.matter
    amount = judged.facts.value("amount")
    proposal.amount = amount
    proposal.currency = proposal.entity.base_currency if amount is not None else ""
    proposal.vendor_key = matter.vendor_keys[0] if len(matter.vendor_keys) == 1 else ""
    Spend.objects.filter(proposal=proposal).delete()
    try:
        spends = matter.new_spends
    except DomainError:  # no exchange rate: the amount is a fact nobody can compute, so the gate asks
        return
    Spend.objects.bulk_create(
        Spend(
            proposal=proposal,
            vendor_key=each.vendor,
            cost_centre=each.cost_centre,
            requester_id=matter.requester_id,
            amount=each.amount,
        )
        for each in spends
    )


def _said(proposal: Proposal) -> dict[str, str]:
    return {"ref": proposal.reference, "status": proposal.get_status_display().lower()}
