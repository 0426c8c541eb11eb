"""Mail to suppliers: composed from templates with slots, sent to verified addresses only, through the outbox.

A personal link is made at the moment its mail leaves and stands in no table: the row keeps the text without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from email.utils import formataddr
from smtplib import SMTPRecipientsRefused

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from ledger import clock, crashpoints, outbox
from ledger.actors import Actor
from ledger.command import digest
from ledger.models import Effect
from ledger.senders import Ambiguous, Outcome
from procure import entries
from procure.errors import WrongState
from procure.models import Invitation, Message, SourcingEvent
from procure.sourcing import links
from vendors.models import VendorContact

INVITE, TAKE_BACK = "invitation.mail", "invitation.take_back"
LINK_STANDS_HERE = "[personal link]"
#: In which a mail has surely not reached anybody.
NOT_LEFT = (Effect.Status.CANCELLED, Effect.Status.REFUSED)


def _put(purpose: str, invitation: Invitation, key: str, *, cause: int | None, wait: bool) -> Effect:
    return outbox.put(
        entity=invitation.event.entity,
        sender="mail",
        purpose=purpose,
        effect_key=key,
        object=entries.of_invitation(invitation),
        request={"invitation": invitation.pk},
        cause_seq=cause,
        not_before=clock.now() + settings.UNDO_WINDOW if wait else None,
    )


def _key(purpose: str, invitation: Invitation, *, again: int = 0) -> str:
    body: dict[str, object] = {"purpose": purpose, "invitation": str(invitation.pk)}
    return digest(body | {"again": again} if again else body)


def of_invitations(invitations: Iterable[Invitation]) -> QuerySet[Effect]:
    """The mails that carry a link of these invitations, whatever became of them."""
    keys = [str(each.pk) for each in invitations]
    return Effect.objects.filter(sender="mail", purpose=INVITE, object_kind="invitation", object_key__in=keys)


def lost(invitations: Iterable[Invitation]) -> set[int]:
    """The invitations of which nobody knows whether any mail left: the buyer may send each again."""
    known: dict[int, set[str]] = {}
    for key, status in of_invitations(invitations).values_list("object_key", "status"):
        known.setdefault(int(key), set()).add(status)
    return {pk for pk, statuses in known.items() if statuses == {Effect.Status.UNKNOWN}}


def post_invitation(invitation: Invitation, *, cause: int) -> Effect:
    """Leaves after the undo window."""
    return _put(INVITE, invitation, _key(INVITE, invitation), cause=cause, wait=True)


def post_again(invitation: Invitation) -> Effect:
    """One more mail with a link of its own, at once. Refused while an earlier one is still to leave."""
    earlier = of_invitations([invitation])
    if earlier.filter(status__in=[Effect.Status.WAITING, Effect.Status.CALLING]).exists():
        raise WrongState(
            _("A mail to %s is about to leave already. Send the event's mails now, or wait for it.")
            % invitation.vendor.name
        )
    return _put(INVITE, invitation, _key(INVITE, invitation, again=earlier.count()), cause=None, wait=False)


def take_back_invitation(invitation: Invitation, *, cause: int) -> None:
    """Stops what has not left; tells the supplier when something has, or may have."""
    for effect in of_invitations([invitation]).order_by("pk"):
        outbox.cancel(effect.effect_key, reason="the event was cancelled")
    if of_invitations([invitation]).exclude(status__in=NOT_LEFT).exists():
        _put(TAKE_BACK, invitation, _key(TAKE_BACK, invitation), cause=cause, wait=False)


def send_now(event: SourcingEvent) -> int:
    """Gives up what is left of the undo window for this event's invitations; returns how many leave."""
    at = clock.now()
    waiting = of_invitations(event.invitations.all()).filter(status=Effect.Status.WAITING, not_before__gt=at)
    held = list(waiting.select_for_update().order_by("effect_key").values_list("pk", flat=True))
    return Effect.objects.filter(pk__in=held).update(not_before=at)


class MailSender:
    """The outbox's sender “mail”. A mail server cannot be asked, so our own row says what was handed over."""

    def send(self, effect: Effect) -> Outcome:
        invitation = _invitation(effect)
        if effect.purpose == INVITE and (
            invitation.revoked_at is not None or invitation.event.status == SourcingEvent.Status.CANCELLED
        ):
            return Outcome("refused", detail=_("The invitation was taken back before the mail left."))
        contact = links.contact_of(invitation.vendor)
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
        return _hand_over(message, contact, invitation, with_link=effect.purpose == INVITE)

    def find(self, effect: Effect) -> Outcome | None:
        message = Message.objects.filter(effect_key=effect.effect_key).first()
        if message is None:
            return None
        if message.sent_at is None:
            raise Ambiguous(_("Whether this mail left cannot be told. Ask the supplier, or send the invitation again."))
        return Outcome("confirmed", external_id=str(message.pk))

    def settle(self, effect: Effect, outcome: Outcome) -> None:
        if effect.purpose == INVITE and outcome.kind == "confirmed":
            invitation = _invitation(effect)
            Invitation.objects.filter(pk=invitation.pk, sent_at=None).update(sent_at=clock.now())
            entries.invitation_fact("sent", invitation, actor=Actor.system("mail"))


sender = MailSender()


def _invitation(effect: Effect) -> Invitation:
    return Invitation.objects.select_related("event__entity", "vendor").get(pk=effect.request["invitation"])


def _hand_over(message: Message, contact: VendorContact, invitation: Invitation, *, with_link: bool) -> Outcome:
    """Reaches the mail server first, so that no link is made void for a mail that surely does not leave."""
    server = get_connection()
    try:
        server.open()
    except OSError as error:
        return Outcome("retry", detail=_("The mail server could not be reached: %s") % error)
    try:
        link = links.fresh_link(invitation) if with_link else ""
        receiver = formataddr((" ".join(contact.name.split()), contact.email))
        text = message.body.replace(LINK_STANDS_HERE, link)
        crashpoints.reach("mailing")
        EmailMessage(message.subject, text, to=[receiver], connection=server).send()
        crashpoints.reach("mailed")
    except SMTPRecipientsRefused:
        return Outcome("refused", detail=_("The mail server refuses the address of %s.") % invitation.vendor.name)
    finally:
        server.close()
    Message.objects.filter(pk=message.pk).update(sent_at=clock.now())
    return Outcome("confirmed", external_id=str(message.pk))


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
