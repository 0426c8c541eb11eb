"""Starts a company of one's own in an empty database: entity, first people, cost centres, first policy."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from agents import templates
from approvals import bounds, policies
from ledger import chain
from ledger.actors import Actor
from ledger.command import ObjectRef
from ledger.errors import DomainError, InvalidInput
from ledger.journal import record
from ledger.models import CostCentre, LegalEntity, Person
from ledger.rights import Role

PERSON = re.compile(r"^\s*(?P<name>[^<>]{1,150}?)\s*<(?P<mail>[^<>\s]{3,254})>\s*(?P<roles>[a-z, ]*)$")
CENTRE = re.compile(r"^\s*(?P<code>[A-Za-z0-9][A-Za-z0-9._-]{0,39})\s+(?P<name>\S.{0,199})$")


class NotEmpty(DomainError):
    """This database is in use already. Name another one in DATABASE_URL to start a company."""

    code = "not_empty"


@dataclass(frozen=True, slots=True)
class Newcomer:
    name: str
    mail: str
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """What a new company starts with. The first two people publish the first policy and so answer for it."""

    name: str
    code: str
    currency: str
    country: str
    time_zone: str
    people: tuple[Newcomer, ...]
    cost_centres: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    entity: LegalEntity
    #: (username, first password) of everybody.
    sign_ins: tuple[tuple[str, str], ...]
    kept_at: Path


def newcomer(text: str, *, roles: Sequence[Role] = ()) -> Newcomer:
    """From “Ada Okafor <ada@example.org> approver, buyer”; `roles` come first."""
    found = PERSON.match(text)
    if not found:
        raise InvalidInput(_("Write a person as “Name <mail address>”, not “%s”.") % text[:80])
    try:
        validate_email(found["mail"])
        more = [Role(each) for each in re.split(r"[ ,]+", found["roles"]) if each]
    except ValidationError:
        raise InvalidInput(_("“%s” is not a mail address.") % found["mail"][:80]) from None
    except ValueError:
        raise InvalidInput(_("Roles are %s.") % ", ".join(Role.values)) from None
    return Newcomer(found["name"], found["mail"].lower(), tuple(dict.fromkeys([*roles, *more])))


def cost_centre(text: str) -> tuple[str, str]:
    """From “PROG-NG Programme Nigeria”."""
    found = CENTRE.match(text)
    if not found:
        raise InvalidInput(_("Write a cost centre as “CODE Name”, not “%s”.") % text[:80])
    return found["code"].upper(), found["name"].strip()


def check(opening: Opening) -> None:
    if opening.currency not in list_currencies():
        raise InvalidInput(_("“%s” is not an ISO 4217 currency code.") % opening.currency[:10])
    if not re.fullmatch(r"[A-Z]{2}", opening.country):
        raise InvalidInput(_("“%s” is not a two-letter country code.") % opening.country[:10])
    if opening.time_zone not in available_timezones():
        raise InvalidInput(_("“%s” is not a time zone. Write it like Europe/Berlin.") % opening.time_zone[:40])
    if not opening.name.strip() or len(opening.name) > 200:
        raise InvalidInput(_("The company needs a name of at most 200 characters."))
    if not re.fullmatch(r"[A-Z0-9][A-Z0-9-]{0,19}", opening.code):
        raise InvalidInput(_("The company needs a short code of capital letters and digits."))
    administrators = [each for each in opening.people if Role.ADMINISTRATOR in each.roles]
    if len({each.mail for each in opening.people}) != len(opening.people):
        raise InvalidInput(_("Two people have the same mail address."))
    if len(administrators) < 2:
        raise InvalidInput(_("Name two administrators: together they publish the first policy."))
    if len({code for code, _name in opening.cost_centres}) != len(opening.cost_centres):
        raise InvalidInput(_("Two cost centres have the same code."))


def open_company(opening: Opening) -> Opened:
    """Everything or nothing. Raises `NotEmpty` and `InvalidInput`."""
    check(opening)
    with transaction.atomic():
        if LegalEntity.objects.exists() or Person.objects.exists():
            raise NotEmpty()
        log = chain.begin("main", origin=chain.fresh_origin(f"procure/{slugify(opening.code)}"))
        entity = LegalEntity.objects.create(
            code=opening.code,
            name=opening.name.strip(),
            base_currency=opening.currency,
            country=opening.country,
            time_zone=opening.time_zone,
            log=log,
        )
        people, sign_ins = _welcome(opening.people, entity)
        for code, name in opening.cost_centres:
            CostCentre.objects.create(entity=entity, code=code, name=name, owner=people[0])
        _record(entity, people, opening)
        _publish(entity, [each for each in people if Role.ADMINISTRATOR in each.role_names][:2])
        kept_at = _keep(sign_ins)
    return Opened(entity, sign_ins, kept_at)


def _welcome(newcomers: Sequence[Newcomer], entity: LegalEntity) -> tuple[list[Person], tuple[tuple[str, str], ...]]:
    groups = {role: Group.objects.get_or_create(name=str(role))[0] for role in Role}
    people, sign_ins = [], []
    for each in newcomers:
        password = secrets.token_urlsafe(12)
        first, _space, last = each.name.partition(" ")
        person = Person.objects.create_user(
            username=_free_username(each.mail),
            email=each.mail,
            password=password,
            first_name=first,
            last_name=last,
            entity=entity,
            is_staff=True,
        )
        person.groups.set([groups[role] for role in each.roles])
        people.append(person)
        sign_ins.append((person.username, password))
    return people, tuple(sign_ins)


def _free_username(mail: str) -> str:
    wanted = slugify(mail.split("@")[0])[:100] or "person"
    taken = set(Person.objects.filter(username__startswith=wanted).values_list("username", flat=True))
    return next(each for number in range(1, 10_000) if (each := wanted + str(number) * (number > 1)) not in taken)


def _record(entity: LegalEntity, people: Sequence[Person], opening: Opening) -> None:
    roles = {str(person.pk): ",".join(each.roles) for person, each in zip(people, opening.people, strict=True)}
    record(
        "entity.opened",
        actor=Actor.system("set-up"),
        entity=entity,
        objects=[ObjectRef("person", str(person.pk)) for person in people],
        data={
            "currency": entity.base_currency,
            "country": entity.country,
            "roles": roles,
            "cost_centres": [code for code, _name in opening.cost_centres],
        },
    )


def _publish(entity: LegalEntity, people: list[Person]) -> None:
    policies.publish_genesis(entity=entity, by=people)
    bounds.set_up_shipped(entity)
    templates.publish_shipped(entity)


def _keep(sign_ins: Sequence[tuple[str, str]]) -> Path:
    """First passwords, in a file that only its owner can read. Delete it once everybody has one of their own."""
    path = Path(settings.VAR_DIR) / "first-signins.txt"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text("".join(f"{username}\t{password}\n" for username, password in sign_ins))
    return path
