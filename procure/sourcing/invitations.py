"""Personal links: one supplier, one event, 256 random bits, kept only as a hash."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from ledger import clock, rights
from ledger.actors import Actor
from procure import entries
from procure.errors import LinkExpired, LinkUnknown, WrongState
from procure.models import Invitation, SourcingEvent
from vendors.models import Vendor, VendorContact

#: After the deadline a supplier may still read its own answer and what became of it.
READABLE_AFTER_DEADLINE = timedelta(days=30)
TOKEN_LENGTH = 43


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


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
    if found.expires_at <= clock.now():
        raise LinkExpired
    return found


def looked_at(invitation: Invitation) -> None:
    """Remembers the first visit."""
    with transaction.atomic():
        first = Invitation.objects.filter(pk=invitation.pk, first_opened_at=None)
        if first.update(first_opened_at=clock.now()):
            Invitation.objects.filter(pk=invitation.pk, status=Invitation.Status.SENT).update(
                status=Invitation.Status.OPENED
            )
            entries.invitation_fact("opened", invitation, actor=supplier_of(invitation))


def supplier_of(invitation: Invitation) -> Actor:
    return Actor.supplier(invitation.vendor.key, invitation.vendor.name)


def fresh_link(invitation: Invitation) -> str:
    """A new personal link; the one before is void from now on. For the mail sender and `issue_link`."""
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=hash_of(token))
    return f"{settings.BASE_URL}/s/{token}/"


def issue_link(invitation: Invitation, *, actor: Actor) -> str:
    """A new link handed to a buyer, who passes it on by another way than mail. The old one is void."""
    rights.require(actor, "event.manage")
    if invitation.revoked_at is not None:
        raise WrongState(_("This invitation was revoked."))
    with transaction.atomic():
        link = fresh_link(invitation)
        entries.invitation_fact("linked", invitation, actor=actor)
    return link


def revoke(invitation: Invitation, *, actor: Actor, reason: str = "") -> None:
    """The link opens nothing any more; a sealed quote already given stays where it is."""
    rights.require(actor, "invitation.revoke")
    with transaction.atomic():
        if not Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=clock.now()):
            raise WrongState(_("This invitation was revoked already."))
        entries.invitation_fact("revoked", invitation, actor=actor, data={"reason": reason})


def contact_of(vendor: Vendor) -> VendorContact | None:
    """Where mail may go: a verified address, the one verified first."""
    return vendor.contacts.exclude(verified_at=None).order_by("verified_at", "pk").first()
