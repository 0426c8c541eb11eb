"""Runs the gate on a proposal's present revision and keeps what it said, with everything it knew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from approvals import entries, facts, gate, rulebook
from approvals.document import Policy
from approvals.gate import Verdict
from approvals.matter import Matter
from approvals.models import ApprovalStep, Evidence, Judgement, PolicyVersion, Proposal
from approvals.vocabulary import Facts
from ledger import clock
from ledger.command import Command, build


@dataclass(frozen=True, slots=True)
class Judged:
    matter: Matter
    facts: Facts
    verdict: Verdict
    policy: Policy
    version: PolicyVersion


def commands_of(proposal: Proposal) -> tuple[Command, ...]:
    return tuple(build(each["kind"], each["fields"]) for each in proposal.commands)


def judge(proposal: Proposal, commands: Sequence[Command], evidence: Sequence[Evidence]) -> Judged:
    """Computes the facts now and asks the policy in force now. Stores nothing."""
    matter = Matter(
        commands=tuple(commands),
        author=proposal.author,
        requested_by=proposal.requested_by,
        entity=proposal.entity,
        at=clock.now(),
        today=clock.business_date(proposal.entity),
        confidence=proposal.confidence,
        urgency=proposal.urgency,
        claims=len(evidence),
        claims_verified=sum(each.verified for each in evidence),
        made_at=proposal.made_at,
        proposal_id=proposal.pk,
        undo_of=proposal.undo_of,
    )
    version = rulebook.version_in_force(proposal.entity)
    policy = rulebook.compiled(version)
    known = facts.compute(matter, order_threshold=policy.document.order_threshold)
    return Judged(matter, known, gate.judge(known, policy), policy, version)


def store(
    proposal: Proposal, judged: Judged, *, stage: str, difference: list[dict[str, str]] | None = None
) -> Judgement:
    """A judgement never changes; the proposal points at its newest. `tell` puts it into the journal."""
    verdict = judged.verdict
    judgement = Judgement.objects.create(
        proposal=proposal,
        revision=proposal.revision,
        policy=judged.version,
        stage=stage,
        verdict=str(verdict.outcome),
        facts=judged.facts.as_json(),
        fired=[each.as_json() for each in verdict.fired],
        near=[each.as_json() for each in verdict.near],
        levels=[level.model_dump(mode="json") for level in verdict.levels],
        difference=difference,
        at=judged.matter.at,
    )
    proposal.judgement = judgement
    proposal.verdict = judgement.verdict
    proposal.checkpoint = verdict.checkpoint
    proposal.save(update_fields=["judgement", "verdict", "checkpoint"])
    return judgement


def tell(
    proposal: Proposal, judged: Judged, judgement: Judgement, *, cause: int, steps: Sequence[ApprovalStep] = ()
) -> None:
    """After the steps that it opened are there, so that the journal says who was asked."""
    entries.judged(
        proposal,
        judgement,
        policy_digest=judged.policy.digest,
        today=judged.matter.today,
        cause=cause,
        steps=steps,
    )
