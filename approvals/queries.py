"""What pages and agents may ask about proposals: the queue, one proposal in full, who may decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from approvals import chains, undo
from approvals.errors import NotDue
from approvals.models import ApprovalStep, Decision, Evidence, Judgement, Proposal, ProposalRevision
from approvals.undo import WayBack
from approvals.vocabulary import VOCABULARY
from ledger.actors import Actor
from ledger.command import Change, Command, Exit, ObjectRef, build
from ledger.errors import DomainError, NotFound
from ledger.journal import history_of
from ledger.models import Entry, Person
from ledger.money import Money

TABS = ("mine", "requests", "all")
#: Not ended, or waiting for its author.
PENDING = (*Proposal.LIVE, Proposal.Status.RETURNED, Proposal.Status.FAILED, Proposal.Status.BLOCKED)
#: What people look at first, when no rule that fired names it.
DECISIVE = ("amount", "budget_remaining_after", "price_vs_benchmark_pct", "vendor_status", "late_risk", "bids_received")

#: Shown elsewhere on the same line, or the same for everybody.
PLAIN = frozenset({"command_kind", "command_kinds", "actor_kind", "actor_name", "order_threshold"})


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact as a person reads it: state is known, not_applicable or uncomputable."""

    name: str
    description: str
    unit: str
    state: str
    value: Any
    how: str
    fired: bool


@dataclass(frozen=True, slots=True)
class Risk:
    level: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gist:
    """One line of the queue, and what nine of ten decisions need."""

    reference: str
    revision: int
    fingerprint: str
    sentence: str
    status: str
    status_label: str
    verdict: str
    author: Actor
    requested_by: Person | None
    checkpoint: str
    reasons: tuple[str, ...]
    amount: Money | None
    urgency: str
    made_at: datetime
    due_at: datetime | None
    risk: Risk
    facts: tuple[FactLine, ...]
    evidence_total: int
    evidence_verified: int
    waits_for: tuple[str, ...]
    level: str
    undo_line: str
    problem: str


@dataclass(frozen=True, slots=True)
class CommandView:
    kind: str
    label: str
    sentence: str
    fields: dict[str, Any]
    preview: tuple[Change, ...]
    exit: Exit
    preview_problem: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything the page of one proposal shows."""

    gist: Gist
    proposal: Proposal
    commands: tuple[CommandView, ...]
    judgement: Judgement
    policy_version: int
    fired: tuple[dict[str, Any], ...]
    near: tuple[dict[str, Any], ...]
    facts: tuple[FactLine, ...]
    evidence: tuple[Evidence, ...]
    steps: tuple[ApprovalStep, ...]
    decisions: tuple[Decision, ...]
    revisions: tuple[ProposalRevision, ...]
    difference: tuple[dict[str, Any], ...]
    way_back: WayBack
    undone_by: tuple[Proposal, ...]
    history: tuple[Entry, ...]
    may_decide: bool
    why_not: str


def people_behind(reference: str) -> list[Person]:
    """Who proposed and who approved what this authority is for, as `Authority.reference` names it."""
    proposal = Proposal.objects.get(reference=reference.split("/")[0])
    approved = proposal.decisions.filter(revision=proposal.revision, kind=Decision.Kind.APPROVE)
    wanted = {each for each in approved.values_list("person", flat=True) if each}
    if proposal.author.person_id is not None:
        wanted.add(proposal.author.person_id)
    return list(Person.objects.filter(pk__in=wanted).order_by("pk"))


def find(reference: str) -> Proposal:
    """Raises `NotFound`."""
    found = _listed().filter(reference=reference).first()
    if found is None:
        raise NotFound(_("There is no proposal “%(ref)s”.") % {"ref": reference[:40]})
    return found


def outcome(proposal: Proposal) -> str:
    """Its status as it is now."""
    return Proposal.objects.values_list("status", flat=True).get(pk=proposal.pk)


def queue(person: Person, tab: str = "mine", *, limit: int = 200) -> list[Gist]:
    """The nearest due first. The number of queries does not grow with the number of rows."""
    rows = _listed().filter(entity=person.entity, status__in=PENDING)
    if tab == "mine":
        rows = rows.filter(pk__in=_turns(person))
    elif tab == "requests":
        rows = rows.filter(_asked_by(person))
    return [gist(each) for each in rows.order_by(F("due_at").asc(nulls_last=True), "pk")[:limit]]


def count(person: Person, tab: str = "mine") -> int:
    rows = Proposal.objects.filter(entity=person.entity, status__in=PENDING)
    if tab == "mine":
        rows = rows.filter(pk__in=_turns(person))
    elif tab == "requests":
        rows = rows.filter(_asked_by(person))
    return rows.count()


def may_decide(person: Person, proposal: Proposal) -> tuple[bool, str]:
    """Whether it is this person's turn now; the reason when it is not."""
    try:
        chains.require_turn(person, proposal)
    except DomainError as error:
        return False, error.message
    return True, ""


def gist(proposal: Proposal) -> Gist:
    judgement = _judgement(proposal)
    evidence = [each for each in proposal.evidence.all() if each.revision == proposal.revision]
    step = next((each for each in proposal.steps.all() if each.status == ApprovalStep.Status.OPEN), None)
    return Gist(
        reference=proposal.reference,
        revision=proposal.revision,
        fingerprint=proposal.fingerprint,
        sentence=proposal.sentence,
        status=proposal.status,
        status_label=str(proposal.get_status_display()),
        verdict=proposal.verdict,
        author=proposal.author,
        requested_by=proposal.requested_by,
        checkpoint=proposal.checkpoint,
        reasons=tuple(each["reason"] for each in _decisive(judgement)),
        amount=Money(proposal.amount, proposal.currency) if proposal.amount is not None else None,
        urgency=proposal.urgency,
        made_at=proposal.made_at,
        due_at=proposal.due_at,
        risk=risk(judgement),
        facts=_three(judgement),
        evidence_total=len(evidence),
        evidence_verified=sum(each.verified for each in evidence),
        waits_for=tuple(str(each) for each in step.people.all()) if step else (),
        level=step.label if step else "",
        undo_line=undo_line([build(each["kind"], each["fields"]) for each in proposal.commands]),
        problem=proposal.problem,
    )


def detail(proposal: Proposal, person: Person) -> Detail:
    proposal = find(proposal.reference)
    judgement = _judgement(proposal)
    allowed, why_not = may_decide(person, proposal)
    return Detail(
        gist=gist(proposal),
        proposal=proposal,
        commands=tuple(_viewed(build(each["kind"], each["fields"])) for each in proposal.commands),
        judgement=judgement,
        policy_version=judgement.policy.number,
        fired=tuple(judgement.fired),
        near=tuple(judgement.near),
        facts=fact_lines(judgement),
        evidence=tuple(each for each in proposal.evidence.all() if each.revision == proposal.revision),
        steps=tuple(proposal.steps.all()),
        decisions=tuple(proposal.decisions.select_related("step", "person")),
        revisions=tuple(proposal.revisions.all()),
        difference=tuple(judgement.difference or ()),
        way_back=undo.way_back(proposal),
        undone_by=tuple(proposal.undo_proposals.order_by("pk")),
        history=tuple(history_of(ObjectRef("proposal", proposal.reference))),
        may_decide=allowed,
        why_not=why_not,
    )


def undo_line(commands: Sequence[Command]) -> str:
    """Said before the click: what can be undone, how, for how long."""
    exits = [each.exit() for each in commands]
    stuck = [each.label or each.kind() for each, way in zip(commands, exits, strict=True) if not way.reversible]
    if stuck:
        return _("Cannot be undone: %(what)s.") % {"what": ", ".join(stuck)}
    how = " ".join(dict.fromkeys(way.how for way in exits))
    limits = [way.within for way in exits if way.within is not None]
    if not limits:
        return how
    return _("%(how)s Possible for %(hours)d hours.") % {"how": how, "hours": min(limits).total_seconds() // 3600}


def risk(judgement: Judgement) -> Risk:
    """High: blocked, or three reasons to look besides the value. Medium: any such reason. The first one is named."""
    reasons = [
        each["checkpoint"]
        for each in judgement.fired
        if each["effect"] != "pass" and not each["key"].startswith(("order-value", "standing-default"))
    ]
    if judgement.verdict == Proposal.Verdict.BLOCK or len(reasons) >= 3:
        return Risk("high", "; ".join(reasons[:3]))
    return Risk("medium", reasons[0]) if reasons else Risk("low", _("Nothing but the value asks for a look."))


def fact_lines(judgement: Judgement) -> tuple[FactLine, ...]:
    fired = {name for each in judgement.fired for name in each["facts"]}
    return tuple(
        _line(name, judgement.facts[name], fired=name in fired) for name in VOCABULARY if name in judgement.facts
    )


def _line(name: str, answer: dict[str, Any], *, fired: bool) -> FactLine:
    definition = VOCABULARY[name]
    return FactLine(
        name=name,
        description=str(definition.description),
        unit=definition.unit,
        state=answer["state"],
        value=answer.get("value"),
        how=answer["how"],
        fired=fired,
    )


def _three(judgement: Judgement) -> tuple[FactLine, ...]:
    """Facts behind the rules that made the verdict, then the usual ones."""
    named = [name for each in _decisive(judgement) for name in each["facts"] if name not in PLAIN]
    wanted = [name for name in dict.fromkeys([*named, *DECISIVE]) if name in judgement.facts]
    lines = [_line(name, judgement.facts[name], fired=name in named) for name in wanted]
    return tuple([each for each in lines if each.state != "not_applicable"][:3])


def _decisive(judgement: Judgement) -> list[dict[str, Any]]:
    return [each for each in judgement.fired if each["effect"] == judgement.verdict]


def _judgement(proposal: Proposal) -> Judgement:
    if proposal.judgement is None:
        raise NotDue()
    return proposal.judgement


def _viewed(command: Command) -> CommandView:
    """A preview that fails (the supplier is gone) must not hide the proposal: it says so instead."""
    preview: tuple[Change, ...] = ()
    problem = ""
    try:
        preview = tuple(command.preview())
    except DomainError as error:
        problem = error.message
    fields = command.as_json()["fields"]
    label = command.label or command.kind()
    return CommandView(command.kind(), label, _sentence(command), fields, preview, command.exit(), problem)


def _sentence(command: Command) -> str:
    try:
        return command.sentence()
    except DomainError:
        return command.label or command.kind()


def _turns(person: Person) -> QuerySet[ApprovalStep, Any]:
    """Proposals whose open level waits for this person, who has not approved it yet."""
    return (
        ApprovalStep.objects.filter(status=ApprovalStep.Status.OPEN, people=person)
        .exclude(decisions__person=person)
        .values("proposal")
    )


def _asked_by(person: Person) -> Q:
    return Q(requested_by=person) | Q(author_kind="human", author_id=str(person.pk))


def _listed() -> QuerySet[Proposal]:
    steps = ApprovalStep.objects.prefetch_related("people")
    return Proposal.objects.select_related("entity", "requested_by", "judgement__policy", "undo_of").prefetch_related(
        Prefetch("steps", queryset=steps), "evidence"
    )
