"""The people of the demo tenant, and the one password they share on this machine."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group

from ledger.models import LegalEntity, Person
from ledger.rights import Role

#: Of the demo tenant. A company of one's own has another.
ENTITY_CODE = "DEMO"
#: Enough for a demo on this machine, and still typed without trouble: no look-alikes.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Member:
    username: str
    first_name: str
    last_name: str
    job_title: str
    role: Role
    manager: str = ""


CAST = (
    Member("ada", "Ada", "Okafor", "Head of programmes", Role.APPROVER),
    Member("amir", "Amir", "Haddad", "Head of finance", Role.APPROVER),
    Member("ben", "Ben", "Lindqvist", "Procurement officer", Role.BUYER, manager="ada"),
    Member("rita", "Rita", "Moreau", "Programme officer", Role.REQUESTER, manager="ada"),
    Member("olga", "Olga", "Brandt", "Systems administrator", Role.ADMINISTRATOR),
    Member("ivan", "Ivan", "Petrov", "Internal auditor", Role.AUDITOR),
)


def ensure(entity: LegalEntity) -> dict[str, Person]:
    """Makes who is missing and leaves who is there as they are; a lost password is replaced for all."""
    lost = not _kept_at().exists()
    password = _password()
    groups = {role: Group.objects.get_or_create(name=str(role))[0] for role in Role}
    people: dict[str, Person] = {}
    for member in CAST:
        person, created = Person.objects.get_or_create(
            username=member.username,
            defaults={
                "email": f"{member.username}@example.org",
                "first_name": member.first_name,
                "last_name": member.last_name,
                "job_title": member.job_title,
                "manager": people.get(member.manager),
                "entity": entity,
                "is_staff": True,
            },
        )
        if created:
            person.groups.set([groups[member.role]])
        if created or lost:
            person.set_password(password)
            person.save(update_fields=["password"])
        people[member.username] = person
    return people


def sign_ins() -> list[tuple[str, str, str]]:
    """(username, role, password) of the cast; empty when this is not the demo tenant."""
    if not LegalEntity.objects.filter(code=ENTITY_CODE).exists() or not _kept_at().exists():
        return []
    password = _password()
    return [(each.username, str(each.role.label), password) for each in CAST]


def _kept_at() -> Path:
    return Path(settings.VAR_DIR) / "demo-signins.txt"


def _password() -> str:
    """Random, made on the first run and kept in a file that only its owner can read."""
    path = _kept_at()
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text("-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4)) + "\n")
    except FileExistsError:
        pass
    return path.read_text().strip()
