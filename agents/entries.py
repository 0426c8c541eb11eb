"""What this floor writes into the journal: one function per fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agents.models import Plan, PlanTemplate, Step
from ledger import personal
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.journal import record
from ledger.models import Entry

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


def plan_finished(plan: Plan, *, actor: Actor = ENGINE) -> Entry:
    """Its end, good or early; steps without an end of their own end with it. Why it ended is recorded where a person
    says so; else the plan's own row tells, in words that may repeat what somebody typed."""
    return record(
        "plan.finished",
        actor=actor,
        entity=plan.entity,
        objects=[plan_ref(plan), ObjectRef(plan.subject_kind, plan.subject_key)],
        data={"status": str(plan.status)},
        words={"reason": plan.reason} if actor.is_human else None,
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
    return record(
        "step.parked",
        actor=ENGINE,
        entity=plan.entity,
        objects=[step_ref(plan, step.key), plan_ref(plan)],
        data={"reason": reason},
        plan={"plan": plan.reference, "step": step.key, "attempt": step.attempts},
    )


def step_skipped(plan: Plan, step: Step, *, reason: str) -> Entry:
    """The plan goes on without it; `reason` is the engine's own words."""
    return record(
        "step.skipped",
        actor=ENGINE,
        entity=plan.entity,
        objects=[step_ref(plan, step.key), plan_ref(plan)],
        data={"reason": reason},
        plan={"plan": plan.reference, "step": step.key, "attempt": step.attempts},
    )


def step_released(plan: Plan, step: Step, *, actor: Actor) -> Entry:
    """A person lets a parked step try again."""
    return record("step.released", actor=actor, entity=plan.entity, objects=[step_ref(plan, step.key), plan_ref(plan)])


def template_published(template: PlanTemplate, *, actor: Actor) -> Entry:
    return record(
        "template.published",
        actor=actor,
        entity=template.entity,
        objects=[ObjectRef("template", template.name, str(template.version))],
        data={"digest": template.digest},
    )
