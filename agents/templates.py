"""Plan templates: publishing validates, a published version never changes, plans stay on theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction

from agents import entries, roles
from agents.definition import Definition, parse, problems
from agents.errors import BadTemplate
from agents.models import PlanTemplate
from ledger import clock, rights
from ledger.actors import Actor
from ledger.command import canonical, digest
from ledger.errors import NotFound
from ledger.models import LegalEntity

SHIPPED = Path(__file__).parent / "shipped"
SETUP = Actor.system("set-up")


def shipped() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(SHIPPED.glob("*.json"))}


def publish(*, name: str, definition: Mapping[str, Any], actor: Actor, entity: LegalEntity) -> PlanTemplate:
    """The next version, in force from now on. The same definition again is the version in force."""
    if actor.is_human:
        rights.require(actor, "policy.edit")
    if found := problems(parse(definition), tasks_of=roles.tasks_of):
        raise BadTemplate(f"“{name}” cannot be published. {' '.join(found)}", problems=found)
    data = canonical(dict(definition))
    with transaction.atomic():
        LegalEntity.objects.select_for_update(no_key=True).get(pk=entity.pk)
        versions = PlanTemplate.objects.filter(entity=entity, name=name)
        latest = versions.order_by("-version").first()
        if latest and latest.status == PlanTemplate.Status.PUBLISHED and latest.digest == digest(data):
            return latest
        versions.filter(status=PlanTemplate.Status.PUBLISHED).update(status=PlanTemplate.Status.RETIRED)
        template = PlanTemplate.objects.create(
            entity=entity,
            name=name,
            version=latest.version + 1 if latest else 1,
            definition=data,
            digest=digest(data),
            published_at=clock.now(),
        )
        entries.template_published(template, actor=actor)
    return template


def publish_shipped(entity: LegalEntity, *, actor: Actor = SETUP) -> list[PlanTemplate]:
    """Publishes what ships and is not there yet; what a tenant has made of it stays in force."""
    return [
        publish(name=name, definition=definition, actor=actor, entity=entity)
        for name, definition in shipped().items()
        if not PlanTemplate.objects.filter(entity=entity, name=name).exists()
    ]


def in_force(entity: LegalEntity, name: str) -> PlanTemplate:
    published = PlanTemplate.objects.filter(entity=entity, name=name, status=PlanTemplate.Status.PUBLISHED)
    if template := published.first():
        return template
    raise NotFound(f"No plan template “{name}” is in force. Publish one, or run `manage.py demo` for those that ship.")


def definition_of(template: PlanTemplate) -> Definition:
    """A stored definition that no longer fits its digest is refused, never guessed."""
    if digest(template.definition) != template.digest:
        raise BadTemplate(f"{template} is not what was published; publish it anew.")
    return parse(template.definition)
