"""Where vendors are paid. Values come in sealed, are proposed by reference, held, and only then used.

Nothing here comes from a mail, a quote or a supplier's link: a person types what was called back at a number known for
at least 30 days, somebody else decides, and the change rests 72 hours, in which payments to the vendor are frozen.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _
from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError

from ledger import clock, doorbell, personal, rights
from ledger.actors import Actor
from ledger.command import digest
from ledger.errors import InvalidInput, NotAllowed
from ledger.importing import importing
from vendors import entries
from vendors.errors import WrongStatus
from vendors.models import BankDetails, CallBackNumber, SealedBankDetails, Vendor

log = logging.getLogger(__name__)
HOLD = timedelta(hours=72)
#: A number given together with new bank details proves nothing.
KNOWN_FOR = timedelta(days=30)
RIGHT = "bank_details.change"
Status = BankDetails.Status


@dataclass(frozen=True, slots=True)
class Account:
    iban: str
    bic: str
    holder: str


def seal(vendor: Vendor, *, iban: str, bic: str, holder: str, actor: Actor) -> SealedBankDetails:
    """Keeps what a person typed, sealed under the vendor's key. A command names it by reference and commitment."""
    rights.require(actor, RIGHT)
    value = asdict(_checked(iban, bic, holder))
    salt, reference = secrets.token_bytes(personal.SALT_BYTES), secrets.token_hex(16)
    content = {"salt": salt.hex(), "value": value}
    return SealedBankDetails.objects.create(
        reference=reference,
        vendor=vendor,
        sealed=personal.seal(personal.vendor(vendor.key), content, _bound(reference)),
        commitment=personal.commitment(salt, value),
        given_by=actor.id,
        given_at=clock.now(),
    )


def know_number(vendor: Vendor, *, phone: str, actor: Actor) -> CallBackNumber:
    """Keeps a telephone number. Bank details may be called back there from 30 days on."""
    rights.require(actor, RIGHT)
    if sum(each.isdigit() for each in phone) < 5 or not phone.isprintable() or len(phone) > 40:
        raise InvalidInput(_("Give the number with its country code, for example +41 44 123 45 67."))
    made = CallBackNumber.objects.create(vendor=vendor, sealed=b"", known_since=clock.now())
    sealed = personal.seal(personal.vendor(vendor.key), phone.strip(), f"call-back/{made.pk}")
    CallBackNumber.objects.filter(pk=made.pk).update(sealed=sealed)
    return made


def opened(sealed: SealedBankDetails) -> Account:
    """For whoever must call back or pay. Raises `Erased`."""
    content = personal.unseal(personal.vendor(sealed.vendor.key), bytes(sealed.sealed), _bound(sealed.reference))
    return Account(**content["value"])


def in_force(vendor: Vendor) -> BankDetails | None:
    """The version that is paid to; `opened(version.source)` gives the account."""
    return vendor.bank_details.select_related("source__vendor").filter(status=Status.IN_FORCE).first()


def payments_frozen(vendor: Vendor) -> bool:
    """While a change is held nothing is paid, neither to the new account nor to the old one."""
    return vendor.bank_details.filter(status=Status.HELD).exists()


def require_callable(vendor: Vendor, number: int, at: datetime) -> CallBackNumber:
    """The vendor's own number, known for long enough."""
    found = CallBackNumber.objects.filter(pk=number, vendor=vendor).first()
    if found is None:
        raise InvalidInput(_("%s has no such call-back number.") % vendor.name)
    if found.known_since > at - KNOWN_FOR:
        raise InvalidInput(_("Call back at a number that was known 30 days ago: a newer one proves nothing."))
    return found


def change(
    vendor: Vendor, *, reference: str, commitment: str, called_back: int, actor: Actor, cause: int
) -> BankDetails:
    """Holds a new version. For handlers only; whoever decided must not be who asked or typed."""
    at = clock.now()
    sealed = SealedBankDetails.objects.filter(reference=reference, commitment=commitment, vendor=vendor).first()
    if sealed is None or BankDetails.objects.filter(source=sealed).exists():
        raise InvalidInput(_("These bank details are not there, or were used already. Type them again."))
    number = require_callable(vendor, called_back, at)
    asked_by = (personal.speaker(actor) or "").removeprefix("person:")
    if not actor.is_human or (actor.id in (asked_by, sealed.given_by) and not settings.SOLO_MODE):
        raise NotAllowed(_("Bank details are decided by somebody who neither typed nor proposed them."))
    if payments_frozen(vendor):
        raise WrongStatus(_("A change of the bank details of %s is held already. Withdraw it first.") % vendor.name)
    latest = vendor.bank_details.aggregate(latest=Max("version"))["latest"] or 0
    held = BankDetails.objects.create(
        vendor=vendor,
        version=latest + 1,
        source=sealed,
        commitment=sealed.commitment,
        hold_until=at + HOLD,
        called_back=number,
        requested_by=asked_by or sealed.given_by,
        verified_by=actor.id,
        changed_at=at,
    )
    entries.bank_details_fact("changed", held, actor=actor, causes=[cause])
    doorbell.ring(f"bank details of {vendor.key} changed")
    return held


def withdraw(vendor: Vendor, *, version: int, reason: str, actor: Actor, cause: int) -> BankDetails:
    """Takes a held version back; payments go on to the one in force. For handlers only."""
    held = vendor.bank_details.filter(version=version, status=Status.HELD)
    if not held.update(status=Status.WITHDRAWN):
        raise WrongStatus(_("These bank details are not held any more. Propose the ones before as a new change."))
    withdrawn = vendor.bank_details.get(version=version)
    entries.bank_details_fact("withdrawn", withdrawn, actor=actor, causes=[cause], reason=reason)
    return withdrawn


def due() -> bool:
    return _due().exists()


def answer() -> int:
    """Puts in force what has been held long enough, by the database's clock; returns how many."""
    return sum(_put_in_force(each) for each in _due().select_related("vendor__entity").order_by("hold_until"))


def _due() -> QuerySet[BankDetails]:
    return clock.unless_held(hold_over())


def hold_over() -> QuerySet[BankDetails]:
    """Held long enough, by the database's clock."""
    return BankDetails.objects.filter(status=Status.HELD, hold_until__lte=clock.now())


def _put_in_force(version: BankDetails) -> bool:
    name = f"{version.vendor.key}/{version.version}"
    with transaction.atomic(), importing(f"hold over: {name}", digest({"bank_details": name})):
        Vendor.objects.select_for_update().get(pk=version.vendor_id)
        if not _due().filter(pk=version.pk).exists():
            return False
        before = BankDetails.objects.filter(vendor=version.vendor_id, status=Status.IN_FORCE).first()
        if before is not None:
            BankDetails.objects.filter(pk=before.pk).update(status=Status.REPLACED)
        BankDetails.objects.filter(pk=version.pk).update(status=Status.IN_FORCE, in_force_at=clock.now())
        version.refresh_from_db(fields=["status"])
        entries.bank_details_in_force(version, replaces=before)
    return True


def _checked(iban: str, bic: str, holder: str) -> Account:
    try:
        iban, bic = ibans.validate(iban), bics.validate(bic)
    except ValidationError as error:
        raise InvalidInput(_("This is no valid IBAN or BIC: %s") % error) from None
    holder = " ".join(holder.split())
    if not 2 <= len(holder) <= 140 or not holder.isprintable():
        raise InvalidInput(_("Name the holder of the account, in 2 to 140 characters."))
    return Account(iban, bic, holder)


def _bound(reference: str) -> str:
    return f"bank-details/{reference}"
