"""Carrying out: one transaction that holds what it touches, judges again, spends the authority, calls the handlers.

A stricter verdict, or a reason to ask that nobody has seen, changes nothing and sends the proposal back to the queue
with the difference. A handler that refuses rolls everything back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from approvals import authorship, chains, entries, evidence, judging, limits, locks, proposals
from approvals.document import Level
from approvals.errors import NotDue
from approvals.gate import SEVERITY, Fired, Outcome
from approvals.judging import Judged
from approvals.models import CarriedOut, Decision, Judgement, Proposal
from ledger import authority, clock, crashpoints, doorbell, personal
from ledger.actors import Actor, ActorKind
from ledger.command import Carried, Command, ObjectRef, fingerprint, handler_path, works_together
from ledger.errors import DomainError, NoAuthority, Stale, Stopped
from ledger.spending import spending

Status = Proposal.Status


@dataclass(frozen=True, slots=True)
class Difference:
    """What changed since the decision: rules that fire anew, facts behind them, levels that must approve."""

    rules: tuple[Fired, ...]
    levels: tuple[Level, ...]
    facts: tuple[dict[str, Any], ...]

    def as_json(self) -> list[dict[str, Any]]:
        rules = [{"rule": each.key, "checkpoint": each.checkpoint, "reason": each.reason} for each in self.rules]
        return [*rules, *self.facts, *({"level": each.key} for each in self.levels)]


def carry_out(proposal: Proposal) -> Proposal:
    """Carries out an approved proposal, or sends it back. Raises `NotDue` when it is not (or no more) approved."""
    try:
        with transaction.atomic():
            held = proposals.hold(proposal)
            decision = _decision(held)
            if limits.is_stopped(held):
                raise Stopped()
            _carry_out(held, decision)
            crashpoints.reach("carrying_out")
        crashpoints.reach("carried_out")
    except NotDue:
        raise
    except NoAuthority as error:
        _ask_again(proposal, error)
    except DomainError as error:
        if not error.permanent:
            raise
        fail(proposal, error.message)
    proposal.refresh_from_db()
    return proposal


def fail(proposal: Proposal, problem: str) -> None:
    """Could not be carried out and will not be by trying again: nothing was changed, and people see why."""
    with transaction.atomic():
        held = proposals.hold(proposal)
        if held.status != Status.APPROVED:
            return
        decision = _decision(held)
        proposals.void(held)
        held.status, held.problem = Status.FAILED, problem
        held.save(update_fields=["status", "problem"])
        difference = [{"problem": "refused by the handler"}]
        entries.came_back(held, actor=_decider(decision), difference=difference, cause=decision.entry_seq)
        doorbell.ring("proposal failed")
        crashpoints.reach("failing")


def _decision(held: Proposal) -> Decision:
    decision = held.decisions.filter(final=True, authority__isnull=False, judgement=held.judgement_id).last()
    if held.status != Status.APPROVED or decision is None:
        raise NotDue(
            _("%(ref)s is %(status)s: there is nothing to carry out.")
            % {"ref": held.reference, "status": held.get_status_display().lower()}
        )
    return decision


def _carry_out(held: Proposal, decision: Decision) -> None:
    commands, granted_id = judging.commands_of(held), decision.authority_id
    if granted_id is None or not held.fingerprint == decision.fingerprint == fingerprint(commands):
        raise NoAuthority(_("What would be carried out is not what was approved."))
    locks.hold(commands, held.entity)
    judged = judging.judge(held, commands, evidence.recheck(held))
    if difference := _difference(held, judged):
        _send_back(held, judged, difference, decision)
        return
    judgement = judging.store(held, judged, stage=Judgement.Stage.EXECUTE)
    judging.tell(held, judged, judgement, cause=decision.entry_seq)
    whose = personal.speaking(authorship.of_words(held))
    with spending(granted_id, held.fingerprint, policy=judged.policy.digest) as granted, whose:
        carried = [each for some in _side_by_side(commands) for each in _call(some, granted, decision, held)]
    _keep(held, commands, carried, decision, judged)


def _side_by_side(commands: tuple[Command, ...]) -> list[list[Command]]:
    """In their order; neighbours of one kind whose handler takes them together are one group."""
    groups: list[list[Command]] = []
    for each in commands:
        if groups and groups[-1][0].kind() == each.kind() and works_together(each.kind()):
            groups[-1].append(each)
        else:
            groups.append([each])
    return groups


def _call(some: list[Command], granted: authority.Authority, decision: Decision, held: Proposal) -> Sequence[Carried]:
    handler = import_string(handler_path(some[0].kind()))
    how = {"authority": granted, "actor": _decider(decision), "entity": held.entity, "cause": decision.entry_seq}
    return handler(some, **how) if works_together(some[0].kind()) else [handler(some[0], **how)]


def _decider(decision: Decision) -> Actor:
    return Actor(ActorKind(decision.actor_kind), decision.actor_id, decision.actor_name)


def _difference(held: Proposal, judged: Judged) -> Difference | None:
    """None when the decision still covers what the policy in force says now."""
    before = held.judgement
    if before is None:
        raise NotDue()
    seen = {each["key"] for each in before.fired if each["effect"] != "pass"}
    fresh = tuple(each for each in judged.verdict.fired if str(each.effect) != "pass" and each.key not in seen)
    keys = {key for each in fresh if str(each.effect) == "ask" for key in judged.policy.levels_of_chain(each.chain)}
    levels = tuple(chains.missing_levels(held, judged.verdict, judged.policy.levels(frozenset(keys))))
    stricter = SEVERITY[judged.verdict.outcome] > SEVERITY[Outcome(before.verdict)]
    if not (fresh or levels or stricter):
        return None
    return Difference(fresh, levels, tuple(_changed_facts(before, judged, fresh)))


def _changed_facts(before: Judgement, judged: Judged, fresh: tuple[Fired, ...]) -> list[dict[str, Any]]:
    now = judged.facts.as_json()
    names = sorted({name for each in fresh for name in each.facts})
    return [
        {"fact": name, "was": _short(before.facts.get(name, {})), "now": _short(now[name])}
        for name in names
        if _short(before.facts.get(name, {})) != _short(now[name])
    ]


def _short(answer: dict[str, Any]) -> Any:
    return answer.get("value", answer.get("how", ""))


def _send_back(held: Proposal, judged: Judged, difference: Difference, decision: Decision) -> None:
    """The new judgement takes the old one's place; levels already given for reasons already seen stay given."""
    proposals.void(held)
    judgement = judging.store(held, judged, stage=Judgement.Stage.EXECUTE, difference=difference.as_json())
    reasons = "; ".join(each.reason for each in difference.rules) or _(
        "a level that the policy now asks for is missing"
    )
    held.status = Status.WAITING
    held.problem = _("Came back before it was carried out: %(reasons)s") % {"reasons": reasons}
    held.save(update_fields=["status", "problem"])
    levels = difference.levels or judged.policy.levels(frozenset(judged.policy.default_levels))
    steps = chains.open_steps(held, levels, judged.verdict.fired)
    judging.tell(held, judged, judgement, cause=decision.entry_seq, steps=steps)
    entries.came_back(held, actor=_decider(decision), difference=difference.as_json(), cause=decision.entry_seq)
    doorbell.ring("proposal came back")


def _ask_again(proposal: Proposal, error: NoAuthority) -> None:
    """The approval has run out: the same levels decide once more on the facts of today."""
    with transaction.atomic():
        held = proposals.hold(proposal)
        decision = _decision(held)
        judged = judging.judge(held, judging.commands_of(held), evidence.recheck(held))
        default = judged.policy.levels(frozenset(judged.policy.default_levels))
        difference = Difference((), judged.verdict.levels or default, ({"problem": error.message},))
        _send_back(held, judged, difference, decision)
        held.problem = error.message
        held.save(update_fields=["problem"])
        crashpoints.reach("asking_again")


def _keep(
    held: Proposal, commands: tuple[Command, ...], carried: list[Carried], decision: Decision, judged: Judged
) -> None:
    """What each command left behind, with the command that takes it back; then the fact, last."""
    at = clock.now()
    rows = []
    for position, (command, each) in enumerate(zip(commands, carried, strict=True), start=1):
        way_back = command.exit()
        row = CarriedOut.objects.create(
            proposal=held,
            position=position,
            kind=command.kind(),
            result=each.result,
            objects_touched=[ref.as_json() for ref in each.objects],
            compensation=each.compensation.as_json() if each.compensation and way_back.reversible else None,
            undo_until=at + way_back.within if way_back.within is not None else None,
            how=way_back.how[:300],
        )
        rows.append(row)
    held.status, held.problem, held.carried_out_at = Status.CARRIED_OUT, "", at
    held.save(update_fields=["status", "problem", "carried_out_at"])
    touched: list[ObjectRef] = [ref for each in carried for ref in each.objects]
    entry = entries.carried_out(
        held,
        actor=_decider(decision),
        decision=decision,
        rows=rows,
        objects=touched,
        policy_digest=judged.policy.digest,
    )
    if held.undo_of is not None:
        _mark_undone(held.undo_of, by=held, actor=_decider(decision), cause=entry.seq)
    doorbell.ring("proposal carried out")


def _mark_undone(original: Proposal, *, by: Proposal, actor: Actor, cause: int) -> None:
    carried = Proposal.objects.filter(pk=original.pk, status=Status.CARRIED_OUT)
    if not carried.update(status=Status.UNDONE):
        raise Stale(_("%(ref)s was undone already.") % {"ref": original.reference})
    original.status = Status.UNDONE
    entries.undone(original, by=by, actor=actor, cause=cause)
