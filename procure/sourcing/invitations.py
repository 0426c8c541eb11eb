"""Invitations: one supplier, one event, one personal link at a time, which goes to the supplier by mail alone."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from ledger import anchors, clock, doorbell, rights
from ledger.actors import Actor
from ledger.models import Checkpoint
from procure import entries, messages
from procure.errors import LinkExpired, LinkUnknown, VendorNotInvitable, WrongState
from procure.models import Invitation, SourcingEvent
from procure.sourcing.links import TOKEN_LENGTH, contact_of, hash_of
from vendors.models import Vendor

#: After the deadline a supplier may still read its own answer and what became of it.
READABLE_AFTER_DEADLINE = timedelta(days=30)


def invite(event: SourcingEvent, vendor: Vendor) -> Invitation:
    """Without a link yet: that is made when it leaves, so that only its receiver ever has it."""
    return Invitation.objects.create(event=event, vendor=vendor, expires_at=event.deadline + READABLE_AFTER_DEADLINE)


def by_token(token: str) -> Invitation:
    """The invitation a link opens. Unknown, foreign and revoked are one answer: `LinkUnknown`; old is `LinkExpired`."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise LinkUnknown
    found = (
        Invitation.objects.select_related("event__entity", "event__requisition", "vendor")
        .filter(token_hash=hash_of(token), revoked_at=None)
        .first()
    )
    if found is None or found.event.status == SourcingEvent.Status.CANCELLED:
        raise LinkUnknown
    if found.expires_at <= clock.now() and not clock.held():
        raise LinkExpired
    return found


def hold(invitation: Invitation) -> Invitation:
    """The row as it is now, held until the transaction ends. An opening holds all of its event, so it waits for whoever
    holds one, or they wait and find the event opened."""
    Invitation.objects.select_for_update().get(pk=invitation.pk)
    return Invitation.objects.select_related("event__entity", "event__requisition", "vendor").get(pk=invitation.pk)


def looked_at(invitation: Invitation, *, shown: Checkpoint | None = None) -> None:
    """Remembers the first visit, and that the supplier has seen the checkpoint that its page shows."""
    with transaction.atomic():
        first = Invitation.objects.filter(pk=invitation.pk, first_opened_at=None)
        if first.update(first_opened_at=clock.now()):
            Invitation.objects.filter(pk=invitation.pk, status=Invitation.Status.SENT).update(
                status=Invitation.Status.OPENED
            )
            entries.invitation_fact("opened", invitation, actor=supplier_of(invitation))
            if shown is not None:
                anchors.confirm(shown, anchor="supplier-page", reference=f"invitation {invitation.pk}")


def supplier_of(invitation: Invitation) -> Actor:
    return Actor.supplier(invitation.vendor.key, invitation.vendor.name)


def resend(invitation: Invitation, *, actor: Actor) -> None:
    """A fresh mail with a new link to the verified contact. The link before is void once the new mail leaves."""
    rights.require(actor, "event.manage")
    with transaction.atomic():
        held = hold(invitation)
        if held.revoked_at is not None:
            raise WrongState(_("This invitation was revoked."))
        if held.event.status != SourcingEvent.Status.OPEN or held.event.deadline <= clock.now():
            raise WrongState(_("%s takes no quotes any more.") % held.event.reference)
        if contact_of(held.vendor) is None:
            raise VendorNotInvitable(
                _("%s has no verified mail address. Verify one in its contacts first.") % held.vendor.name
            )
        messages.post_again(held)
        entries.invitation_fact("sent_again", held, actor=actor)
        doorbell.ring(f"{held.event.reference} sent again")


def revoke(invitation: Invitation, *, actor: Actor, reason: str = "") -> None:
    """The link opens nothing any more. Refused once a quote stands: a buyer takes no quote out of the running."""
    rights.require(actor, "invitation.revoke")
    with transaction.atomic():
        held = hold(invitation)
        if held.revoked_at is not None:
            raise WrongState(_("This invitation was revoked already."))
        if held.status == Invitation.Status.SUBMITTED:
            raise WrongState(
                _("%s has quoted, and the quote stands. Leave it out when awarding, or cancel the event.")
                % held.vendor.name
            )
        Invitation.objects.filter(pk=held.pk).update(revoked_at=clock.now())
        entries.invitation_fact("revoked", held, actor=actor, words={"reason": reason})
        doorbell.ring(f"{held.event.reference} revoked")
