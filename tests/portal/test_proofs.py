"""A supplier takes home the proofs of what the ledger says of it alone."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from ledger import checkpoints, clock, verifier
from ledger.actors import Actor
from ledger.checkpoints import WORKER
from ledger.importing import importing
from ledger.models import Entry
from procure import entries
from procure.models import Award, Invitation, Order, OrderVersion
from procure.sourcing import proofs
from tests.portal.market import after_deadline, invite, post, publish, typed


@pytest.fixture(autouse=True)
def keys(tmp_path, settings) -> None:
    settings.KEYS_DIR, settings.LEDGER_ANCHOR_DIR = tmp_path / "keys", tmp_path / "anchors"


def order_from(invitation: Invitation, reference: str) -> Entry:
    event = invitation.event
    with transaction.atomic(), importing("tests", "0" * 64):
        order = Order.objects.create(
            reference=reference, entity=event.entity, vendor=invitation.vendor, event=event, currency="USD",
            issued_at=clock.now(),
        )  # fmt: skip
        OrderVersion.objects.create(order=order, number=1, total=5, issued_at=clock.now())
        return entries.order_fact("issued", order, actor=Actor.system("tests"), causes=[1])


def award(invitation: Invitation) -> Entry:
    event = invitation.event
    with transaction.atomic():
        made = Award(reference="AWD-1", entity=event.entity, event=event)
        lines = [{"vendor": key, "unit_price": "987.6543"} for key in ("VEN-A", "VEN-B")]
        return entries.award_fact("made", made, actor=Actor.system("tests"), causes=[1], data={"lines": lines})


@pytest.fixture
def done(invited) -> dict[str, Any]:
    """Both suppliers quoted and each won an order; every entry by name, under a checkpoint."""
    rival, rival_page = invite(invited.event, "VEN-B", name="Maker B")
    post(invited.page, typed("7.20"))
    post(rival_page, typed("8.10"))
    after_deadline(invited.event)
    found = {"award": award(invited.invitation).seq}
    found |= {"order": order_from(invited.invitation, "PO-1").seq, "rival order": order_from(rival, "PO-2").seq}
    bids = Entry.objects.filter(kind="bid.submitted").order_by("seq").values_list("seq", flat=True)
    found |= dict(zip(("bid", "rival bid"), bids, strict=True))
    checkpoints.make(actor=WORKER)
    return found | {"rival page": rival_page}


def fetch(page: str, seq: object) -> Any:
    return Client().get(f"{page}proof/", {"entry": seq})


def test_a_supplier_takes_home_its_quote_and_its_order_and_anybody_can_check_them(invited, done) -> None:
    shown = Client().get(invited.page).content.decode()
    key = verifier.Key.parse(checkpoints.verifier_key())
    for name in ("bid", "order"):
        assert f'href="{invited.page}proof/?entry={done[name]}"' in shown
        answer = fetch(invited.page, done[name])
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")
        assert f"entry-{done[name]}.tlog-proof" in answer["Content-Disposition"]
        checked = verifier.check(io.BytesIO(answer.content), key, [])
        assert checked.valid
        record = verifier.parse_record(bytes(Entry.objects.get(seq=done[name]).bytes))
        assert record["data"]["vendor"] == "VEN-A"
        told = bytes(Entry.objects.get(seq=done[name]).bytes).decode()
        for secret in ("VEN-B", "Maker B", "7.20", "8.10", "987.6543"):
            # A figure stands alone: an instant may hold its digits by chance.
            assert not re.search(rf"(?<![0-9.]){re.escape(secret)}(?![0-9])", told)


@pytest.mark.parametrize("name", ["award", "rival bid", "rival order"])
def test_what_tells_of_rivals_is_not_offered(invited, done, name) -> None:
    assert f"entry={done[name]}" not in Client().get(invited.page).content.decode()
    refused = fetch(invited.page, done[name])
    assert refused.status_code == 404
    assert b"c2sp.org" not in refused.content
    if name.startswith("rival"):
        assert fetch(done["rival page"], done[name]).status_code == 200


def test_what_no_checkpoint_covers_yet_is_not_offered(invited) -> None:
    after_deadline(invited.event)
    award(invited.invitation)
    checkpoints.make(actor=WORKER)
    order = order_from(invited.invitation, "PO-1").seq
    assert fetch(invited.page, order).status_code == 404
    checkpoints.make(actor=WORKER)
    assert fetch(invited.page, order).status_code == 200


@pytest.mark.parametrize("seq", ["", "0", "-1", "01", "x", "1 OR 1=1", "9" * 40, "٣"])
def test_a_number_that_is_not_on_the_list_is_refused(invited, done, seq) -> None:
    assert fetch(invited.page, seq).status_code == 404


def test_nothing_is_offered_while_quotes_are_taken(invited) -> None:
    """A receipt's row number would tell how many have quoted."""
    post(invited.page, typed("7.20"))
    checkpoints.make(actor=WORKER)
    assert proofs.offered(invited.invitation) == []
    assert "Proofs" not in Client().get(invited.page).content.decode()
    assert fetch(invited.page, Entry.objects.get(kind="bid.submitted").seq).status_code == 404


def test_links_that_are_expired_revoked_unknown_or_to_another_event_open_no_proof(invited, done, entity, ben) -> None:
    _another, other_page = invite(publish(entity, ben), "VEN-C")
    assert fetch(other_page, done["bid"]).status_code == 404
    assert fetch(f"/s/{'x' * 43}/", done["bid"]).status_code == 404
    Invitation.objects.filter(pk=invited.invitation.pk).update(revoked_at=clock.now())
    assert fetch(invited.page, done["bid"]).status_code == 404
    Invitation.objects.filter(pk=invited.invitation.pk).update(revoked_at=None)
    assert fetch(invited.page, done["bid"]).status_code == 200
    clock.shift(timedelta(days=90))
    expired = fetch(invited.page, done["bid"])
    assert expired.status_code == 410
    assert b"c2sp.org" not in expired.content
