"""What people have on the drawing board: plan templates that are not proposed yet, one a person and name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agents.commands import PublishTemplate
from agents.errors import BadTemplate
from agents.models import PlanTemplate, TemplateDraft
from agents.templates import MOST_BYTES, is_storable
from approvals import proposals
from approvals.models import Proposal
from ledger import clock, rights
from ledger.actors import Actor
from ledger.errors import InvalidInput, NotFound
from ledger.models import LegalEntity, Person

MOST = 40
RIGHT = "template.edit"


def of(person: Person, entity: LegalEntity) -> QuerySet[TemplateDraft]:
    return TemplateDraft.objects.filter(person=person, entity=entity)


def find(name: str, *, person: Person, entity: LegalEntity) -> TemplateDraft:
    """The person's own; nobody sees another's."""
    if found := of(person, entity).filter(name=name).first():
        return found
    raise NotFound(_("You have no draft of “%(name)s”.") % {"name": name[:60]})


def begin(
    name: str, *, actor: Actor, entity: LegalEntity, version: PlanTemplate | None = None, blank: Mapping[str, Any]
) -> TemplateDraft:
    """The person's draft of this name; a new one says what `version` says, or is `blank`."""
    rights.require(actor, RIGHT)
    person = Person.objects.get(pk=actor.person_id or 0)
    mine = of(person, entity)
    if (known := mine.filter(name=name).first()) and version is None:
        return known
    if not known and mine.count() >= MOST:
        raise InvalidInput(_("You have %d drafts: propose or throw away some of them first.") % MOST)
    in_force = PlanTemplate.objects.filter(entity=entity, name=name, status=PlanTemplate.Status.PUBLISHED).first()
    source = version or in_force
    draft, _created = TemplateDraft.objects.update_or_create(
        entity=entity,
        person=person,
        name=name,
        defaults={
            "base_version": in_force.version if in_force else 0,
            "definition": source.definition if source else dict(blank),
            "changed_at": clock.now(),
        },
    )
    return draft


def keep(draft: TemplateDraft, *, definition: Mapping[str, Any], rationale: str, actor: Actor) -> TemplateDraft:
    """As it is now, sound or not. What is too large or cannot be kept is refused, and the draft stays as it was."""
    _require_own(draft, actor)
    if not is_storable(definition) or len(json.dumps(definition)) > 2 * MOST_BYTES:
        raise BadTemplate(_("This is too large or holds characters that cannot be kept."))
    draft.definition, draft.rationale, draft.changed_at = dict(definition), rationale[:5000], clock.now()
    draft.save(update_fields=["definition", "rationale", "changed_at"])
    return draft


def rebase(draft: TemplateDraft, *, actor: Actor) -> TemplateDraft:
    """From here on it is to replace the version that is in force now."""
    _require_own(draft, actor)
    rows = PlanTemplate.objects.filter(entity=draft.entity, name=draft.name, status=PlanTemplate.Status.PUBLISHED)
    draft.base_version = rows.values_list("version", flat=True).first() or 0
    draft.save(update_fields=["base_version"])
    return draft


def discard(draft: TemplateDraft, *, actor: Actor) -> None:
    _require_own(draft, actor)
    draft.delete()


def command_of(draft: TemplateDraft) -> PublishTemplate:
    return PublishTemplate(
        entity=draft.entity.code, name=draft.name, base_version=draft.base_version, definition=draft.definition
    )


def propose(draft: TemplateDraft, *, actor: Actor) -> Proposal:
    """Makes it a proposal, and clears the drawing board."""
    _require_own(draft, actor)
    if not draft.rationale.strip():
        raise InvalidInput(_("Say why: whoever decides needs a reason."))
    with transaction.atomic():
        made = proposals.propose(
            commands=[command_of(draft)], actor=actor, entity=draft.entity, rationale=draft.rationale
        )
        draft.delete()
    return made


def _require_own(draft: TemplateDraft, actor: Actor) -> None:
    rights.require(actor, RIGHT)
    if draft.person_id != actor.person_id:
        raise NotFound()
