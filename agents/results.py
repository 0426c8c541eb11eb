"""What steps have come to, as it counts now: a person's override in place of the step's own result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import JSONField, OuterRef, QuerySet, Subquery

from agents import flow, given, roles
from agents.definition import StepSpec
from agents.errors import WrongType
from agents.models import Plan, Step, StepOverride
from agents.values import Record, misfit
from ledger.command import canonical

#: What a step with branches comes to.
GATHERED: Record = {"branches": "list of any", "done": "integer", "failed": "integer"}


@dataclass(frozen=True, slots=True)
class Known:
    """The results of a plan's done steps by key, and what each step came after."""

    results: Mapping[str, Mapping[str, Any]]
    after: Mapping[str, Sequence[str]]


def effective(plan: Plan) -> dict[str, Mapping[str, Any]]:
    return dict(known(plan).results)


def known(plan: Plan) -> Known:
    rows = _done(plan).values_list("key", "after", "result", "overridden")
    found = list(rows)
    return Known(
        results={key: result if over is None else over for key, _, result, over in found},
        after={key: after for key, after, _, _ in found},
    )


def of(step: Step) -> Mapping[str, Any] | None:
    """Of one step; None while it has none."""
    latest = step.overrides.order_by("-id").values_list("result", flat=True).first()
    return step.result if latest is None else latest


def _done(plan: Plan) -> QuerySet[Any]:
    latest = StepOverride.objects.filter(step=OuterRef("pk")).order_by("-id").values("result")[:1]
    done = Step.objects.filter(plan=plan, status=Step.Status.DONE)
    return done.annotate(overridden=Subquery(latest, output_field=JSONField()))


def given_to(step: Step, spec: StepSpec, known: Known, undone: Step | None = None) -> dict[str, Any]:
    """What the template hands the task, typed as its role wants it; raises `Unresolved`.

    What takes another step back is handed that one's result, and what that one was handed.
    """
    begun = undone or step
    seen = flow.seen_from(begun.key, {**known.after, begun.key: begun.after}, known.results)
    role = roles.load(step.role).SPECIFICATION
    sources = spec.given or role.assumed.get(spec.task, {})
    found = given.resolve(sources, inputs=step.plan.inputs, results=seen, item=begun.item)
    if undone is not None:
        found = {**(known.results.get(undone.key) or {}), **found}
    given.require(found, role.takes.get(spec.task, {}))
    return found


def gives(step: Step) -> Record:
    """The type of the step's result as its role declares it; empty when it says nothing."""
    if not step.fanned_id and (step.spec.get("each") or step.spec.get("along")):
        return GATHERED
    return roles.load(step.role).SPECIFICATION.gives.get(str(step.spec.get("task", "")), {})


def require(step: Step, result: Mapping[str, Any]) -> dict[str, Any]:
    """The result as plain JSON, if it is of the type that the step gives."""
    plain = canonical(dict(result))
    if problem := misfit(plain, gives(step)):
        raise WrongType(f"The result of “{step.key}” has the wrong type: {problem}.")
    return plain
