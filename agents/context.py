"""What an act is given: its plan, the earlier results, two times, and the only doors it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from agents import crashpoints, flow, results, roles
from agents.definition import StepSpec, parse_step
from agents.errors import OutOfRole, TooManyRounds, UnknownRole, UnknownVersion
from agents.happenings import Happening
from agents.leases import Lease
from agents.models import Plan, PlanTemplate, Reconsideration, Step
from agents.results import Known
from approvals import limits, proposals
from approvals.evidence import Claim
from approvals.models import Proposal
from ledger import clock, switches
from ledger.actors import Actor, ActorKind
from ledger.command import Command, ObjectRef, digest
from ledger.journal import history_of
from ledger.models import LedgerHead, LegalEntity, Person

#: Proposals of one step for one purpose, each in place of the one before, until a person is asked.
MOST_ROUNDS = 6


@dataclass
class Context:
    """For one act of one step. It knows no handler, no sender and no decision."""

    plan: Plan
    spec: StepSpec
    lease: Lease
    memory: Mapping[str, Any]
    #: What the template hands the task, by the names that the role declares.
    given: Mapping[str, Any]
    #: Of every done step, as they count now: a person's override in place of the step's own.
    results: Mapping[str, Mapping[str, Any]]
    #: The journal's number when the act began, and those as of which single objects were read later.
    started: int
    seen: dict[ObjectRef, int] = field(default_factory=dict)

    @property
    def task(self) -> str:
        return self.spec.task

    @property
    def item(self) -> Any:
        """In a branch: the element of the list that it is for."""
        return self.lease.step.item

    @property
    def undoes(self) -> Step | None:
        """The step that this one takes back."""
        return self.lease.step.undoes

    @property
    def entity(self) -> LegalEntity:
        return self.plan.entity

    @property
    def requested_by(self) -> Person | None:
        return self.plan.requested_by

    @property
    def subject(self) -> ObjectRef:
        return ObjectRef(self.plan.subject_kind, self.plan.subject_key)

    @property
    def actor(self) -> Actor:
        return Actor.agent(self.spec.role)

    @cached_property
    def tier(self) -> str:
        """The tier that the template wants, if the role's bounds allow it; else rules."""
        bounds = limits.of(self.spec.role, self.entity)
        return self.spec.tier if bounds is None or self.spec.tier in bounds.tiers else "rules"

    @cached_property
    def today(self) -> date:
        """The entity's business date."""
        return clock.business_date(self.entity)

    @cached_property
    def now(self) -> datetime:
        return clock.now()

    @cached_property
    def shocks(self) -> list[Happening]:
        """What happened that made the plan look again, oldest first."""
        rows = Reconsideration.objects.filter(plan=self.plan).order_by("pk")
        return [
            Happening(
                fact=each.fact,
                seq=each.seq,
                objects=tuple(ObjectRef(one["kind"], one["key"]) for one in each.named),
                data=each.data,
            )
            for each in rows
        ]

    def propose(
        self,
        *,
        purpose: str,
        commands: Sequence[Command],
        rationale: str,
        claims: Sequence[Claim] = (),
        confidence: Decimal | None = None,
        urgency: str = "normal",
    ) -> Proposal:
        """The same purpose of the same step is the same proposal, however often the act runs, until it is taken back
        because something happened: then it is the next one."""
        switches.check(f"role:{self.spec.role}", f"plan:{self.plan.reference}")
        allowed = roles.load(self.spec.role).SPECIFICATION.may_propose
        if beyond := {each.kind() for each in commands} - allowed:
            raise OutOfRole(f"The role {self.spec.role} may not propose {', '.join(sorted(beyond))}.")
        proposal = proposals.propose(
            commands=commands,
            actor=self.actor,
            entity=self.entity,
            rationale=rationale,
            evidence=claims,
            confidence=confidence,
            requested_by=self.requested_by,
            urgency=urgency,
            plan={"plan": self.plan.reference, "step": self.spec.key, "attempt": self.lease.attempt},
            key=self._round(purpose)[1],
        )
        crashpoints.reach("proposed")
        return self.outcome(proposal)

    def proposed(self, purpose: str) -> Proposal | None:
        """What this step proposed for this purpose before, as it stands now; None when an agent took it back."""
        found, _key = self._round(purpose)
        return self.outcome(found) if found else None

    def withdraw(self, proposal: Proposal, reason: str) -> None:
        """Takes back what this step proposed and nobody has carried out; what it proposes next is another one."""
        proposals.withdraw(proposal, actor=self.actor, reason=reason)
        crashpoints.reach("withdrawn")

    def _round(self, purpose: str) -> tuple[Proposal | None, str]:
        """The proposal that counts, and the key under which it is or would be made."""
        for number in range(1, MOST_ROUNDS + 1):
            key = self.key(purpose if number == 1 else f"{purpose} {number}")
            found = Proposal.objects.filter(key=key).first()
            if found is None or not _taken_back(found):
                return found, key
        raise TooManyRounds()

    def look(self, object: ObjectRef) -> None:
        """Facts about it up to now are known: read its state after this, and a wait on it misses nothing."""
        self.seen[object] = head_of(self.entity)

    def outcome(self, proposal: Proposal) -> Proposal:
        """The proposal as it stands now; waiting on it from here misses nothing."""
        self.look(ObjectRef("proposal", proposal.reference))
        proposal.refresh_from_db()
        return proposal

    def key(self, purpose: str) -> str:
        return digest({"plan": self.plan.reference, "step": self.spec.key, "purpose": purpose})


def _taken_back(proposal: Proposal) -> bool:
    """By an agent, because something happened: what a person withdraws stays withdrawn."""
    if proposal.status != Proposal.Status.WITHDRAWN:
        return False
    told = history_of(ObjectRef("proposal", proposal.reference)).filter(kind="proposal.withdrawn")
    return told.order_by("-seq").values_list("actor_kind", flat=True).first() == ActorKind.AGENT


def head_of(entity: LegalEntity) -> int:
    return LedgerHead.objects.values_list("seq", flat=True).get(log=entity.log_id)


def open_context(lease: Lease, *, known: Known | None = None, started: int | None = None) -> Context:
    """For the act of a claimed step: with what the visit read after the claim, and the journal's number before that.
    Raises what parks the step when this version does not know it."""
    step, plan = lease.step, lease.step.plan
    if started is None:
        started = head_of(plan.entity)
    if not _is_as_published(plan.template):
        raise UnknownVersion(f"{plan.template} is not what this plan began with; publish it anew and start again.")
    spec = parse_step(step.spec)
    if spec.task not in roles.load(step.role).SPECIFICATION.tasks:
        raise UnknownRole(f"The role “{step.role}” has no task “{spec.task}” in this version.")
    known = known or results.known(plan)
    return Context(
        plan=plan,
        spec=spec,
        lease=lease,
        memory=step.memory,
        given=results.given_to(step, spec, known, undone=step.undoes),
        results=flow.seen_from(step.key, {**known.after, step.key: step.after}, known.results),
        started=started,
    )


def _is_as_published(template: PlanTemplate) -> bool:
    """Looked at once for each time that the template is read."""
    found = getattr(template, "as_published", None)
    if found is None:
        found = template.as_published = digest(template.definition) == template.digest  # type: ignore[attr-defined]
    return bool(found)
