"""A company in the middle of buying: one award waits for a decision, one request has questions, one order is out."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client

from agents.models import Plan
from approvals.models import Proposal
from ledger import clock
from ledger.models import CostCentre, LegalEntity, Person
from ledger.rights import Role
from procure.models import Order, Requisition, SourcingEvent
from tests import told
from tests.agents import market
from tests.cast import headquarters, make_person

SignIn = Callable[[Person], Client]


@dataclass(frozen=True, slots=True)
class Story:
    """`award` waits for Ada; `order` was issued by an earlier one; `asked` waits for Rita's answers."""

    entity: LegalEntity
    cast: dict[str, Person]
    requisition: Requisition
    event: SourcingEvent
    award: Proposal
    plan: Plan
    asked: Requisition
    order: Order


@pytest.fixture
def sign_in() -> SignIn:
    def signed_in(person: Person) -> Client:
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return signed_in


@pytest.fixture
def company(entity: LegalEntity, ada: Person, amir: Person, cost_centre: CostCentre) -> LegalEntity:
    """A policy, a budget, suppliers; nothing has happened yet."""
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre)
    return entity


def cast_of(entity: LegalEntity) -> dict[str, Person]:
    ada = make_person("ada", Role.APPROVER, entity=entity)
    return {
        "ada": ada,
        "amir": make_person("amir", Role.APPROVER, entity=entity),
        "rita": make_person("rita", Role.REQUESTER, entity=entity, manager=ada),
        "ben": make_person("ben", Role.BUYER, entity=entity),
        "olga": make_person("olga", Role.ADMINISTRATOR, entity=entity),
        "ivan": make_person("ivan", Role.AUDITOR, entity=entity),
    }


def award_for(entity: LegalEntity, person: Person) -> Proposal:
    """A request that came as far as an award that asks."""
    market.ask_for(f"{market.WORDS}, cost centre PROG", person=person, entity=entity)
    market.work()
    event = SourcingEvent.objects.order_by("-pk")[0]
    for vendor, price in (("VEN-001", "7.10"), ("VEN-002", "7.30"), ("VEN-003", "7.00")):
        market.quote(event, vendor, price)
    market.reach_deadline(event)
    market.work()
    return Proposal.objects.filter(status=Proposal.Status.WAITING).order_by("-pk")[0]


def tell() -> Story:
    entity = headquarters()
    cast = cast_of(entity)
    centre = CostCentre.objects.create(entity=entity, code="PROG", name="Programmes", owner=cast["ada"])
    market.open_market(entity)
    market.set_up(entity, cast["ada"], cast["amir"], centre)
    market.approve(award_for(entity, cast["rita"]), cast["ada"])
    market.work()
    award = award_for(entity, cast["rita"])
    asked = market.ask_for("20 laptops, asap", person=cast["rita"], entity=entity)
    market.work()
    clock.shift(timedelta(0))
    event = SourcingEvent.objects.order_by("-pk")[0]
    return Story(
        entity=entity,
        cast=cast,
        requisition=event.requisition,
        event=event,
        award=award,
        plan=Plan.objects.get(subject_key=event.requisition.reference),
        asked=asked,
        order=Order.objects.get(),
    )


@pytest.fixture(scope="module")
def _told(django_db_setup, django_db_blocker) -> Iterator[Story]:
    with django_db_blocker.unblock(), told.standing("buying", tell) as story:
        yield story


@pytest.fixture
def story(_told: Story, db: None) -> Story:
    """Told once; each test has a transaction of its own, and rows as they were read then."""
    return copy.deepcopy(_told)
