"""Which trigger rules are in force. Until a company publishes its own, those that ship are, as version 0.

People publish through the gate: a proposal, two of them, and then `replace` under its authority.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from agents import templates, trigger_rules
from agents.definition import Definition
from agents.errors import BadRules
from agents.models import TriggerRules
from agents.trigger_rules import Problem, Rule
from ledger import clock
from ledger.command import canonical, digest
from ledger.errors import NotFound, Stale
from ledger.models import LegalEntity, Person

SHIPPED = Path(__file__).parent / "shipped_rules.json"
RIGHT = "template.edit"
Status = TriggerRules.Status


def shipped() -> list[dict[str, Any]]:
    return list(json.loads(SHIPPED.read_text()))


def version_in_force(entity: LegalEntity) -> TriggerRules | None:
    """None: those that ship are."""
    return TriggerRules.objects.filter(entity=entity, status=Status.PUBLISHED).first()


def data_in_force(entity: LegalEntity) -> list[dict[str, Any]]:
    found = version_in_force(entity)
    return shipped() if found is None else found.rules


def in_force(entity: LegalEntity) -> list[Rule]:
    """What this release cannot read of them any more is left out: the others go on."""
    rules, _unread = trigger_rules.read(data_in_force(entity))
    return rules


def problems(data: Any, *, entity: LegalEntity) -> list[Problem]:
    """Everything that keeps these rules from being published, each with its place. It never raises."""
    if not templates.is_storable(data):
        return [Problem(0, "", "", "This is too deep, or holds a character that cannot be kept.")]
    return trigger_rules.problems(data, template_of=lambda name: _template(entity, name))


def _template(entity: LegalEntity, name: str) -> Definition | None:
    """In force, or shipped and put in force when it is first needed."""
    try:
        return templates.definition_of(templates.in_force(entity, name))
    except NotFound:
        return templates.shipped_definition(entity, name)


def require_sound(data: Any, *, entity: LegalEntity) -> list[dict[str, Any]]:
    """The rules as they are sealed; `BadRules` names every problem's place."""
    if found := problems(data, entity=entity):
        told = " ".join(map(str, found[:20]))
        raise BadRules(f"These trigger rules cannot be published. {told}", problems=[each.as_json() for each in found])
    return [canonical(each.as_json()) for each in trigger_rules.read(data)[0]]


def replace(
    *, entity: LegalEntity, base_version: int, rules: Any, by: list[Person]
) -> tuple[TriggerRules | None, TriggerRules]:
    """Retires the version in force and puts this one there. For handlers only, with authority in force."""
    data = require_sound(rules, entity=entity)
    with transaction.atomic():
        LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
        base = version_in_force(entity)
        now = base.version if base else 0
        if now != base_version:
            raise Stale(f"Version {now} of the trigger rules is in force meanwhile, not {base_version}.")
        TriggerRules.objects.filter(entity=entity, status=Status.PUBLISHED).update(status=Status.RETIRED)
        made = TriggerRules.objects.create(
            entity=entity,
            version=now + 1,
            rules=data,
            digest=digest(data),
            published_at=clock.now(),
            published_by=", ".join(map(str, by))[:200],
        )
    return base, made
