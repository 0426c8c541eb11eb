"""Writing policies: the first at set-up, each later one by a carried-out proposal. Reading is the rulebook's room."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from approvals import entries
from approvals.models import PolicyVersion
from approvals.rulebook import check, in_force, shipped, version_in_force
from ledger import clock
from ledger.actors import Actor
from ledger.command import digest
from ledger.errors import InvalidInput, Stale
from ledger.importing import importing
from ledger.models import LegalEntity, Person

__all__ = ["check", "in_force", "publish_genesis", "replace", "shipped", "version_in_force"]


def publish_genesis(
    *, entity: LegalEntity, by: Sequence[Person], document: dict[str, Any] | None = None
) -> PolicyVersion:
    """The first version, by the first two people named. Once there is a policy, only a proposal changes it."""
    if len({person.pk for person in by}) < 2:
        raise InvalidInput(_("The first policy is published by two different people."))
    document = document or shipped()
    if problems := check(document):
        raise InvalidInput(_("The policy has problems: %(first)s") % {"first": problems[0].message})
    if PolicyVersion.objects.filter(entity=entity).exists():
        raise Stale(_("There is a policy already: propose a new version instead."))
    try:
        with importing("genesis policy", digest(document)):
            version = _add(entity, document, ", ".join(str(person) for person in by))
            entries.policy_published(version, actor=Actor.human(by[0]), by=[person.pk for person in by])
    except IntegrityError:
        raise Stale(_("There is a policy already: propose a new version instead.")) from None
    return version


def replace(base: PolicyVersion, document: dict[str, Any], *, published_by: str) -> PolicyVersion:
    """Retires `base` and puts `document` in force. For handlers only, with authority in force."""
    with transaction.atomic():
        live = PolicyVersion.objects.filter(pk=base.pk, status=PolicyVersion.Status.PUBLISHED)
        if not live.update(status=PolicyVersion.Status.RETIRED):
            raise Stale(_("Another policy version was published meanwhile."))
        return _add(base.entity, document, published_by)


def _add(entity: LegalEntity, document: dict[str, Any], published_by: str) -> PolicyVersion:
    last = PolicyVersion.objects.filter(entity=entity).aggregate(last=Max("number"))["last"] or 0
    return PolicyVersion.objects.create(
        entity=entity,
        number=last + 1,
        name=document["name"],
        document=document,
        digest=digest(document),
        status=PolicyVersion.Status.PUBLISHED,
        published_at=clock.now(),
        published_by=published_by[:200],
    )
