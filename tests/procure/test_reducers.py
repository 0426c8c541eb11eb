"""Tables of records and the states that follow from them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ledger.command import digest
from ledger.models import LegalEntity
from ledger.records import Record
from procure import live, reducers
from tests.ledger.told import record, told
from tests.procure.market import make_budget

CAPTURED = {"status": "captured", "requested_by": "3", "budget": None, "currency": "", "urgency": "normal"}
LINES = {"1": {"item": None, "quantity": "10", "unit": "pack"}}
REQUISITIONS = [
    ("as captured", [record("requisition.captured", **CAPTURED)], CAPTURED | {"lines": {}}),
    (
        "reading puts fields and lines",
        [
            record("requisition.captured", **CAPTURED),
            record("requisition.read", status="questions", budget="20", lines=LINES),
        ],
        CAPTURED | {"status": "questions", "budget": "20", "lines": LINES},
    ),
    (
        "what else an entry says is not its state",
        [record("requisition.captured", **CAPTURED, source="abc", channel="portal")],
        CAPTURED | {"lines": {}},
    ),
    (
        "answers change nothing but what they say",
        [
            record("requisition.captured", **CAPTURED, lines=LINES),
            record("requisition.answered", answers={"budget": "abc"}),
        ],
        CAPTURED | {"lines": LINES},
    ),
    *(
        (
            f"moved by {kind}",
            [record("requisition.captured", **CAPTURED), record(kind, requisition_status=status)],
            CAPTURED | {"lines": {}, "status": status},
        )
        for kind, status in (
            ("event.published", "sourcing"),
            ("event.cancelled", "raised"),
            ("order.issued", "ordered"),
            ("order.cancelled", "sourcing"),
        )
    ),
    (
        "facts that only mention it",
        [record("requisition.captured", **CAPTURED), record("plan.started"), record("event.closed", status="closed")],
        CAPTURED | {"lines": {}},
    ),
    ("an event before it was known", [record("event.published", requisition_status="sourcing")], None),
]


@pytest.mark.parametrize(
    ("records", "state"), [each[1:] for each in REQUISITIONS], ids=[each[0] for each in REQUISITIONS]
)
def test_requisitions(records, state):
    assert told(reducers.requisition, *records) == state


VEN = ("vendor", "VEN-1")
PUBLISHED = record("event.published", status="open", deadline="2026-01-01", currency="USD", invited=["VEN-1", "VEN-2"])
QUOTE = {
    "vendor": "VEN-1",
    "version": 2,
    "commitment": "c",
    "currency": "USD",
    "freight": "350.00",
    "lines": [{"line": 1, "unit_price": "2.5000", "lead_time_days": 45}],
}


def event(*records: Record) -> Any:
    return told(reducers.event, PUBLISHED, *records)


EVENT_STATUSES = [
    (record("event.closed", status="closed"), "closed"),
    (record("event.opened", status="opened", bids=[]), "opened"),
    (record("event.opening_failed", status="closed"), "closed"),
    (record("event.cancelled", status="cancelled"), "cancelled"),
    (record("award.made", status="made", event_status="awarded"), "awarded"),
    (record("award.revoked", status="revoked", event_status="opened"), "opened"),
    (record("event.mails_sent_now", status="closed"), "open"),
    (record("order.issued", status="issued"), "open"),
]


@pytest.mark.parametrize(("fact", "status"), EVENT_STATUSES, ids=[each[0].kind for each in EVENT_STATUSES])
def test_what_moves_an_event(fact, status):
    assert event(fact)["status"] == status


SENT, GONE = {"status": "sent", "revoked": False}, {"status": "sent", "revoked": True}
SUBMITTED = record("bid.submitted", vendor="VEN-1", version=1)
INVITATIONS = [
    ([], SENT),
    ([record("invitation.sent", "K", VEN)], SENT),
    ([record("invitation.opened", "K", VEN)], SENT | {"status": "opened"}),
    ([record("invitation.declined", "K", VEN)], SENT | {"status": "declined"}),
    ([record("invitation.revoked", "K", VEN)], GONE),
    ([SUBMITTED], SENT | {"status": "submitted"}),
    ([record("invitation.declined", "K", VEN), SUBMITTED], SENT | {"status": "submitted"}),
    ([SUBMITTED, record("invitation.opened", "K", VEN)], SENT | {"status": "submitted"}),
]


@pytest.mark.parametrize(("facts", "state"), INVITATIONS)
def test_what_became_of_an_invitation(facts, state):
    after = event(*facts)
    assert after["invitations"] == {"VEN-1": state, "VEN-2": SENT}
    assert after["status"] == "open"


def test_opening_tells_the_figures():
    assert event(record("event.opened", status="opened", bids=[QUOTE]))["quotes"] == {
        "VEN-1": {
            "expired": False,
            "version": 2,
            "commitment": "c",
            "currency": "USD",
            "freight": "350",
            "lines": {"1": {"unit_price": "2.5", "lead_time_days": 45}},
        }
    }


def test_a_bid_keeps_the_commitment_of_each_version():
    def submitted(version: int) -> Record:
        said = {"vendor": "VEN-1", "version": version, "commitments": {"quote": f"c{version}"}}
        return record("bid.submitted", "1", ("bid", "1"), ("event", "RFQ-1"), **said)

    state = {"event": "RFQ-1", "vendor": "VEN-1", "version": 2, "commitments": {"1": "c1", "2": "c2"}}
    assert told(reducers.bid, submitted(1), submitted(2), record("event.opened")) == state


def test_an_award_and_its_end():
    line = {"line": 1, "bid_line": 9, "vendor": "VEN-1", "quantity": "10.0000", "unit_price": "2.50", "currency": "USD"}
    made = record("award.made", "AWD-1", ("award", "AWD-1"), ("event", "RFQ-1"), status="made", lines=[line])
    state = told(reducers.award, made)
    assert state == {
        "status": "made",
        "event": "RFQ-1",
        "lines": {"1/VEN-1": {"quantity": "10", "unit_price": "2.5", "currency": "USD"}},
    }
    assert told(reducers.award, made, record("award.revoked", status="revoked")) == {**state, "status": "revoked"}
    assert told(reducers.award, made, record("order.issued", status="issued")) == state


HEAD = {"status": "issued", "vendor": "VEN-1", "currency": "USD", "version": 1}
FIRST = {"total": "25", "freight": "0", "incoterm": "", "deliver_to": "NG", "lines": LINES}
SECOND = FIRST | {"total": "50"}
ISSUED = record("order.issued", **HEAD, **FIRST)
ORDERS = [
    ([ISSUED], {**HEAD, **FIRST, "earlier": {}}),
    (
        [ISSUED, record("order.changed", **HEAD | {"version": 2}, **SECOND, reason="more")],
        {**HEAD, **SECOND, "version": 2, "earlier": {"1": digest(FIRST)}},
    ),
    (
        [ISSUED, record("order.cancelled", **HEAD | {"status": "cancelled"})],
        {**HEAD, **FIRST, "status": "cancelled", "earlier": {}},
    ),
    ([ISSUED, record("erp.confirmed", status="x"), record("budget.committed")], {**HEAD, **FIRST, "earlier": {}}),
    ([record("order.cancelled", status="cancelled")], None),
]


@pytest.mark.parametrize(("records", "state"), ORDERS)
def test_orders(records, state):
    assert told(reducers.order, *records) == state


def held(kind: str, committed: str, amount: str = "25.0000") -> Record:
    said = {"amount": "1000.0000", "committed": committed, "currency": "USD", "commitment": amount, "for": "order/PO-1"}
    return record(kind, "K", ("budget", "PROG/2026"), ("order", "PO-1"), ("commitment", "4"), **said)


def test_a_budget_and_what_is_held_on_it():
    budget = {"amount": "1000", "committed": "25", "currency": "USD"}
    commitment = {
        "budget": "PROG/2026",
        "for": "order/PO-1",
        "amount": "25",
        "currency": "USD",
        "status": "held",
    }
    on, off = held("budget.committed", "25.00"), held("budget.released", "0.0000")
    assert told(reducers.budget, on) == budget
    assert told(reducers.commitment, on) == commitment
    assert told(reducers.budget, on, off) == {**budget, "committed": "0"}
    assert told(reducers.commitment, on, off) == {**commitment, "status": "released"}
    changed = record("budget.changed", amount="2000", committed="25", currency="USD", before="1000")
    assert told(reducers.budget, on, changed) == {**budget, "amount": "2000"}


def test_readers_give_only_the_rows_of_their_log(db, entity: LegalEntity, cost_centre):
    make_budget(cost_centre, Decimal("1000.50"))
    ((key, row),) = live.budgets("main")
    assert (key.startswith("HQ/PROG/"), row["amount"]) == (True, "1000.5")
    assert list(live.budgets("another")) == []
    assert list(live.budgets("main", {"HQ/PROG/1999"})) == []
