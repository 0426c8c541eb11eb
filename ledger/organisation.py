"""Legal entities, cost centres and people: the verbs behind set-up and demo. Day by day they are kept in the admin."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from ledger import chain, entries, rights
from ledger.actors import Actor
from ledger.errors import InvalidInput
from ledger.models import CostCentre, LegalEntity, Person
from ledger.rights import Role

#: The only actor besides administrators that adds to the organisation: there is nobody else at the beginning.
SET_UP = Actor.system("set-up")


def found(
    *,
    code: str,
    name: str,
    base_currency: str,
    origin: str,
    actor: Actor,
    log: str = "main",
    country: str = "",
    time_zone: str = "UTC",
) -> LegalEntity:
    """A company and, with the first one, the log that it writes in. `origin` names the log to the world, for ever."""
    _require(actor)
    with transaction.atomic():
        head = chain.begin(log, origin=origin)
        entity = LegalEntity(
            code=code, name=name, base_currency=base_currency, country=country, time_zone=time_zone, log=head
        )
        try:
            entity.full_clean()
        except ValidationError as error:
            raise InvalidInput(" ".join(error.messages)) from None
        entity.save()
        ensure_roles()
        entries.organisation_kept(entity, how="added", fields=[], actor=actor)
    return entity


def hire(
    *,
    username: str,
    roles: Sequence[Role],
    entity: LegalEntity,
    actor: Actor,
    password: str | None = None,
    email: str = "",
    first_name: str = "",
    last_name: str = "",
    job_title: str = "",
    manager: Person | None = None,
) -> Person:
    """Somebody who may sign in; without a password they cannot until an administrator sets one."""
    _require(actor)
    if Person.objects.filter(username__iexact=username).exists():
        raise InvalidInput(f"There is somebody with the user name “{username}” already.")
    with transaction.atomic():
        ensure_roles()
        person = Person.objects.create_user(
            username=username,
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            job_title=job_title,
            entity=entity,
            manager=manager,
            time_zone=entity.time_zone,
            is_staff=True,
        )
        person.groups.set(Group.objects.filter(name__in=[str(role) for role in roles]))
        entries.organisation_kept(person, how="added", fields=[], actor=actor)
    return person


def open_cost_centre(
    *, entity: LegalEntity, code: str, name: str, actor: Actor, owner: Person | None = None
) -> CostCentre:
    _require(actor)
    with transaction.atomic():
        cost_centre = CostCentre.objects.create(entity=entity, code=code, name=name, owner=owner)
        entries.organisation_kept(cost_centre, how="added", fields=[], actor=actor)
    return cost_centre


def ensure_roles() -> None:
    """The groups that carry the roles of ledger.rights."""
    for role in Role:
        Group.objects.get_or_create(name=str(role))


def _require(actor: Actor) -> None:
    if actor != SET_UP:
        rights.require(actor, "people.manage")
