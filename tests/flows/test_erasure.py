"""Erasure, end to end: many people with marked values live in the house, are erased, and nothing of them is left."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.db import connection
from django.test import Client

from agents import plans
from agents.models import Plan
from approvals import decisions, proposals
from approvals.models import Proposal
from ledger import clock, personal, replay, switches, verification
from ledger.actors import Actor
from ledger.commands import EraseSubject
from ledger.errors import Erased
from ledger.models import Entry, Person, PersonalValue
from ledger.rights import Role
from procure import requisitions
from procure.commands import CancelOrder, InviteSuppliers, NeededLine, RaiseRequisition
from procure.models import Invitation, Order, Requisition, SourcingEvent
from procure.sourcing import bids, invitations
from tests import canary
from tests.agents import market
from tests.agents.market import work
from tests.cast import make_person
from tests.procure import market as market_of_three
from tests.vendors.rows import make_vendor
from vendors.commands import BlockVendor
from vendors.models import VendorContact

pytestmark = pytest.mark.django_db(transaction=True)


#: Stands in every value of whoever goes, and another in those of whoever stays: one look finds them all.
GONE, STAYS = "ZqXvKwJ", "BrYhNtD"


@dataclass
class Marked:
    """One subject and every value of theirs, each with a mark of its own."""

    subject: str
    values: list[str] = field(default_factory=list)
    mark: str = GONE
    requisition: Requisition | None = None

    def value(self, text: str) -> str:
        self.values.append(text)
        return text


@pytest.fixture
def house(entity, ada, amir, olga, cost_centre, settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"
    market.open_market(entity)
    market.set_up(entity, ada, amir, cost_centre, budget=100_000_000)
    return entity


def arrive(number: int, house, mark: str = GONE) -> Marked:
    """A person signs in, asks, proposes, decides, stops, and leaves a mark in each."""
    name = f"{mark.lower()}{number}q"
    person = make_person(name, Role.REQUESTER, Role.BUYER, Role.APPROVER, entity=house)
    marked = Marked(personal.person(person.pk), [name, name.title(), f"{name}@hq.example"], mark)
    person.last_name, person.job_title = (
        marked.value(f"Vögel{number}{marked.mark}"),
        marked.value(f"Jobtitel{number}{marked.mark}"),
    )
    person.save()
    actor = Actor.human(person)
    said = marked.value(f"the clinic of Zaphod{number}{marked.mark}")
    words = (
        f"{marked.value(f'glimmerstuff{number}{marked.mark}')}, 30 boxes, for {said} by mid September, see the “map”"
    )
    requisitions.capture(words=words, actor=actor, entity=house)
    decide(number, house, actor, marked)
    switches.turn(
        "sender:webhook", stop=True, actor=actor, entity=house, reason=marked.value(f"whyStop{number}{marked.mark}")
    )
    sign_in(person, marked, number)
    return marked


def answer(marked: Marked, house) -> None:
    """What the reader asked; then the plan is ended by hand."""
    number = marked.subject.partition(":")[2]
    actor = Actor.human(Person.objects.get(pk=number))
    requisition = Requisition.objects.get(requested_by=number)
    assert requisition.status == Requisition.Status.QUESTIONS
    open_now = list(requisition.questions.filter(answered_at=None).values_list("path", flat=True))
    given = {path: marked.value(f"reply{number}{marked.mark}{place}") for place, path in enumerate(open_now)}
    requisitions.answer(requisition, given, actor=actor)
    marked.requisition = requisition


def buy(marked: Marked, house) -> None:
    """What one of them asked for goes the whole way: invited, mailed, quoted, awarded, ordered, sent to the ERP."""
    requisition = marked.requisition
    requisition.refresh_from_db()
    what = marked.value(f"a glimmerkind for Trillian {marked.mark}")
    line = NeededLine(description=what, quantity=Decimal(30), unit="box")
    market_of_three.carry(
        RaiseRequisition(requisition=requisition.reference, lines=[line], cost_centre="PROG", deliver_to="NG"),
        entity=house,
    )
    title = marked.value(f"thirty glimmers for the ward of Marvin {marked.mark}")
    keys = ["VEN-001", "VEN-002"]
    market_of_three.carry(
        InviteSuppliers(requisition=requisition.reference, title=title, vendors=keys, deadline_hours=24), entity=house
    )
    event = SourcingEvent.objects.get(requisition=requisition)
    work()
    market.quote(event, "VEN-001", "2.50")
    market.reach_deadline(event)
    work()
    event.refresh_from_db()
    market_of_three.carry(market_of_three.award_of(event), entity=house)
    order = market_of_three.order_of(event)
    assert order.lines[0].description == what
    market_of_three.carry(order, entity=house)
    work()
    market_of_three.carry(CancelOrder(order=Order.objects.get().reference, reason="no more need"), entity=house)
    work()


def end(marked: Marked) -> None:
    """The plan of one who only asked is ended by hand."""
    number = marked.subject.partition(":")[2]
    plan = Plan.objects.get(subject_key=marked.requisition.reference)
    if plan.is_live:
        actor = Actor.human(Person.objects.get(pk=number))
        plans.cancel(plan, actor=actor, reason=marked.value(f"whyCancel{number}{marked.mark}"))


def decide(number: int, house, actor: Actor, marked: Marked) -> None:
    vendor = make_vendor(f"VEN-5{number:04}", entity=house)
    reason = marked.value(f"whyBlock{number}{marked.mark}")
    made = proposals.propose(
        commands=[BlockVendor(vendor=vendor.key, reason=reason)],
        actor=actor,
        entity=house,
        rationale=marked.value(f"rationale{number}{marked.mark} because of the “papers”"),
    )
    ada = Person.objects.get(username="ada")
    decisions.approve(made, actor=Actor.human(ada), fingerprint=made.fingerprint, comment="fine")
    other = proposals.propose(
        commands=[BlockVendor(vendor=vendor.key, reason="papers are missing")],
        actor=Actor.human(Person.objects.get(username="ben")),
        entity=house,
        rationale="because",
    )
    decisions.reject(other, actor=actor, reason=marked.value(f"whyReject{number}{marked.mark}"))
    left = proposals.propose(
        commands=[BlockVendor(vendor=vendor.key, reason=marked.value(f"whyLeft{number}{marked.mark}"))],
        actor=actor,
        entity=house,
        rationale="because",
    )
    proposals.withdraw(left, actor=actor, reason=marked.value(f"whyWithdrawn{number}{marked.mark}"))
    work()


def sign_in(person: Person, marked: Marked, number: int) -> None:
    Client().force_login(person)
    store = SessionStore()
    store["_auth_user_id"], store["note"] = str(person.pk), marked.value(f"session{number}{marked.mark}")
    store.create()
    LogEntry.objects.create(
        user=person,
        content_type=ContentType.objects.get_for_model(Person),
        object_id=str(person.pk),
        object_repr=str(person),
        action_flag=CHANGE,
        change_message=marked.value(f"logged{number}{marked.mark}"),
    )


def invite(number: int, house, person: Person) -> Marked:
    """A contact is invited, mailed, and declines."""
    vendor = make_vendor(f"VEN-6{number:04}", entity=house)
    contact = VendorContact.objects.create(
        vendor=vendor, name="-", email=f"mail{number}@supplier.example", verified_at=clock.now()
    )
    marked = Marked(personal.contact(contact.pk), [])
    contact.name = marked.value(f"Kontakt{number}{marked.mark} Vogel")
    contact.email = marked.value(f"kontakt{number}{marked.mark.lower()}@supplier.example")
    contact.save()
    event = SourcingEvent.objects.get(status=SourcingEvent.Status.OPEN)
    invitation = invitations.invite(event, vendor)
    invitations.resend(invitation, actor=Actor.human(person))
    work()
    bids.decline(Invitation.objects.get(pk=invitation.pk), marked.value(f"whyDeclined{number}{marked.mark}"))
    return marked


def erase(some: Sequence[Marked], *, by: Person, with_: Person, house) -> None:
    made = proposals.propose(
        commands=[EraseSubject(subject=each.subject, reason="asked for by letter") for each in some],
        actor=Actor.human(by),
        entity=house,
        rationale="a request under the law",
    )
    assert made.status == Proposal.Status.WAITING
    decisions.approve(made, actor=Actor.human(with_), fingerprint=made.fingerprint)
    work()
    made.refresh_from_db()
    assert (made.status, made.problem) == (Proposal.Status.CARRIED_OUT, "")


def checkpoint_wal() -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def story(house, olga, ada, ben, caplog, settings, *, people: int, contacts: int) -> None:
    caplog.set_level(logging.INFO)
    everybody = [arrive(number, house) for number in range(people)]
    stays = arrive(people + 1, house, STAYS)
    work()
    for each in (*everybody, stays):
        answer(each, house)
    work()
    for each in (*everybody[2:], stays):
        end(each)
    buy(everybody[0], house)
    asked = market_of_three.make_requisition(house, ben, reference="PR-99999", status="sourcing")
    market_of_three.make_event(house, ben, vendors=0, requisition=asked, reference="RFQ-99999")
    everybody += [invite(number, house, ben) for number in range(contacts)]
    marks = [value for each in everybody for value in each.values]
    mail.outbox.clear()
    caplog.clear()
    assert len(canary.hits(marks[:50], canary.tables())) >= 25, "the marks were there"
    assert len(canary.hits([GONE], canary.tables())) >= 15, "in many tables"
    kept_entries = list(PersonalValue.objects.filter(subject=stays.subject).values_list("seq", "path"))
    erased_entries = list(PersonalValue.objects.filter(subject=everybody[0].subject).values_list("seq", "path"))
    assert kept_entries
    assert erased_entries
    for first in range(0, len(everybody), 10):
        erase(everybody[first : first + 10], by=olga, with_=ada, house=house)
    checkpoint_wal()
    logged = ("log", "\n".join(record.getMessage() for record in caplog.records).encode())
    files = [*canary.files_below(settings.KEYS_DIR), *canary.files_below(settings.MEDIA_ROOT)]
    left = canary.hits([GONE, GONE.lower(), *marks[:50]], canary.everywhere(logged, *files))
    assert left == [], "\n".join(left)
    assert verification.verify().valid
    # Budgets, vendors and one event of the cast were put in place without an entry.
    differing = [each for each in replay.differences() if each.kind not in ("budget", "vendor")]
    assert [each for each in differing if not each.key.endswith("-99999")] == []
    for seq, path in kept_entries:
        assert personal.value("main", seq, path)
    for seq, path in erased_entries:
        with pytest.raises(Erased):
            personal.value("main", seq, path)
    head = Entry.objects.count()
    opened = {each.seq: each.path for each in personal.disclosures("main", 1, head)}
    assert {seq for seq, _ in kept_entries} <= set(opened)
    assert Entry.objects.filter(kind="subject.erased").count() == len(everybody)


def test_nothing_is_left_of_a_few_subjects(house, olga, ada, ben, caplog, settings):
    story(house, olga, ada, ben, caplog, settings, people=3, contacts=3)


@pytest.mark.long
def test_nothing_is_left_of_a_thousand_subjects(house, olga, ada, ben, caplog, settings):
    story(house, olga, ada, ben, caplog, settings, people=700, contacts=300)
