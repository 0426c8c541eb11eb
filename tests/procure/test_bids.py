"""Sealed bids: versions, receipts, the deadline, the opening."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger import clock
from ledger.errors import InvalidInput, Stale
from ledger.models import Entry
from procure.errors import NotOpen, SealBroken, TooLate, WrongState
from procure.models import Bid, BidVersion, Invitation, OpenedBid, OpenedBidLine
from procure.sourcing import bids
from tests.procure.market import invitation, kinds, make_rate, quote, reach_deadline, submit


def test_an_ordinary_quote_without_quantity_offered_is_opened_as_given(event):
    submit(event, 1, "2.50", freight="12", line={"remarks": "ex stock"})
    assert reach_deadline(event).status == "opened"
    line = OpenedBidLine.objects.select_related("opened_bid").get()
    assert (line.unit_price, line.quantity_offered, line.remarks) == (Decimal("2.50"), None, "ex stock")
    assert (line.opened_bid.currency, line.opened_bid.freight) == ("USD", Decimal(12))


def test_the_same_key_and_quote_give_the_same_receipt(event):
    first = submit(event, 1, key="k" * 10)
    assert submit(event, 1, key="k" * 10) == first
    assert BidVersion.objects.count() == 1
    assert kinds().count("bid.submitted") == 1


def test_the_same_key_with_another_quote_is_refused_and_the_first_stands(event):
    submit(event, 1, "2.50", key="k" * 10)
    with pytest.raises(Stale):
        submit(event, 1, "1.90", key="k" * 10)
    quoted, receipt = bids.own(invitation(event))
    assert (quoted.lines[0].unit_price, receipt.version) == (Decimal("2.50"), 1)


def test_a_receipt_can_be_had_again_after_the_deadline(event):
    first = submit(event, 1, key="k" * 10)
    reach_deadline(event)
    assert submit(event, 1, key="k" * 10) == first


def test_the_last_version_is_the_one_opened_and_a_draft_is_forgotten(event):
    bids.save_draft(invitation(event), {"lines": "half"})
    submit(event, 1, "2.50")
    assert bids.draft_of(invitation(event)) is None
    submit(event, 1, "2.25")
    reach_deadline(event)
    assert OpenedBidLine.objects.get().unit_price == Decimal("2.25")


def test_the_commitment_in_the_ledger_is_that_of_the_receipt(event):
    receipt = submit(event, 1)
    body = Entry.objects.get(kind="bid.submitted").bytes
    assert receipt.commitment.encode() in bytes(body)


@pytest.mark.parametrize("key", ["", "short", "k" * 81, "k" * 9 + "\x00", "ключ-ключ"])
def test_a_form_without_its_key_is_refused(event, key):
    with pytest.raises(InvalidInput):
        submit(event, 1, key=key)
    assert not Bid.objects.exists()


def test_nothing_is_taken_at_or_after_the_deadline(event):
    clock.shift(timedelta(hours=2))
    for act in (
        lambda: submit(event, 1),
        lambda: bids.decline(invitation(event), "no"),
        lambda: bids.save_draft(invitation(event), {}),
    ):
        with pytest.raises(TooLate):
            act()
    assert not Bid.objects.exists()
    assert invitation(event).status == Invitation.Status.SENT


def test_nothing_is_taken_from_a_cancelled_event_or_a_revoked_invitation(event):
    Invitation.objects.filter(vendor__key="VEN-001").update(revoked_at=clock.now())
    with pytest.raises(NotOpen):
        submit(event, 1)
    type(event).objects.update(status="cancelled")
    with pytest.raises(NotOpen):
        submit(event, 2)
    assert not Bid.objects.exists()


def test_a_currency_without_a_rate_is_refused_and_can_be_put_right(event):
    with pytest.raises(InvalidInput, match="ZZZ") as refused:
        submit(event, 1, currency="ZZZ")
    assert refused.value.context["errors"][0][0] == "currency"
    assert not Bid.objects.exists()
    make_rate("USD", "1.30")
    make_rate("GBP", "0.85")
    for code in ("EUR", "GBP", "USD"):
        assert submit(event, 1, currency=code, key=f"in-{code}-now").version


@pytest.mark.parametrize(
    "wrong",
    [
        quote(line={"line": 7}),
        quote("99999999999"),
        quote(line={"quantity_offered": "99999999999"}),
        quote(line={"delivery_date": "2001-01-01"}),
    ],
    ids=["unknown line", "too dear", "too much", "in the past"],
)
def test_what_could_not_be_ordered_later_is_refused_at_once(event, wrong):
    with pytest.raises(InvalidInput):
        bids.submit(invitation(event), wrong, idempotency_key="k" * 10)
    assert not Bid.objects.exists()
    assert invitation(event).status == Invitation.Status.SENT


def test_who_has_quoted_does_not_decline_but_who_declined_may_quote(event):
    bids.decline(invitation(event), " too \x00busy ")
    assert (invitation(event).status, invitation(event).decline_reason) == ("declined", "too  busy")
    submit(event, 1)
    with pytest.raises(WrongState):
        bids.decline(invitation(event), "after all")
    assert invitation(event).status == Invitation.Status.SUBMITTED
    assert kinds().count("invitation.declined") == 1


def test_a_seal_opens_only_in_its_place_and_only_on_its_commitment(event):
    parsed = bids.parse(quote())
    sealed, commitment = bids.seal(parsed, context="RFQ-1:1:1")
    assert bids.unseal(sealed, context="RFQ-1:1:1", commitment=commitment) == parsed
    with pytest.raises(bids.keys.CannotOpen):
        bids.unseal(sealed, context="RFQ-1:2:1", commitment=commitment)
    with pytest.raises(SealBroken):
        bids.unseal(sealed, context="RFQ-1:1:1", commitment="0" * 64)


def test_a_revoked_bid_stays_closed_for_ever(event):
    submit(event, 1)
    submit(event, 2)
    Invitation.objects.filter(vendor__key="VEN-002").update(revoked_at=clock.now())
    reach_deadline(event)
    assert [each.vendor.key for each in OpenedBid.objects.all()] == ["VEN-001"]
