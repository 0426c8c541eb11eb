"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.models import EdgeWorker, Plan, PlanTemplate, Reconsideration, Step, TriggerRules
from ledger import personal
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import Entry, Person

#: What of a reader's account is a digest of the words themselves.
WORDS = ("source", "reading")
ENGINE = Actor.system("engine")


def plan_ref(plan: Plan) -> ObjectRef:
    return ObjectRef("plan", plan.reference)


def step_ref(plan: Plan, key: str) -> ObjectRef:
    return ObjectRef("step", f"{plan.reference}/{key}")


def plan_started(plan: Plan, *, steps: Sequence[str], actor: Actor, causes: Sequence[int] = ()) -> Entry:
    return record(
        "plan.started",
        actor=actor,
        entity=plan.entity,
        objects=[plan_ref(plan), ObjectRef(plan.subject_kind, plan.subject_key)],
        data={
            "steps": list(steps),
            "template": plan.template.name,
            "version": plan.template.version,
            "digest": plan.template.digest,
            "inputs": plan.inputs,
        },
        on_behalf_of=Actor.human(plan.requested_by) if plan.requested_by else None,
        causes=causes,
    )


def plan_finished(plan: Plan, *, actor: Actor = ENGINE, account: Mapping[str, Sequence[str]] | None = None) -> Entry:
    """Its end, good or early; steps without an end of their own end with it. Why it ended is recorded where a person
    says so; else the plan's own row tells, in words that may repeat what somebody typed. `account` of a plan that is
    undone says which steps were taken back and which were not."""
    return record(
        "plan.finished",
        actor=actor,
        entity=plan.entity,
        objects=[plan_ref(plan), ObjectRef(plan.subject_kind, plan.subject_key)],
        data={"status": str(plan.status), **(account or {})},
        words={"reason": plan.reason} if actor.is_human else None,
    )


def plan_paused(plan: Plan, *, actor: Actor, reason: str) -> Entry:
    return _of_plan("plan.paused", plan, actor=actor, words={"reason": reason})


def plan_resumed(plan: Plan, *, actor: Actor) -> Entry:
    return _of_plan("plan.resumed", plan, actor=actor)


def plan_compensating(plan: Plan, *, actor: Actor, reason: str, steps: Sequence[str]) -> Entry:
    """What is open ends here; `steps` are those that take back what was done, in order."""
    return _of_plan("plan.compensating", plan, actor=actor, data={"steps": list(steps)}, words={"reason": reason})


def _of_plan(kind: str, plan: Plan, *, actor: Actor, **more: Any) -> Entry:
    return record(kind, actor=actor, entity=plan.entity, objects=[plan_ref(plan)], **more)


def plan_reconsidered(plan: Plan, row: Reconsideration, *, released: Sequence[str]) -> Entry:
    """Something happened that it concerns. `released` were parked; `looks` and `asks` are steps that are part of the
    plan from here on. The cause is the entry of what happened, which says the rest."""
    return record(
        "plan.reconsidered",
        actor=ENGINE,
        entity=plan.entity,
        objects=[plan_ref(plan)],
        data={
            "fact": row.fact,
            "about": row.named,
            "woken": row.woken,
            "released": list(released),
            "looks": row.looks,
            "asks": row.asks,
        },
        causes=[row.seq],
    )


def plan_parked(plan: Plan) -> Entry:
    """The step that is parked says why, in an entry of its own."""
    return record("plan.parked", actor=ENGINE, entity=plan.entity, objects=[plan_ref(plan)])


def step_finished(
    plan: Plan,
    step: Step,
    *,
    result_digest: str,
    evidence: int,
    model: Mapping[str, str],
    reader: Mapping[str, Any] | None = None,
) -> Entry:
    """`reader` is what reading the same text once more takes (see rereading); steps that read nothing have none.

    A digest of a person's words says what they were to whoever guesses them, so those are committed to with salt.
    """
    data: dict[str, Any] = {"result_digest": result_digest, "evidence": evidence}
    told, whose = dict(reader or {}), plan.requested_by_id
    words = {f"reader.{name}": told.pop(name) for name in WORDS if name in told and whose}
    return record(
        "step.finished",
        actor=Actor.agent(step.role),
        entity=plan.entity,
        objects=[step_ref(plan, step.key), plan_ref(plan)],
        data=data | ({"reader": told} if told else {}),
        personal={personal.person(whose): words} if whose and words else None,
        model=model,
        plan={"plan": plan.reference, "step": step.key, "attempt": step.attempts},
    )


def step_parked(plan: Plan, step: Step, *, reason: str) -> Entry:
    """`reason` is the engine's or the role's own words, never an outside text or an exception's."""
    return _by_engine("step.parked", plan, step, reason=reason)


def step_skipped(plan: Plan, step: Step, *, reason: str) -> Entry:
    """The plan goes on without it; `reason` is the engine's own words."""
    return _by_engine("step.skipped", plan, step, reason=reason)


def step_left_out(plan: Plan, step: Step, *, actor: Actor, reason: str) -> Entry:
    """A person lets the plan go on without it."""
    return _by_person("step.skipped", plan, step, actor=actor, words={"reason": reason})


def step_failed(plan: Plan, step: Step, *, reason: str) -> Entry:
    """It failed for good and the plan goes on: another step takes over, or the plan is undone."""
    return _by_engine("step.failed", plan, step, reason=reason)


def step_retried(plan: Plan, step: Step, *, reason: str) -> Entry:
    """It failed and gets a fresh set of attempts, as its template says."""
    return _by_engine("step.retried", plan, step, reason=reason, round=step.rounds + 1)


def step_fanned_out(plan: Plan, step: Step, *, branches: Sequence[str]) -> Entry:
    """From here on these steps are part of the plan."""
    return _by_engine("step.fanned_out", plan, step, branches=list(branches))


def step_gathered(plan: Plan, step: Step, *, result_digest: str, done: int, failed: int) -> Entry:
    """Enough of its branches are done."""
    return _by_engine("step.gathered", plan, step, result_digest=result_digest, done=done, failed=failed)


def step_reconsidered(plan: Plan, step: Step, *, look: Step, same: bool, touched: Mapping[str, Sequence[str]]) -> Entry:
    """It was looked at again. Unless it came to the same, that result counts in place of its own from here on."""
    told = {"look": look.key, "same": same, "result_digest": look.result_digest}
    return _by_engine("step.reconsidered", plan, step, **told, **touched)


def step_reminded(plan: Plan, step: Step, *, times: int) -> Entry:
    """Whoever it asks has not answered yet."""
    return _by_engine("step.reminded", plan, step, times=times)


def _by_engine(kind: str, plan: Plan, step: Step, **data: Any) -> Entry:
    return record(
        kind,
        actor=ENGINE,
        entity=plan.entity,
        objects=[step_ref(plan, step.key), plan_ref(plan)],
        data=data,
        plan={"plan": plan.reference, "step": step.key, "attempt": step.attempts},
    )


def step_released(plan: Plan, step: Step, *, actor: Actor, again: Sequence[str] = ()) -> Entry:
    """A person lets a parked step try again; of one with branches, those that failed."""
    return _by_person("step.released", plan, step, actor=actor, data={"again": list(again)} if again else None)


def step_overridden(
    plan: Plan, step: Step, *, actor: Actor, result_digest: str, own: bool, reason: str, again: Sequence[str] = ()
) -> Entry:
    """A person's result counts from here on; `own`: the step had none and is done with it. `again` are steps that were
    parked and are decided on anew."""
    data = {"result_digest": result_digest, "own": own} | ({"again": list(again)} if again else {})
    return _by_person("step.overridden", plan, step, actor=actor, data=data, words={"reason": reason})


def step_answered(plan: Plan, step: Step, *, actor: Actor, result_digest: str) -> Entry:
    """Whom it asked has answered, and the step is done."""
    return _by_person("step.answered", plan, step, actor=actor, data={"result_digest": result_digest})


def _by_person(kind: str, plan: Plan, step: Step, *, actor: Actor, **more: Any) -> Entry:
    return record(kind, actor=actor, entity=plan.entity, objects=[step_ref(plan, step.key), plan_ref(plan)], **more)


def edge_issued(worker: EdgeWorker, *, actor: Actor) -> Entry:
    """The token itself stands nowhere."""
    return record(
        "edge.issued",
        actor=actor,
        entity=worker.entity,
        objects=[ObjectRef("edge_worker", str(worker.pk))],
        data={"pool": worker.pool, "tasks": worker.tasks, "expires_at": worker.expires_at},
        words={"name": worker.name},
    )


def edge_revoked(worker: EdgeWorker, *, actor: Actor) -> Entry:
    return record("edge.revoked", actor=actor, entity=worker.entity, objects=[ObjectRef("edge_worker", str(worker.pk))])


def template_published(
    template: PlanTemplate, *, actor: Actor, by: Sequence[Person] = (), causes: Sequence[int] = ()
) -> Entry:
    """In force from now on, in place of every earlier version. `by` are the people who stood for it, by number."""
    return record(
        "template.published",
        actor=actor,
        entity=template.entity,
        objects=[template_ref(template)],
        data={
            "digest": template.digest,
            "definition": template.definition,
            "by": [str(person.pk) for person in by],
        },
        causes=causes,
    )


def template_retired(
    template: PlanTemplate, *, actor: Actor, by: Sequence[Person] = (), causes: Sequence[int] = ()
) -> Entry:
    """No version is in force from now on; plans at work go on."""
    return record(
        "template.retired",
        actor=actor,
        entity=template.entity,
        objects=[template_ref(template)],
        data={"digest": template.digest, "by": [str(person.pk) for person in by]},
        causes=causes,
    )


def template_ref(template: PlanTemplate) -> ObjectRef:
    return ObjectRef("template", template.name, str(template.version))


def triggers_published(
    rules: TriggerRules, *, actor: Actor, by: Sequence[Person] = (), causes: Sequence[int] = ()
) -> Entry:
    """In force from now on, in place of every earlier version."""
    return record(
        "triggers.published",
        actor=actor,
        entity=rules.entity,
        objects=[triggers_ref(rules)],
        data={"digest": rules.digest, "rules": rules.rules, "by": [str(person.pk) for person in by]},
        causes=causes,
    )


def triggers_ref(rules: TriggerRules) -> ObjectRef:
    return ObjectRef("triggers", "rules", str(rules.version))
