"""Carries out this floor's commands, inside the transaction and under the authority of an approved proposal."""

from __future__ import annotations

from approvals import bounds, entries, policies, queries
from approvals.commands import AdjustBounds, PublishPolicy
from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried, ObjectRef
from ledger.errors import NotFound, Stale
from ledger.models import LegalEntity


def publish_policy(
    command: PublishPolicy, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    base = policies.version_in_force(entity)
    if command.entity != entity.code:
        raise NotFound()
    if base.number != command.base_version:
        raise Stale(f"Version {base.number} is in force meanwhile, not {command.base_version}. Start from that one.")
    people = queries.people_behind(authority.reference)
    version = policies.replace(base, command.document, published_by=", ".join(str(person) for person in people))
    entries.policy_published(version, actor=actor, by=[person.pk for person in people], replaces=base, causes=[cause])
    return Carried(
        result={"version": version.number, "digest": version.digest},
        objects=(ObjectRef("policy", str(version.number)),),
        compensation=PublishPolicy(entity=entity.code, base_version=version.number, document=base.document),
    )


def adjust_bounds(
    command: AdjustBounds, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    if command.entity != entity.code:
        raise NotFound()
    before, after = bounds.replace(entity, command.role, command.model_dump(exclude={"entity", "role"}))
    entries.bounds_adjusted(after, actor=actor, causes=[cause])
    names = set(AdjustBounds.model_fields) - {"entity", "role"}
    former = {name: getattr(before, name) for name in names} if before else {"on": False}
    return Carried(
        result={"role": after.role, "version": after.version},
        objects=(ObjectRef("bounds", after.role, str(after.version)),),
        compensation=AdjustBounds(entity=entity.code, role=command.role, **former),
    )
