"""The cast: people with names and roles, at one company. Fixtures reach tests through tests/conftest.py."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group

from ledger import chain
from ledger.models import CostCentre, LegalEntity, Person
from ledger.rights import Role

PASSWORD = "correct horse battery staple"


def make_person(username: str, *roles: Role, entity: LegalEntity, **fields: object) -> Person:
    """Somebody who can sign in with PASSWORD and holds these roles."""
    person = Person.objects.create_user(
        username=username,
        email=f"{username}@hq.example",
        password=PASSWORD,
        first_name=username.title(),
        entity=entity,
        is_staff=True,
        **fields,
    )
    person.groups.set([Group.objects.get_or_create(name=str(role))[0] for role in roles])
    return person


def headquarters() -> LegalEntity:
    """The company, with a log of its own that is empty."""
    head = chain.begin("main", origin="procure.example/hq")
    return LegalEntity.objects.create(
        code="HQ", name="Headquarters", base_currency="USD", country="US", time_zone="UTC", log=head
    )


@pytest.fixture
def entity(db: None) -> LegalEntity:
    return headquarters()


@pytest.fixture
def rita(entity: LegalEntity, ada: Person) -> Person:
    """Requester; Ada is her manager."""
    return make_person("rita", Role.REQUESTER, entity=entity, manager=ada)


@pytest.fixture
def ben(entity: LegalEntity) -> Person:
    """Buyer."""
    return make_person("ben", Role.BUYER, entity=entity)


@pytest.fixture
def ada(entity: LegalEntity) -> Person:
    """Approver, owner of the cost centre PROG."""
    return make_person("ada", Role.APPROVER, entity=entity)


@pytest.fixture
def amir(entity: LegalEntity) -> Person:
    """Second approver."""
    return make_person("amir", Role.APPROVER, entity=entity)


@pytest.fixture
def olga(entity: LegalEntity) -> Person:
    """Administrator."""
    return make_person("olga", Role.ADMINISTRATOR, entity=entity)


@pytest.fixture
def ivan(entity: LegalEntity) -> Person:
    """Auditor."""
    return make_person("ivan", Role.AUDITOR, entity=entity)


@pytest.fixture
def cost_centre(entity: LegalEntity, ada: Person) -> CostCentre:
    return CostCentre.objects.create(entity=entity, code="PROG", name="Programmes", owner=ada)
