"""Sealed bids: drafts, versions, receipts, and the one opening. Values pass only through `seal` and `unseal`."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import rfc8785
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ledger import clock, doorbell, keys
from ledger.actors import Actor
from ledger.command import canonical
from ledger.errors import InvalidInput, Stale
from procure import entries
from procure.errors import NotOpen, SealBroken, StillSealed, TooLate, WrongState
from procure.models import Bid, BidVersion, Invitation, OpenedBid, OpenedBidLine, SourcingEvent
from procure.sourcing.invitations import supplier_of
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
    return QuoteInput.model_validate(inside["quote"])


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
        held = Invitation.objects.select_related("event", "vendor").get(pk=invitation.pk)
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
    """Seals a whole quote as the next version. The same key again gives the same receipt."""
    quote = parse(data)
    if not 8 <= len(idempotency_key) <= 80:
        raise InvalidInput(_("The form has lost its key. Reload the page; your draft is kept."))
    try:
        return _submit(invitation, quote, idempotency_key)
    except IntegrityError:
        # Two posts with one key at the same time: the other one stands, and this is its receipt.
        if earlier := _receipt_for(invitation, idempotency_key):
            return earlier
        raise Stale(_("Two quotes arrived at the same time. Send this one again.")) from None


def _receipt_for(invitation: Invitation, idempotency_key: str) -> Receipt | None:
    found = BidVersion.objects.filter(bid__invitation=invitation, idempotency_key=idempotency_key).first()
    return Receipt(found.number, found.submitted_at, found.commitment) if found else None


@transaction.atomic
def _submit(invitation: Invitation, quote: QuoteInput, idempotency_key: str) -> Receipt:
    if earlier := _receipt_for(invitation, idempotency_key):
        return earlier
    # Holding the invitation's row first, then reading the event: an opening in progress holds all invitations of its
    # event, so either it waits for this quote, or this quote waits and finds the event opened.
    Invitation.objects.filter(pk=invitation.pk).update(status=Invitation.Status.SUBMITTED)
    held = Invitation.objects.select_related("event__entity", "vendor").get(pk=invitation.pk)
    _lines_must_exist(held.event, quote)
    bid = _bid_of(held)
    Bid.objects.filter(pk=bid.pk).update(current_version=F("current_version") + 1, draft_ciphertext=None)
    bid.refresh_from_db(fields=["current_version"])
    at = clock.now()
    _must_take_quotes(held, at)
    ciphertext, commitment = seal(quote, context=_place(bid, bid.current_version))
    version = BidVersion.objects.create(
        bid=bid,
        number=bid.current_version,
        ciphertext=ciphertext,
        commitment=commitment,
        idempotency_key=idempotency_key,
        submitted_at=at,
    )
    entries.bid_submitted(bid, version, actor=supplier_of(held))
    doorbell.ring(f"{held.event.reference} quoted")
    return Receipt(version.number, version.submitted_at, version.commitment)


def _lines_must_exist(event: SourcingEvent, quote: QuoteInput) -> None:
    asked = set(event.lines.values_list("number", flat=True))
    if unknown := [each.line for each in quote.lines if each.line not in asked]:
        raise InvalidInput(_("There is no line %s in this event.") % unknown[0])


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
    quote = unseal(version.ciphertext, context=_place(version.bid, version.number), commitment=version.commitment)
    return quote, Receipt(version.number, version.submitted_at, version.commitment)


def decline(invitation: Invitation, reason: str) -> None:
    """The supplier will not quote. It may still change its mind until the deadline."""
    with transaction.atomic():
        held = Invitation.objects.select_related("event__entity", "vendor").get(pk=invitation.pk)
        _must_take_quotes(held, clock.now())
        if held.status == Invitation.Status.SUBMITTED:
            raise WrongState(_("You have quoted already. Revise the quote, or ask the buyer to leave it out."))
        Invitation.objects.filter(pk=held.pk).update(
            status=Invitation.Status.DECLINED, decline_reason=reason.strip()[:500]
        )
        entries.invitation_fact("declined", held, actor=supplier_of(held))
        doorbell.ring(f"{held.event.reference} declined")


def open_all(event: SourcingEvent, *, actor: Actor) -> int:
    """Opens the last version of every bid at once, and returns how many. For `procure.sourcing.events`.

    Each is checked against its commitment first; one broken seal leaves all of them closed.
    """
    with transaction.atomic():
        at = clock.now()
        claimed = SourcingEvent.objects.filter(pk=event.pk, status=SourcingEvent.Status.CLOSED)
        if not claimed.update(status=SourcingEvent.Status.OPENED, opened_at=at):
            raise StillSealed
        event.refresh_from_db()
        list(event.invitations.select_for_update().order_by("pk"))
        versions = BidVersion.objects.select_related("bid__invitation__event", "bid__invitation__vendor").filter(
            bid__invitation__event=event, bid__invitation__revoked_at=None, number=F("bid__current_version")
        )
        opened = [_open(version, at) for version in versions.order_by("bid__pk")]
        entries.event_fact(
            "opened", event, actor=actor, data={"bids": [_as_facts(each) for each in opened], "count": len(opened)}
        )
        doorbell.ring(f"{event.reference} opened")
    return len(opened)


def _open(version: BidVersion, at: datetime) -> OpenedBid:
    invitation = version.bid.invitation
    quote = unseal(version.ciphertext, context=_place(version.bid, version.number), commitment=version.commitment)
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
    lines = {each.number: each for each in invitation.event.lines.all()}
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


def _as_facts(opened: OpenedBid) -> dict[str, Any]:
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
