"""Mail to suppliers: composed from templates with slots, sent to verified addresses only, through the outbox.

A personal link is made at the moment its mail leaves and stands in no table: the row keeps the text without it.
"""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from ledger import clock, outbox
from ledger.actors import Actor
from ledger.command import digest
from ledger.models import Effect
from ledger.senders import Ambiguous, Outcome
from procure import entries
from procure.models import Invitation, Message, SourcingEvent
from procure.sourcing import invitations

INVITE, TAKE_BACK = "invitation.mail", "invitation.take_back"
LINK_STANDS_HERE = "[personal link]"


def _key(purpose: str, invitation: Invitation) -> str:
    return digest({"purpose": purpose, "invitation": str(invitation.pk)})


def _put(purpose: str, invitation: Invitation, *, cause: int, wait: bool) -> Effect:
    return outbox.put(
        entity=invitation.event.entity,
        sender="mail",
        purpose=purpose,
        effect_key=_key(purpose, invitation),
        object=entries.of_invitation(invitation),
        request={"invitation": invitation.pk},
        cause_seq=cause,
        not_before=clock.now() + settings.UNDO_WINDOW if wait else None,
    )


def post_invitation(invitation: Invitation, *, cause: int) -> Effect:
    """Leaves after the undo window."""
    return _put(INVITE, invitation, cause=cause, wait=True)


def take_back_invitation(invitation: Invitation, *, cause: int) -> None:
    """Stops an invitation that has not left; tells the supplier when it has."""
    if not outbox.cancel(_key(INVITE, invitation), reason="the event was cancelled"):
        _put(TAKE_BACK, invitation, cause=cause, wait=False)


def send_now(event: SourcingEvent) -> int:
    """Gives up what is left of the undo window for this event's invitations; returns how many leave."""
    keys = [_key(INVITE, each) for each in event.invitations.all()]
    waiting = Effect.objects.filter(effect_key__in=keys, status=Effect.Status.WAITING, not_before__gt=clock.now())
    return waiting.update(not_before=clock.now())


class MailSender:
    """The outbox's sender “mail”. A mail server cannot be asked, so our own row says what was handed over."""

    def send(self, effect: Effect) -> Outcome:
        invitation = _invitation(effect)
        if effect.purpose == INVITE and (
            invitation.revoked_at is not None or invitation.event.status == SourcingEvent.Status.CANCELLED
        ):
            return Outcome("refused", detail=_("The invitation was taken back before the mail left."))
        contact = invitations.contact_of(invitation.vendor)
        if contact is None:
            return Outcome("refused", detail=_("%s has no verified mail address.") % invitation.vendor.name)
        with translation.override(contact.language):
            subject, body = _composed(effect.purpose, invitation)
        with transaction.atomic():
            message, _made = Message.objects.get_or_create(
                effect_key=effect.effect_key,
                defaults={
                    "entity": effect.entity,
                    "thread": invitation.event.reference,
                    "contact": contact,
                    "subject": subject,
                    "body": body,
                },
            )
            link = invitations.fresh_link(invitation) if effect.purpose == INVITE else ""
        mail = EmailMessage(subject, body.replace(LINK_STANDS_HERE, link), to=[f"{contact.name} <{contact.email}>"])
        mail.send()
        Message.objects.filter(pk=message.pk).update(sent_at=clock.now())
        return Outcome("confirmed", external_id=str(message.pk))

    def find(self, effect: Effect) -> Outcome | None:
        message = Message.objects.filter(effect_key=effect.effect_key).first()
        if message is None:
            return None
        if message.sent_at is None:
            raise Ambiguous(_("Whether this mail left cannot be told. Send it again or issue a link by hand."))
        return Outcome("confirmed", external_id=str(message.pk))

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        if effect.purpose == INVITE and outcome.kind == "confirmed":
            invitation = _invitation(effect)
            Invitation.objects.filter(pk=invitation.pk, sent_at=None).update(sent_at=clock.now())
            entries.invitation_fact("sent", invitation, actor=Actor.system("mail"))


sender = MailSender()


def _invitation(effect: Effect) -> Invitation:
    return Invitation.objects.select_related("event__entity", "vendor").get(pk=effect.request["invitation"])


def _composed(purpose: str, invitation: Invitation) -> tuple[str, str]:
    """Subject and text, from a template whose slots hold only our own fields."""
    event = invitation.event
    slots = {
        "event": event,
        "lines": event.lines.all(),
        "vendor": invitation.vendor,
        "buyer": event.entity,
        "link": LINK_STANDS_HERE,
    }
    name = "invitation" if purpose == INVITE else "invitation_taken_back"
    subject = (
        _("Request for quotation %(reference)s: %(title)s")
        if purpose == INVITE
        else _("%(reference)s is cancelled: %(title)s")
    ) % {"reference": event.reference, "title": event.title}
    return " ".join(subject.split())[:300], render_to_string(f"procure/mail/{name}.txt", slots)
