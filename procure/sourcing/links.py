"""Personal links: 256 random bits, kept only as a hash, made at the moment the mail leaves."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings

from procure.models import Invitation
from vendors.models import Vendor, VendorContact

TOKEN_LENGTH = 43


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def fresh_link(invitation: Invitation) -> str:
    """A new personal link; the one before is void from now on. For the mail sender alone: nobody else ever has it."""
    token = secrets.token_urlsafe(32)
    Invitation.objects.filter(pk=invitation.pk).update(token_hash=hash_of(token))
    return f"{settings.BASE_URL}/s/{token}/"


def contact_of(vendor: Vendor) -> VendorContact | None:
    """Where a link may go: a verified address, the one verified first."""
    return vendor.contacts.exclude(verified_at=None).order_by("verified_at", "pk").first()
