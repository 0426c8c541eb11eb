"""What this floor writes into the journal: one function per fact. No personal names, no free text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from approvals import authorship
from approvals.models import Bounds, Decision, Judgement, PolicyVersion, Proposal
from approvals.vocabulary import VOCABULARY
from ledger import personal
from ledger.actors import Actor, ActorKind
from ledger.command import ObjectRef, build, digest
from ledger.journal import record
from ledger.models import Entry

#: Paths of personal answers begin with this.
FACTS = "facts"


def _ref(proposal: Proposal) -> ObjectRef:
    return ObjectRef("proposal", proposal.reference, str(proposal.revision))


def _subjects(proposal: Proposal) -> list[ObjectRef]:
    """What the proposal is about, so that it shows in the history of those objects too."""
    refs = [_ref(proposal)]
    for each in proposal.commands:
        subjects = build(each["kind"], each["fields"]).subjects()
        refs += [
            ObjectRef(kind, key)
            for kind, key in (
                ("vendor", subjects.vendor),
                ("requisition", subjects.requisition),
                ("event", subjects.event),
                ("order", subjects.order),
            )
            if key
        ]
    return list(dict.fromkeys(refs))


def _on_behalf_of(proposal: Proposal) -> Actor | None:
    return Actor.human(proposal.requested_by) if proposal.requested_by else None


def _record(kind: str, proposal: Proposal, *, actor: Actor, data: dict[str, Any], **more: Any) -> Entry:
    objects = more.pop("objects", None) or [_ref(proposal)]
    return record(
        kind,
        actor=actor,
        entity=proposal.entity,
        objects=objects,
        data={"revision": proposal.revision, "fingerprint": proposal.fingerprint} | data,
        on_behalf_of=_on_behalf_of(proposal),
        plan=proposal.plan,
        **more,
    )


def made(proposal: Proposal, *, actor: Actor) -> Entry:
    """The texts in its commands are committed to, each under whose words it is; so is the rationale."""
    commands, personal = authorship.parted(proposal)
    data = {
        "commands": commands,
        "confidence": proposal.confidence,
        "urgency": proposal.urgency,
        "undo_of": proposal.undo_of.reference if proposal.undo_of else None,
    }
    if whose := authorship.of_words(proposal):
        personal[whose] = {**personal.get(whose, {}), "rationale": proposal.rationale}
    else:
        data["rationale"] = digest(proposal.rationale)
    return _record("proposal.made", proposal, actor=actor, data=data, personal=personal, objects=_subjects(proposal))


def revised(proposal: Proposal, *, actor: Actor, before: str, override: bool) -> Entry:
    commands, personal = authorship.parted(proposal)
    data = {"commands": commands, "before": before, "override": override}
    return _record("proposal.revised", proposal, actor=actor, data=data, personal=personal, objects=_subjects(proposal))


def judged(proposal: Proposal, judgement: Judgement, *, policy_digest: str, today: date, cause: int) -> Entry:
    """All that is needed to judge again: every answer as it was given, and what the gate said (see rejudging)."""
    facts = {name: answer(name, told) for name, told in judgement.facts.items()}
    taken_out = _take_out(facts, proposal)
    data = {
        "stage": judgement.stage,
        "at": judgement.at,
        "today": today,
        "currency": proposal.entity.base_currency,
        "policy": judgement.policy.number,
        "verdict": judgement.verdict,
        "checkpoint": proposal.checkpoint,
        "fired": [_fired(each) for each in judgement.fired],
        "near": [{name: each[name] for name in ("key", "effect", "but")} for each in judgement.near],
        "levels": [each["key"] for each in judgement.levels],
        "facts": facts,
    }
    actor = Actor.policy(judgement.policy.number)
    return _record(
        "proposal.judged", proposal, actor=actor, data=data, policy=policy_digest, causes=[cause], personal=taken_out
    )


def _fired(rule: Mapping[str, Any]) -> dict[str, str]:
    """Reason and sentence follow from the policy; `undecided` and an empty chain are worth a word only when so."""
    return {name: rule[name] for name in ("key", "effect", "checkpoint")} | {
        name: rule[name] for name in ("chain", "undecided") if rule[name]
    }


def answer(name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of `Facts.as_json` as an entry keeps it: a value goes with its type."""
    return dict(told) | ({"type": str(VOCABULARY[name].type)} if told["state"] == "known" else {})


def _take_out(facts: dict[str, dict[str, Any]], proposal: Proposal) -> dict[str, dict[str, Any]]:
    """A person's sign-in name is theirs: the entry commits to it, and only an agent's role stands in it."""
    told = facts.get("actor_name", {})
    if proposal.author_kind != ActorKind.HUMAN or "value" not in told:
        return {}
    return {personal.person(proposal.author_id): {f"{FACTS}.actor_name": told.pop("value")}}


def decided(proposal: Proposal, decision: Decision, *, kind: str, level: str) -> Entry:
    """`kind` is proposal.approved, .rejected, .returned or .passed; the policy version judged by goes with it."""
    data = {
        "decision": decision.pk,
        "decided": decision.kind,
        "level": level,
        "final": decision.final,
        "revision": decision.revision,
        "fingerprint": decision.fingerprint,
        "alone": decision.for_review,
    }
    actor = Actor(ActorKind(decision.actor_kind), decision.actor_id)
    policy = decision.judgement.policy.digest
    words = {"comment": decision.comment}
    return _record(kind, proposal, actor=actor, data=data, words=words, policy=policy, objects=_subjects(proposal))


def came_back(proposal: Proposal, *, actor: Actor, difference: Sequence[dict[str, Any]], cause: int) -> Entry:
    """Carrying out was refused: a stricter verdict, a missing level, an expired approval, a failed handler."""
    told = [each for each in difference if each.get("fact") != "actor_name"]
    data = {"by": "execution", "difference": told, "status": proposal.status}
    return _record("proposal.returned", proposal, actor=actor, data=data, causes=[cause], objects=_subjects(proposal))


def withdrawn(proposal: Proposal, *, actor: Actor, reason: str = "") -> Entry:
    words = {"reason": reason}
    return _record("proposal.withdrawn", proposal, actor=actor, data={}, words=words, objects=_subjects(proposal))


def carried_out(
    proposal: Proposal, *, actor: Actor, decision: Decision, objects: Iterable[ObjectRef], policy_digest: str
) -> Entry:
    data = {"decision": decision.pk, "kinds": proposal.command_kinds.split()}
    return _record(
        "proposal.carried_out",
        proposal,
        actor=actor,
        data=data,
        causes=[decision.entry_seq],
        policy=policy_digest,
        objects=list(dict.fromkeys([*_subjects(proposal), *objects])),
    )


def undone(original: Proposal, *, by: Proposal, actor: Actor, cause: int) -> Entry:
    return _record("proposal.undone", original, actor=actor, data={"by": by.reference}, causes=[cause])


def policy_published(version: PolicyVersion, *, actor: Actor, by: Sequence[int], causes: Sequence[int] = ()) -> Entry:
    """`by` are the people who stood for it, by number."""
    return record(
        "policy.published",
        actor=actor,
        entity=version.entity,
        objects=[ObjectRef("policy", str(version.number))],
        data={"digest": version.digest, "document": version.document, "by": [str(each) for each in by]},
        policy=version.digest,
        causes=causes,
    )


def bounds_adjusted(bounds: Bounds, *, actor: Actor, causes: Sequence[int] = ()) -> Entry:
    return record(
        "bounds.adjusted",
        actor=actor,
        entity=bounds.entity,
        objects=[ObjectRef("bounds", bounds.role, str(bounds.version))],
        data={
            "on": bounds.on,
            "commands": bounds.commands,
            "max_amount": bounds.max_amount,
            "max_per_day": bounds.max_per_day,
            "currency": bounds.currency,
            "rate_per_hour": bounds.rate_per_hour,
            "suppliers_per_event": bounds.suppliers_per_event,
            "tiers": bounds.tiers,
        },
        causes=causes,
    )
