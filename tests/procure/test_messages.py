"""Mail and links: to verified contacts alone, kept nowhere, in time to be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail

from ledger import clock, outbox
from ledger.actors import Actor
from ledger.errors import NotAllowed
from ledger.models import Effect
from procure import messages
from procure.commands import CancelEvent, InviteSuppliers
from procure.errors import LinkExpired, LinkUnknown, VendorNotInvitable, WrongState
from procure.models import Invitation, Message, SourcingEvent
from procure.sourcing import bids, events, invitations
from tests.procure import market
from tests.procure.market import carry, invitation, kinds
from tests.procure.test_sealed import dump
from tests.vendors.rows import make_contact, make_vendor
from vendors.models import VendorContact


@pytest.fixture
def published(entity, rita) -> SourcingEvent:
    """Two suppliers were invited by command."""
    market.make_requisition(entity, rita)
    for number in (1, 2):
        make_contact(make_vendor(f"VEN-00{number}", entity=entity, name=f"Maker {number}"))
    carried = carry(command(), entity=entity)
    return SourcingEvent.objects.get(reference=carried.result["event"])


def command(**changes) -> InviteSuppliers:
    fields = {"requisition": "PR-00001", "title": "Gloves", "vendors": ("VEN-001", "VEN-002")} | changes
    return InviteSuppliers(**fields)


def token_in(message) -> str:
    return next(line for line in message.body.splitlines() if "/s/" in line).rstrip("/").rsplit("/", 1)[1]


def token_of(number: int) -> str:
    """From the newest mail to that vendor."""
    return token_in([each for each in mail.outbox if f"ven-00{number}." in each.to[0]][-1])


def test_each_supplier_gets_its_own_link_by_mail(published):
    outbox.answer()
    assert sorted(each.to[0] for each in mail.outbox) == [
        "Sales <sales@ven-001.example>",
        "Sales <sales@ven-002.example>",
    ]
    for number in (1, 2):
        assert invitations.by_token(token_of(number)).vendor.key == f"VEN-00{number}"
    assert kinds().count("invitation.sent") == 2


def test_the_link_stands_nowhere_only_its_hash(published):
    outbox.answer()
    everything = dump()
    for number in (1, 2):
        token = token_of(number)
        assert token.encode() not in everything
        assert invitations.hash_of(token).encode() in everything
    assert messages.LINK_STANDS_HERE in Message.objects.first().body


def test_no_verb_for_staff_gives_a_link_away(published, ben):
    outbox.answer()
    clock.shift(timedelta(minutes=1))
    given = invitations.resend(invitation(published), actor=Actor.human(ben))
    assert given is None
    assert not hasattr(invitations, "issue_link")


def test_an_unverified_address_gets_no_mail_even_if_it_lost_its_mark_meanwhile(published):
    VendorContact.objects.filter(vendor__key="VEN-001").update(verified_at=None)
    outbox.answer()
    assert [each.to[0] for each in mail.outbox] == ["Sales <sales@ven-002.example>"]
    effect = Effect.objects.get(object_key=str(invitation(published, 1).pk))
    assert (effect.status, invitation(published, 1).sent_at) == (Effect.Status.REFUSED, None)


def test_a_vendor_without_a_verified_address_or_blocked_is_not_invited(entity, rita):
    market.make_requisition(entity, rita)
    make_contact(make_vendor("VEN-001", entity=entity), verified=False)
    make_contact(make_vendor("VEN-002", entity=entity, status="blocked", blocked_reason="fraud"))
    for vendor in ("VEN-001", "VEN-002"):
        with pytest.raises(VendorNotInvitable):
            command(vendors=(vendor,)).check()
        with pytest.raises(VendorNotInvitable):
            carry(command(vendors=(vendor,)), entity=entity)
    assert not SourcingEvent.objects.exists()


def test_a_name_cannot_add_a_receiver(published):
    VendorContact.objects.filter(vendor__key="VEN-001").update(name='A <a@evil.example>, "B"\r\nBcc: c@evil.example')
    outbox.answer()
    sent = next(each for each in mail.outbox if "ven-001." in each.to[0])
    assert sent.recipients() == sent.to
    assert "\n" not in sent.to[0]
    assert sent.message()["To"].count("@") == 1 or '"' in sent.to[0]
    assert "Bcc" not in sent.message()


@pytest.fixture
def _ten_minutes(settings):
    settings.UNDO_WINDOW = timedelta(minutes=10)


@pytest.mark.usefixtures("_ten_minutes")
class TestUndoWindow:
    def test_mails_wait_and_the_hours_count_from_when_they_leave(self, published):
        assert outbox.answer() == 0
        assert mail.outbox == []
        assert published.deadline - published.published_at == timedelta(hours=72, minutes=10)
        clock.shift(timedelta(minutes=11))
        outbox.answer()
        assert len(mail.outbox) == 2

    def test_staff_send_now_and_only_once(self, published, ben, rita):
        with pytest.raises(NotAllowed):
            events.send_now(published, actor=Actor.human(rita))
        assert outbox.answer() == 0
        assert events.send_now(published, actor=Actor.human(ben)) == 2
        outbox.answer()
        assert len(mail.outbox) == 2
        with pytest.raises(WrongState):
            events.send_now(published, actor=Actor.human(ben))
        assert kinds().count("event.mails_sent_now") == 1

    def test_taken_back_before_leaving_nobody_hears_of_it(self, published, entity):
        carry(CancelEvent(event=published.reference, reason="typo"), entity=entity)
        clock.shift(timedelta(hours=1))
        outbox.answer()
        assert mail.outbox == []
        assert set(Effect.objects.values_list("status", flat=True)) == {Effect.Status.CANCELLED}

    def test_no_second_mail_while_the_first_is_to_leave(self, published, ben):
        with pytest.raises(WrongState):
            invitations.resend(invitation(published), actor=Actor.human(ben))
        assert Effect.objects.count() == 2


def test_taken_back_after_leaving_each_supplier_is_told_and_no_link_works(published, entity):
    outbox.answer()
    tokens = [token_of(1), token_of(2)]
    carry(CancelEvent(event=published.reference, reason="no need"), entity=entity)
    outbox.answer()
    assert [each.subject.split(":")[0] for each in mail.outbox[2:]] == [f"{published.reference} is cancelled"] * 2
    for token in tokens:
        with pytest.raises(LinkUnknown):
            invitations.by_token(token)


def test_sent_again_the_old_link_works_until_the_new_mail_leaves(published, ben):
    outbox.answer()
    old = token_of(1)
    invitations.resend(invitation(published), actor=Actor.human(ben))
    assert invitations.by_token(old)
    outbox.answer()
    assert invitations.by_token(token_of(1)).pk == invitation(published).pk
    with pytest.raises(LinkUnknown):
        invitations.by_token(old)
    invitations.resend(invitation(published), actor=Actor.human(ben))
    outbox.answer()
    assert len(mail.outbox) == 4
    assert kinds().count("invitation.sent_again") == 2


def test_while_no_mail_server_answers_the_old_link_still_works(published, ben, monkeypatch):
    outbox.answer()
    old = token_of(1)
    invitations.resend(invitation(published), actor=Actor.human(ben))

    def refuse(*_args, **_more):
        raise ConnectionRefusedError("no server")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.open", refuse)
    outbox.answer()
    assert invitations.by_token(old)
    monkeypatch.undo()
    clock.shift(timedelta(hours=1))
    outbox.answer()
    assert invitations.by_token(token_of(1))
    assert token_of(1) != old


def test_a_mail_of_which_nobody_knows_whether_it_left_is_not_sent_twice(published, monkeypatch):
    sent = []

    def lost(*_args, **_more):
        sent.append(1)
        raise RuntimeError("the line broke while the server answered")

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lost)
    for visit in range(6):
        clock.shift(timedelta(hours=visit))
        outbox.answer()
    assert len(sent) == 2
    assert set(Effect.objects.values_list("status", flat=True)) == {Effect.Status.UNKNOWN}


def test_who_may_not_manage_events_sends_and_revokes_nothing(published, rita, ivan):
    outbox.answer()
    before = token_of(1)
    for person in (rita, ivan):
        with pytest.raises(NotAllowed):
            invitations.resend(invitation(published), actor=Actor.human(person))
        with pytest.raises(NotAllowed):
            invitations.revoke(invitation(published), actor=Actor.human(person))
    assert outbox.answer() == 0
    assert invitations.by_token(before)


def test_a_revoked_link_opens_nothing_and_no_new_one_is_sent(published, ben):
    outbox.answer()
    token = token_of(1)
    invitations.revoke(invitation(published), actor=Actor.human(ben), reason="wrong firm")
    with pytest.raises(LinkUnknown):
        invitations.by_token(token)
    for verb in (invitations.resend, invitations.revoke):
        with pytest.raises(WrongState):
            verb(invitation(published), actor=Actor.human(ben))


def test_an_invitation_with_a_quote_is_not_revoked(published, ben):
    outbox.answer()
    bids.submit(invitations.by_token(token_of(1)), market.quote(), idempotency_key="k" * 10)
    with pytest.raises(WrongState, match="has quoted"):
        invitations.revoke(invitation(published), actor=Actor.human(ben))
    assert invitation(published).revoked_at is None
    assert bids.own(invitations.by_token(token_of(1)))


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "é" * 43, "x" * 4000, "../" * 14 + "x"])
def test_unknown_tokens_have_one_answer(published, token):
    with pytest.raises(LinkUnknown):
        invitations.by_token(token)


def test_a_link_expires_thirty_days_after_the_deadline(published):
    outbox.answer()
    token = token_of(1)
    clock.shift(timedelta(days=32))
    assert invitations.by_token(token)
    clock.shift(timedelta(days=34))
    with pytest.raises(LinkExpired):
        invitations.by_token(token)


def test_the_first_look_is_remembered_once(published):
    outbox.answer()
    for _visit in range(2):
        invitations.looked_at(invitations.by_token(token_of(1)))
    assert invitation(published).status == Invitation.Status.OPENED
    assert kinds().count("invitation.opened") == 1
