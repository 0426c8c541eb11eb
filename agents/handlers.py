"""Carries out this floor's commands, inside the transaction and under the authority of an approved proposal."""

from __future__ import annotations

from agents import entries, templates, trigger_versions
from agents.commands import PublishTemplate, PublishTriggers, RetireTemplate
from approvals import queries
from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried
from ledger.errors import NotFound
from ledger.models import LegalEntity


def publish_template(
    command: PublishTemplate, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    if command.entity != entity.code:
        raise NotFound()
    people = queries.people_behind(authority.reference)
    base, template = templates.replace(
        entity=entity,
        name=command.name,
        base_version=command.base_version,
        definition=command.definition,
        by=people,
    )
    entries.template_published(template, actor=actor, by=people, causes=[cause])
    at = {"entity": entity.code, "name": command.name}
    return Carried(
        result={"template": template.name, "version": template.version, "digest": template.digest},
        objects=(entries.template_ref(template),),
        compensation=PublishTemplate(**at, base_version=template.version, definition=base.definition)
        if base
        else RetireTemplate(**at, version=template.version),
    )


def retire_template(
    command: RetireTemplate, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    if command.entity != entity.code:
        raise NotFound()
    template = templates.retire(entity=entity, name=command.name, version=command.version)
    by = queries.people_behind(authority.reference)
    entries.template_retired(template, actor=actor, by=by, causes=[cause])
    return Carried(
        result={"template": template.name, "version": template.version},
        objects=(entries.template_ref(template),),
        compensation=PublishTemplate(
            entity=entity.code, name=template.name, base_version=0, definition=template.definition
        ),
    )


def publish_triggers(
    command: PublishTriggers, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    if command.entity != entity.code:
        raise NotFound()
    people = queries.people_behind(authority.reference)
    base, made = trigger_versions.replace(
        entity=entity, base_version=command.base_version, rules=command.rules, by=people
    )
    entries.triggers_published(made, actor=actor, by=people, causes=[cause])
    return Carried(
        result={"version": made.version, "digest": made.digest},
        objects=(entries.triggers_ref(made),),
        compensation=PublishTriggers(
            entity=entity.code,
            base_version=made.version,
            rules=base.rules if base else trigger_versions.shipped(),
        ),
    )
