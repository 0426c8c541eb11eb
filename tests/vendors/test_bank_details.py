"""Bank details: call-back, a second person, a hold in which nothing is paid, and no value anywhere in the clear."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from approvals import bounds, decisions, policies
from approvals.models import Proposal
from ledger import chain, clock, erasure, personal, replay
from ledger.actors import Actor
from ledger.errors import Erased, InvalidInput, NotAllowed
from ledger.importing import importing
from ledger.models import Entry
from tests import canary, jumping
from tests.approvals.stage import approve, keys, propose, work
from tests.vendors.rows import DIGEST, make_vendor
from vendors import bank_details
from vendors.commands import ChangeBankDetails
from vendors.models import BankDetails, CallBackNumber, SealedBankDetails

IBAN, BIC, HOLDER = "CH9300762011623852957", "UBSWCHZH80A", "Vögeli & Söhne"
PHONE = "+41 44 123 45 67"
Status = BankDetails.Status


@pytest.fixture
def policy(entity, ada, amir):
    bounds.set_up_shipped(entity)
    return policies.publish_genesis(entity=entity, by=[ada, amir])


@pytest.fixture
def vendor(entity):
    return make_vendor("VEN-001", entity=entity)


@pytest.fixture
def number(vendor, ben):
    made = bank_details.know_number(vendor, phone=PHONE, actor=Actor.human(ben))
    CallBackNumber.objects.filter(pk=made.pk).update(known_since=clock.now() - timedelta(days=31))
    return made


def wish(vendor, by, number, iban: str = IBAN) -> ChangeBankDetails:
    sealed = bank_details.seal(vendor, iban=iban, bic=BIC, holder=HOLDER, actor=Actor.human(by))
    return ChangeBankDetails(
        vendor=vendor.key, details=sealed.reference, commitment=sealed.commitment, called_back=number.pk
    )


def held(vendor, ben, ada, number, entity, iban: str = IBAN) -> Proposal:
    made = propose(wish(vendor, ben, number, iban), by=ben, entity=entity)
    approve(made, made.steps.get().people.exclude(pk=ben.pk).first() or ada)
    work()
    made.refresh_from_db()
    assert (made.status, made.problem) == ("carried_out", "")
    return made


def pass_hold() -> int:
    clock.shift(bank_details.HOLD + timedelta(seconds=1))
    return bank_details.answer()


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("policy")]


def test_a_change_needs_a_second_person_and_rests_three_days(vendor, ben, ada, number, entity):
    made = propose(wish(vendor, ben, number), by=ben, entity=entity)
    assert (made.status, keys(made)) == ("waiting", ["standing-two-people"])
    with pytest.raises(NotAllowed):
        approve(made, ben)
    approve(made, ada)
    work()
    row = BankDetails.objects.get()
    assert (row.status, row.requested_by, row.verified_by) == (Status.HELD, str(ben.pk), str(ada.pk))
    assert row.hold_until - clock.now() > timedelta(hours=71)
    assert bank_details.payments_frozen(vendor)
    assert bank_details.in_force(vendor) is None
    assert not bank_details.due()


def test_no_hold_is_over_while_the_clock_is_held(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    jumping.jump()
    assert pass_hold() == 0
    assert bank_details.payments_frozen(vendor)
    jumping.confirm()
    assert bank_details.answer() == 1
    assert not bank_details.payments_frozen(vendor)


def test_after_the_hold_it_is_used_and_the_one_before_is_replaced(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    assert pass_hold() == 1
    assert not bank_details.payments_frozen(vendor)
    clock.shift(timedelta(0))
    held(vendor, ben, ada, number, entity, iban="DE89370400440532013000")
    assert bank_details.payments_frozen(vendor)
    assert bank_details.opened(bank_details.in_force(vendor).source).iban == IBAN
    assert pass_hold() == 1
    assert pass_hold() == 0
    assert bank_details.opened(bank_details.in_force(vendor).source).iban == "DE89370400440532013000"
    assert list(BankDetails.objects.order_by("version").values_list("status", flat=True)) == ["replaced", "in_force"]
    kinds = list(Entry.objects.filter(kind__startswith="bank_details.").order_by("seq").values_list("kind", flat=True))
    assert kinds == ["bank_details.changed", "bank_details.in_force"] * 2
    assert bank_details_differences() == []


def bank_details_differences():
    return [each for each in replay.differences() if each.kind == "bank_details"]


def test_a_version_changed_behind_the_journals_back_is_named(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    with transaction.atomic(), importing("somebody with the owner's key", DIGEST):
        BankDetails.objects.update(status=Status.IN_FORCE)
    assert [(each.field, each.ledger, each.live) for each in bank_details_differences()] == [
        ("status", "held", "in_force")
    ]


def test_what_comes_in_force_names_its_cause_and_the_policy_that_allowed_it(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    pass_hold()
    changed, in_force = (chain.read(Entry.objects.get(kind=f"bank_details.{what}")) for what in ("changed", "in_force"))
    assert in_force["causes"] == [changed["seq"]]
    assert in_force["policy"] == changed["policy"] != ""


def test_no_value_stands_in_the_clear_anywhere(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    assert canary.hits([IBAN, BIC, HOLDER, PHONE], canary.tables()) == []
    entry = Entry.objects.get(kind="bank_details.changed")
    assert chain.read(entry)["commitments"] == {"details": BankDetails.objects.get().commitment}
    account = bank_details.opened(SealedBankDetails.objects.get())
    assert (account.iban, account.bic, account.holder) == (IBAN, BIC, HOLDER)


def test_while_it_is_held_it_can_be_undone_and_then_never_comes_in_force(vendor, ben, ada, number, entity):
    from approvals import undo

    made = held(vendor, ben, ada, number, entity)
    undo.propose(made, actor=Actor.human(ada), reason="the call-back was a fraud")
    work()
    assert BankDetails.objects.get().status == Status.WITHDRAWN
    assert not bank_details.payments_frozen(vendor)
    assert pass_hold() == 0
    assert bank_details.in_force(vendor) is None


@pytest.mark.parametrize(
    ("known_days", "foreign", "why"), [(29, False, "30 days ago"), (0, False, "30 days ago"), (60, True, "no such")]
)
def test_a_call_back_number_must_be_the_vendors_and_known_for_30_days(
    known_days, foreign, why, vendor, ben, number, entity
):
    other = make_vendor("VEN-002", entity=entity) if foreign else vendor
    CallBackNumber.objects.update(vendor=other, known_since=clock.now() - timedelta(days=known_days))
    with pytest.raises(InvalidInput, match=why):
        propose(wish(vendor, ben, number), by=ben, entity=entity)
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"iban": "CH9300762011623852958"},
        {"iban": "not an iban"},
        {"bic": "UBSW"},
        {"holder": ""},
        {"holder": "x" * 141},
    ],
)
def test_what_cannot_be_an_account_is_refused(fields, vendor, ben):
    with pytest.raises(InvalidInput):
        bank_details.seal(vendor, **{"iban": IBAN, "bic": BIC, "holder": HOLDER} | fields, actor=Actor.human(ben))
    assert not SealedBankDetails.objects.exists()


@pytest.mark.parametrize("actor", [Actor.agent("sourcing"), Actor.supplier("VEN-001"), Actor.system("mail")])
def test_no_agent_supplier_or_mail_gives_bank_details(actor, vendor):
    for give in (
        lambda: bank_details.seal(vendor, iban=IBAN, bic=BIC, holder=HOLDER, actor=actor),
        lambda: bank_details.know_number(vendor, phone=PHONE, actor=actor),
    ):
        with pytest.raises(NotAllowed):
            give()
    assert not SealedBankDetails.objects.exists()
    assert not CallBackNumber.objects.exists()


def test_whoever_typed_the_values_may_not_decide_on_them(vendor, ben, ada, olga, number, entity):
    ada.groups.add(*ben.groups.all())
    made = propose(wish(vendor, ada, number), by=ben, entity=entity)
    decisions.approve(made, actor=Actor.human(ada), fingerprint=made.fingerprint)
    work()
    made.refresh_from_db()
    assert made.status == "failed"
    assert "neither typed nor proposed" in made.problem
    assert not BankDetails.objects.exists()


def test_one_change_is_held_at_a_time_and_values_are_used_once(vendor, ben, ada, number, entity):
    command = wish(vendor, ben, number)
    first, second = (propose(command, by=ben, entity=entity) for _ in range(2))
    approve(first, ada)
    approve(second, ada)
    work()
    second.refresh_from_db()
    assert second.status == "failed"
    assert BankDetails.objects.count() == 1


def test_nothing_changes_without_a_decided_proposal(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    with pytest.raises(IntegrityError), transaction.atomic():
        BankDetails.objects.update(status=Status.IN_FORCE)
    assert BankDetails.objects.get().status == Status.HELD


def test_a_vendor_that_is_a_person_can_be_erased(vendor, ben, ada, number, entity):
    held(vendor, ben, ada, number, entity)
    with transaction.atomic(), importing("tests", DIGEST):
        erasure.erase(personal.vendor(vendor.key), actor=Actor.system("tests"), entity=entity)
    with pytest.raises(Erased):
        bank_details.opened(SealedBankDetails.objects.get())
    assert bytes(SealedBankDetails.objects.get().sealed) == bytes(CallBackNumber.objects.get().sealed) == b""
