"""Erasure, end to end: many people with marked values live in the house, are erased, and nothing of them is left."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.db import connection, transaction
from django.test import Client

from agents import plans
from agents.models import Plan
from approvals import decisions, proposals
from approvals.models import Proposal
from ledger import (
    checkpoints,
    clock,
    exports,
    journal,
    owner,
    personal,
    postgresql_programs,
    replay,
    scrubbing,
    sources,
    switches,
    verification,
    verifier,
)
from ledger.actors import Actor
from ledger.commands import EraseSubject
from ledger.errors import Erased
from ledger.models import Entry, LegalEntity, Person, PersonalValue
from ledger.rights import OPERATOR, Role
from procure import requisitions
from procure.commands import CancelOrder, InviteSuppliers, NeededLine, RaiseRequisition
from procure.models import Invitation, Message, Order, Requisition, SourcingEvent
from procure.sourcing import bids, invitations
from tests import canary
from tests.agents import market
from tests.agents.market import work
from tests.cast import make_person
from tests.procure import market as market_of_three
from tests.vendors.rows import make_vendor
from vendors.commands import BlockVendor
from vendors.models import Vendor, VendorContact

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
    Client().force_login(person)
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


def buy(some: Sequence[Marked], house) -> None:
    """What they asked for goes the whole way: invited, mailed, quoted, awarded, ordered, sent to the ERP."""
    for number, marked in enumerate(some):
        raise_and_invite(number, marked, house)
    work()
    of_them = [SourcingEvent.objects.get(requisition=each.requisition) for each in some]
    for event in of_them:
        market.quote(event, "VEN-001", "2.50")
    market.reach_deadline(of_them[-1])
    work()
    for event in of_them:
        event.refresh_from_db()
        market_of_three.carry(market_of_three.award_of(event), entity=house)
        market_of_three.carry(market_of_three.order_of(event), entity=house)
    work()
    for order in Order.objects.all():
        assert GONE in order.versions.get().lines.get().description
        market_of_three.carry(CancelOrder(order=order.reference, reason="no more need"), entity=house)
    work()


def raise_and_invite(number: int, marked: Marked, house) -> None:
    requisition = marked.requisition
    requisition.refresh_from_db()
    what = marked.value(f"a glimmerkind for Trillian{number} {marked.mark}")
    line = NeededLine(description=what, quantity=Decimal(30), unit="box")
    market_of_three.carry(
        RaiseRequisition(requisition=requisition.reference, lines=[line], cost_centre="PROG", deliver_to="NG"),
        entity=house,
    )
    title = marked.value(f"thirty glimmers for the ward of Marvin{number} {marked.mark}")
    keys = ["VEN-001", "VEN-002"]
    market_of_three.carry(
        InviteSuppliers(requisition=requisition.reference, title=title, vendors=keys, deadline_hours=24), entity=house
    )


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


def sign_in(person: Person, marked: Marked, number: int) -> None:
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


def invite(numbers: Iterable[int], house, person: Person) -> list[Marked]:
    """Contacts are invited, mailed, and decline."""
    event, invited = SourcingEvent.objects.get(reference="RFQ-99999"), []
    for number in numbers:
        marked, vendor = contact_at(make_vendor(f"VEN-6{number:04}", entity=house), number)
        invitation = invitations.invite(event, vendor)
        invitations.resend(invitation, actor=Actor.human(person))
        invited.append((marked, invitation))
    work()
    for number, (marked, invitation) in enumerate(invited):
        bids.decline(Invitation.objects.get(pk=invitation.pk), marked.value(f"whyDeclined{number}{marked.mark}"))
    return [marked for marked, _ in invited]


def contact_at(vendor: Vendor, number: int) -> tuple[Marked, Vendor]:
    contact = VendorContact.objects.create(
        vendor=vendor, name="-", email=f"mail{number}@supplier.example", verified_at=clock.now()
    )
    marked = Marked(personal.contact(contact.pk), [])
    contact.name = marked.value(f"Kontakt{number}{marked.mark} Vogel")
    contact.email = marked.value(f"kontakt{number}{marked.mark.lower()}@supplier.example")
    contact.save()
    return marked, vendor


def lay_person(number: int, house) -> Marked:
    """Rows as the verbs would leave them for one more person, laid at once."""
    name = f"{GONE.lower()}{number}q"
    person = Person.objects.create(
        username=name,
        email=f"{name}@hq.example",
        first_name=name.title(),
        last_name=f"Vögel{number}{GONE}",
        job_title=f"Jobtitel{number}{GONE}",
        entity=house,
    )
    marked = Marked(personal.person(person.pk), [])
    actor, words = Actor.human(person), marked.value(f"glimmerstuff{number}{GONE}, for the “clinic” of Zaphod{number}")
    journal.record("tests.said", actor=actor, entity=house, personal={marked.subject: {"words": words}})
    requisition = market_of_three.make_requisition(
        house, person, reference=f"PR-L{number}-99999", status="questions", structured={"text": words}
    )
    source = sources.keep(words, origin=f"user:{person.pk}")
    Requisition.objects.filter(pk=requisition.pk).update(words=words, source=source)
    requisition.lines.update(description=f"glimmerkind{number}{GONE}")
    requisition.questions.create(path="quantity", text=f"how many of {words}?", answer=words, answered_by=person)
    Proposal.objects.create(
        reference=f"PP-L{number}-99999", entity=house, status="withdrawn", command_kinds="BlockVendor",
        commands=[BlockVendor(vendor="VEN-001", reason=f"whyBlock{number}{GONE}").as_json()], fingerprint="0" * 64,
        sentence="", author_kind="human", author_id=str(person.pk), author_name=actor.name, requested_by=person,
        rationale=f"rationale{number}{GONE}", made_at=clock.now(), problem=f"refused: rationale{number}{GONE}",
    )  # fmt: skip
    sign_in(person, marked, number)
    return marked


def lay_contact(number: int, house, vendor: Vendor) -> Marked:
    marked, _ = contact_at(vendor, number)
    Message.objects.create(
        entity=house, thread="RFQ-99999", contact_id=int(marked.subject.partition(":")[2]),
        subject=f"RFQ for {marked.values[0]}", body=f"Dear {marked.values[0]} at {marked.values[1]}",
    )  # fmt: skip
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


def dump(folder: Path) -> tuple[str, bytes]:
    """The whole database as its own program writes it in plain text."""
    path = folder / "dump.sql"
    if connection.vendor == "sqlite":
        path.write_text("\n".join(connection.connection.iterdump()))
    else:
        with owner.signed_in(connection):
            postgresql_programs.run("pg_dump", connection, ["--format=plain", f"--file={path}"])
    return "dump", path.read_bytes()


def signed() -> int:
    newest = checkpoints.make("main", actor=OPERATOR) or checkpoints.latest("main")
    assert newest is not None
    return newest.size


def verified(text: str | bytes, folder: Path) -> bool:
    """By the stand-alone verifier, with nothing but the pinned key."""
    path = folder / "proof"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return verifier.main([str(path), "--key", checkpoints.verifier_key("main"), "--quiet"]) == 0


@dataclass
class Stage:
    """Who plays, and where what was said and written is looked for."""

    house: LegalEntity
    olga: Person
    ada: Person
    ben: Person
    caplog: pytest.LogCaptureFixture
    folder: Path
    files: tuple[Path, ...]


@pytest.fixture
def stage(house, olga, ada, ben, caplog, settings, tmp_path) -> Stage:
    caplog.set_level(logging.INFO)
    return Stage(house, olga, ada, ben, caplog, tmp_path, (Path(settings.KEYS_DIR), Path(settings.MEDIA_ROOT)))


def live(stage: Stage, *, people: int, contacts: int, buyers: int) -> tuple[list[Marked], Marked]:
    """By the verbs that people and suppliers use; and one more, who stays."""
    everybody = [arrive(number, stage.house) for number in range(people)]
    stays = arrive(people + 1, stage.house, STAYS)
    work()
    for each in (*everybody, stays):
        answer(each, stage.house)
    work()
    for each in (*everybody[buyers + 1 :], stays):
        end(each)
    buy(everybody[:buyers], stage.house)
    asked = market_of_three.make_requisition(stage.house, stage.ben, reference="PR-99999", status="sourcing")
    market_of_three.make_event(stage.house, stage.ben, vendors=0, requisition=asked, reference="RFQ-99999")
    return everybody + invite(range(contacts), stage.house, stage.ben), stays


def lay(stage: Stage, *, people: int, contacts: int) -> list[Marked]:
    with transaction.atomic():
        laid = [lay_person(10_000 + number, stage.house) for number in range(people)]
        vendor = make_vendor("VEN-70000", entity=stage.house)
        return laid + [lay_contact(10_000 + number, stage.house, vendor) for number in range(contacts)]


def places(stage: Stage) -> Iterator[tuple[str, bytes]]:
    logged = ("log", "\n".join(record.getMessage() for record in stage.caplog.records).encode())
    files = (each for folder in stage.files for each in canary.files_below(folder))
    return canary.everywhere(logged, dump(stage.folder), *files)


def story(stage: Stage, everybody: list[Marked], stays: Marked) -> None:
    marks = [GONE, GONE.lower(), *everybody[0].values[:4], *everybody[-1].values[:4]]
    mail.outbox.clear()
    stage.caplog.clear()
    assert len(canary.hits(marks[2:], canary.tables())) >= 8, "the marks were there"
    assert len(canary.hits([GONE], canary.tables())) >= 15, "in many tables"
    kept_entries = list(PersonalValue.objects.filter(subject=stays.subject).values_list("seq", "path"))
    erased_entries = list(PersonalValue.objects.filter(subject=everybody[0].subject).values_list("seq", "path"))
    assert kept_entries
    assert erased_entries
    before = signed()
    for first in range(0, len(everybody), proposals.MOST_COMMANDS):
        erase(everybody[first : first + proposals.MOST_COMMANDS], by=stage.olga, with_=stage.ada, house=stage.house)
    if connection.vendor == "postgresql":
        scrubbing.scrub()
    assert not scrubbing.is_due()
    left = canary.hits(marks, places(stage))
    assert left == [], "\n".join(left)
    look_at_the_ledger(stage, before, erased=erased_entries, kept=kept_entries)
    assert Entry.objects.filter(kind="subject.erased").count() == len(everybody)


def look_at_the_ledger(stage: Stage, before: int, *, erased: list, kept: list) -> None:
    """It holds together, proves what was erased to have been there, and opens what was not."""
    assert verification.verify().valid
    # Budgets, vendors, one event of the cast and what was laid were put in place without an entry.
    differing = [each for each in replay.differences() if each.kind not in ("budget", "vendor")]
    assert [each for each in differing if not each.key.endswith("-99999")] == []
    for seq, path in kept:
        assert personal.value("main", seq, path)
    for seq, path in erased:
        with pytest.raises(Erased):
            personal.value("main", seq, path)
    opened = {each.seq for each in personal.disclosures("main", 1, Entry.objects.count())}
    assert {seq for seq, _ in kept} <= opened
    assert (after := signed()) > before
    assert verified(exports.proof_of("main", erased[0][0], actor=OPERATOR), stage.folder)
    assert verified(exports.consistency_of("main", before, after, actor=OPERATOR), stage.folder)
    whole = io.BytesIO()
    exports.write("main", whole, actor=OPERATOR)
    assert verified(whole.getvalue(), stage.folder)
    assert not verified(whole.getvalue().replace(b"subject.erased", b"subject.kept", 1), stage.folder)


def test_nothing_is_left_of_a_few_subjects(stage):
    everybody, stays = live(stage, people=3, contacts=3, buyers=1)
    story(stage, everybody + lay(stage, people=1, contacts=1), stays)


@pytest.mark.long
def test_nothing_is_left_of_a_thousand_subjects(stage):
    """Twenty of each kind went through every verb; the rows of the others were laid."""
    everybody, stays = live(stage, people=25, contacts=25, buyers=20)
    story(stage, everybody + lay(stage, people=675, contacts=275), stays)
