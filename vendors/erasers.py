"""What this floor keeps of people at vendors, and of a vendor that is a person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from ledger.erasure import Erasing
from ledger.redaction import MARK
from ledger.sweeping import Sweep
from vendors.models import CallBackNumber, SealedBankDetails, VendorContact


def count(subject: str) -> int:
    kind, _, key = subject.partition(":")
    return _contacts(kind, key).count() + sum(each.count() for each in _sealed(kind, key))


def texts(subject: str) -> Iterable[str]:
    kind, _, key = subject.partition(":")
    for each in _contacts(kind, key):
        if " " in each.name:
            yield each.name
        yield each.email


def erase(erasing: Erasing) -> int:
    """The contact stays as a row, without a verified address: no mail goes there any more. Bids and their remarks are
    the vendor's own offer and stay with the event."""
    done = sum(rows.update(sealed=b"") for rows in _sealed(erasing.kind, erasing.key))
    for contact in _contacts(erasing.kind, erasing.key):
        contact.name, contact.email, contact.verified_at = MARK, f"erased-{contact.pk}@invalid.invalid", None
        contact.save(update_fields=["name", "email", "verified_at"])
        done += 1
    return done


def sweep(sweep: Sweep) -> Counter[str]:
    return sweep.over(apps.get_app_config("vendors").get_models())


def _sealed(kind: str, key: str) -> tuple[QuerySet[Any], ...]:
    """Bank details and call-back numbers: a vendor's, whoever the person there is."""
    tables = (SealedBankDetails.objects, CallBackNumber.objects)
    return tuple(each.filter(vendor__key=key) for each in tables) if kind == "vendor" else ()


def _contacts(kind: str, key: str) -> QuerySet[VendorContact]:
    if kind == "contact":
        return VendorContact.objects.filter(pk=int(key))
    return VendorContact.objects.filter(vendor__key=key) if kind == "vendor" else VendorContact.objects.none()
