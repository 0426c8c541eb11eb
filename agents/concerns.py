"""Which plans have to do with an object: by their subject, by what their steps came to, and by what lies around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from agents import references, roles
from agents.models import Plan, PlanConcern, Step
from ledger.command import ObjectRef
from ledger.models import LegalEntity
from procure import queries


def note(plan: Plan, step: Step, result: Mapping[str, Any]) -> None:
    """Keeps what this result names, in one statement; in none when results of its type name nothing."""
    role, task = step.role, str(step.spec.get("task", ""))
    if _names_any(role, task):
        keep(plan, references.of(result, roles.gives(role, task) or {}))


@lru_cache(maxsize=512)
def _names_any(role: str, task: str) -> bool:
    return references.has_any(roles.gives(role, task) or {})


def keep(plan: Plan, found: Iterable[ObjectRef]) -> None:
    rows = [PlanConcern(plan_id=plan.pk, kind=each.kind, key=each.key) for each in found]
    if rows:
        PlanConcern.objects.bulk_create(rows, ignore_conflicts=True)


def live_plans(objects: Iterable[ObjectRef], *, entity: LegalEntity) -> QuerySet[Plan]:
    """Plans at work that concern every one of these objects, oldest first; none when none is named."""
    found = Plan.objects.filter(entity=entity, status__in=Plan.LIVE)
    wanted = list(objects)
    for each in wanted:
        found = found.filter(_concerns(each, entity))
    return found.order_by("pk") if wanted else found.none()


def _concerns(object_: ObjectRef, entity: LegalEntity) -> Q:
    """The object itself, or one through which it is concerned now: who is invited and what is asked for may change
    while a plan runs, so that is looked up and not kept."""
    there = PlanConcern.objects.filter(plan=OuterRef("pk"))
    wanted = Q(subject_kind=object_.kind, subject_key=object_.key)
    wanted |= Q(Exists(there.filter(kind=object_.kind, key=object_.key)))
    for kind, keys in queries.around(object_, entity=entity).items():
        wanted |= Q(subject_kind=kind, subject_key__in=keys) | Q(Exists(there.filter(kind=kind, key__in=keys)))
    return wanted
