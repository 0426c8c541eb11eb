"""Sealed bids: drafts, versions, receipts, and the one opening. Values pass only through `seal` and `unseal`."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import rfc8785
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _
from pydantic import ValidationError

from ledger import clock, doorbell, keys
from ledger.command import canonical
from ledger.errors import InvalidInput, Stale
from ledger.money import LIMIT, Money
from ledger.personal import contact
from procure import entries
from procure.errors import NoRate, NotOpen, SealBroken, StillSealed, TooLate, WrongState
from procure.finance import currency
from procure.models import Bid, BidVersion, EventLine, Invitation, OpenedBid, OpenedBidLine, SourcingEvent
from procure.sourcing import invitations
from procure.sourcing.quotes import QuoteInput, parse

PURPOSE = "bid"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a supplier can keep: `commitment` is in the ledger and proves the quote later."""

    version: int
    submitted_at: datetime
    commitment: str


def commitment_of(salt: str, quote: dict[str, Any]) -> str:
    """SHA-256 of "procure-bid", a zero byte, the 32-byte salt and the RFC 8785 form of the quote."""
    return hashlib.sha256(b"procure-bid\x00" + bytes.fromhex(salt) + rfc8785.dumps(quote)).hexdigest()


def seal(quote: QuoteInput, *, context: str) -> tuple[bytes, str]:
    """(ciphertext bound to its place, commitment)."""
    salt, plain = secrets.token_hex(32), canonical(quote.model_dump())
    return keys.encrypt(PURPOSE, rfc8785.dumps({"quote": plain, "salt": salt}), context), commitment_of(salt, plain)


def unseal(ciphertext: bytes, *, context: str, commitment: str) -> QuoteInput:
    """Raises `SealBroken` when what is inside is not what was committed to."""
    inside = json.loads(keys.decrypt(PURPOSE, bytes(ciphertext), context))
    if not hmac.compare_digest(commitment_of(inside["salt"], inside["quote"]), commitment):
        raise SealBroken
    try:
        return QuoteInput.model_validate(inside["quote"])
    except ValidationError:
        raise SealBroken from None


def _place(bid: Bid, number: int | str) -> str:
    return f"{bid.invitation.event.reference}:{bid.pk}:{number}"


def _must_take_quotes(invitation: Invitation, at: datetime) -> None:
    event = invitation.event
    if event.status != SourcingEvent.Status.OPEN:
        raise NotOpen
    if event.deadline <= at:
        raise TooLate(_("The deadline was %s UTC, so the quote was not taken.") % f"{event.deadline:%d %b %Y %H:%M}")
    if invitation.revoked_at is not None:
        raise NotOpen


def _bid_of(invitation: Invitation) -> Bid:
    bid, _made = Bid.objects.get_or_create(invitation=invitation)
    bid.invitation = invitation
    return bid


def save_draft(invitation: Invitation, data: dict[str, Any]) -> datetime:
    """Keeps half-filled values, sealed, exactly as typed (plain strings by field). Returns the time of saving."""
    raw = json.dumps(data)
    if len(raw) > 500_000:
        raise InvalidInput(_("The draft is too long to keep."))
    with transaction.atomic():
        at = clock.now()
        held = invitations.hold(invitation)
        _must_take_quotes(held, at)
        bid = _bid_of(held)
        bid.draft_ciphertext = keys.encrypt("bid-draft", raw.encode(), _place(bid, "draft"))
        bid.draft_saved_at = at
        bid.save(update_fields=["draft_ciphertext", "draft_saved_at"])
    return at


def draft_of(invitation: Invitation) -> dict[str, Any] | None:
    """What the holder of this link saved; None when there is no draft newer than the last version."""
    bid = Bid.objects.filter(invitation=invitation).first()
    if bid is None or bid.draft_ciphertext is None:
        return None
    bid.invitation = invitation
    return json.loads(keys.decrypt("bid-draft", bytes(bid.draft_ciphertext), _place(bid, "draft")))


def submit(invitation: Invitation, data: Any, *, idempotency_key: str) -> Receipt:
    """Seals a whole quote as the next version. The same key and quote again give the same receipt; another quote under
    a key that was used is refused."""
    quote = parse(data)
    if not 8 <= len(idempotency_key) <= 80 or not idempotency_key.isascii() or not idempotency_key.isprintable():
        raise InvalidInput(_("The form has lost its key. Reload the page; your draft is kept."))
    with transaction.atomic():
        held = invitations.hold(invitation)
        if earlier := BidVersion.objects.filter(bid__invitation=held, idempotency_key=idempotency_key).first():
            return _same(earlier, held, quote)
        at = clock.now()
        _must_take_quotes(held, at)
        _must_fit(held.event, quote)
        return _keep(held, quote, idempotency_key, at)


def _same(earlier: BidVersion, invitation: Invitation, quote: QuoteInput) -> Receipt:
    earlier.bid.invitation = invitation
    if _unsealed(earlier) != quote:
        raise Stale(_("Another quote was sent from this form already. Reload the page to see it, then revise it."))
    return Receipt(earlier.number, earlier.submitted_at, earlier.commitment)


def _keep(held: Invitation, quote: QuoteInput, idempotency_key: str, at: datetime) -> Receipt:
    bid = _bid_of(held)
    Bid.objects.filter(pk=bid.pk).update(current_version=F("current_version") + 1, draft_ciphertext=None)
    bid.refresh_from_db(fields=["current_version"])
    ciphertext, commitment = seal(quote, context=_place(bid, bid.current_version))
    version = BidVersion.objects.create(
        bid=bid,
        number=bid.current_version,
        ciphertext=ciphertext,
        commitment=commitment,
        idempotency_key=idempotency_key,
        submitted_at=at,
    )
    Invitation.objects.filter(pk=held.pk).update(status=Invitation.Status.SUBMITTED)
    entries.bid_submitted(bid, version, actor=invitations.supplier_of(held))
    doorbell.ring(f"{held.event.reference} quoted")
    return Receipt(version.number, version.submitted_at, version.commitment)


def _must_fit(event: SourcingEvent, quote: QuoteInput) -> None:
    """Refuses at once what could not be compared or ordered after the opening, while it can still be put right."""
    asked = {line.number: line.quantity for line in event.lines.all()}
    if unknown := [each.line for each in quote.lines if each.line not in asked]:
        raise InvalidInput(_("There is no line %s in this event.") % unknown[0])
    today = clock.business_date(event.entity)
    if any(each.delivery_date and each.delivery_date < today for each in quote.lines):
        raise InvalidInput(_("A delivery date lies in the past."))
    total = quote.freight + sum(
        (each.unit_price * max(asked[each.line], each.quantity_offered or Decimal(0)) for each in quote.lines),
        Decimal(0),
    )
    try:
        worth = currency.to_base(Money(total, quote.currency), event.entity, today).amount
    except NoRate:
        raise InvalidInput(
            _("Quotes in %(given)s cannot be compared. Quote in %(asked)s.")
            % {"given": quote.currency, "asked": event.currency},
            errors=[("currency", _("Quotes in this currency cannot be compared."))],
        ) from None
    if max(total, worth) > LIMIT:
        raise InvalidInput(_("The quote adds up to more than can be ordered. Check prices and quantities."))


def own(invitation: Invitation) -> tuple[QuoteInput, Receipt] | None:
    """A supplier's own last version, for the holder of its link alone."""
    version = (
        BidVersion.objects.select_related("bid")
        .filter(bid__invitation=invitation, number=F("bid__current_version"))
        .first()
    )
    if version is None:
        return None
    version.bid.invitation = invitation
    return _unsealed(version), Receipt(version.number, version.submitted_at, version.commitment)


def decline(invitation: Invitation, reason: str) -> None:
    """The supplier will not quote. It may still change its mind until the deadline."""
    why = "".join(each if each.isprintable() else " " for each in reason).strip()[:500]
    with transaction.atomic():
        held = invitations.hold(invitation)
        _must_take_quotes(held, clock.now())
        if held.status == Invitation.Status.SUBMITTED:
            raise WrongState(_("You have quoted already. Revise the quote, or ask the buyer to leave it out."))
        Invitation.objects.filter(pk=held.pk).update(status=Invitation.Status.DECLINED, decline_reason=why)
        said = {contact(who.pk): {"reason": why}} if (who := invitations.contact_of(held.vendor)) else None
        entries.invitation_fact("declined", held, actor=invitations.supplier_of(held), personal=said)
        doorbell.ring(f"{held.event.reference} declined")


def open_all(event: SourcingEvent, *, at: datetime) -> list[OpenedBid]:
    """Opens the last version of every bid of a closed event, or none: one broken seal (`SealBroken`, `CannotOpen`)
    leaves all of them closed. For `procure.sourcing.events`, which holds event and invitations."""
    claimed = SourcingEvent.objects.filter(pk=event.pk, status=SourcingEvent.Status.CLOSED)
    if not claimed.update(status=SourcingEvent.Status.OPENED, opened_at=at, problem=""):
        raise StillSealed
    event.refresh_from_db()
    versions = BidVersion.objects.select_related("bid__invitation__event", "bid__invitation__vendor").filter(
        bid__invitation__event=event, bid__invitation__revoked_at=None, number=F("bid__current_version")
    )
    lines = {each.number: each for each in event.lines.all()}
    return [_open(version, lines, at) for version in versions.order_by("bid__pk")]


def _unsealed(version: BidVersion) -> QuoteInput:
    return unseal(bytes(version.ciphertext), context=_place(version.bid, version.number), commitment=version.commitment)


def _open(version: BidVersion, lines: dict[int, EventLine], at: datetime) -> OpenedBid:
    invitation = version.bid.invitation
    try:
        quote = _unsealed(version)
        if any(each.line not in lines for each in quote.lines):
            raise SealBroken
    except (SealBroken, keys.CannotOpen) as error:
        raise SealBroken(_("The quote of %s: ") % invitation.vendor.name + error.message) from error
    opened = OpenedBid.objects.create(
        version=version,
        event=invitation.event,
        vendor=invitation.vendor,
        currency=quote.currency,
        freight=quote.freight,
        incoterm=quote.incoterm,
        validity_until=quote.validity_until,
        remarks=quote.remarks,
        opened_at=at,
    )
    OpenedBidLine.objects.bulk_create(
        OpenedBidLine(
            opened_bid=opened,
            event_line=lines[each.line],
            unit_price=each.unit_price,
            lead_time_days=each.lead_time_days,
            delivery_date=each.delivery_date,
            quantity_offered=each.quantity_offered,
            remarks=each.remarks,
        )
        for each in quote.lines
    )
    return opened


def as_facts(opened: OpenedBid) -> dict[str, Any]:
    """An opened bid as the journal keeps it."""
    return {
        "vendor": opened.vendor.key,
        "version": opened.version.number,
        "commitment": opened.version.commitment,
        "currency": opened.currency,
        "freight": opened.freight,
        "lines": [
            {"line": each.event_line.number, "unit_price": each.unit_price, "lead_time_days": each.lead_time_days}
            for each in opened.lines.select_related("event_line")
        ],
    }
