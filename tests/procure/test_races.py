"""Rivals at the same moment, staged: nothing is lost, taken twice, or left waiting for ever."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from approvals import locks
from ledger import clock, journal, outbox
from ledger.errors import Stale
from ledger.importing import importing
from ledger.models import Entry
from ledger.money import Money
from procure import messages
from procure.commands import CancelEvent, InviteSuppliers
from procure.errors import BudgetExceeded, NotOpen, TooLate
from procure.finance import budgets
from procure.models import BidVersion, Budget, Commitment, OpenedBid, SourcingEvent
from procure.sourcing import bids, events
from tests.procure import market
from tests.procure.market import carry, invitation, make_budget, quote
from tests.vendors.rows import DIGEST, make_contact, make_vendor

pytestmark = pytest.mark.django_db(transaction=True)


class Stop:
    """Halts whoever comes by, until the others had their time."""

    def __init__(self, monkeypatch, module, name: str) -> None:
        self.reached, self.go, real = threading.Event(), threading.Event(), getattr(module, name)

        def halted(*args, **fields):
            self.reached.set()
            self.go.wait(20)
            return real(*args, **fields)

        monkeypatch.setattr(module, name, halted)

    def until_reached(self) -> None:
        assert self.reached.wait(20)

    def let_go(self, after: float = 0.7) -> None:
        """The rival has run into its wait by then; when it has not, the test only proves less."""
        self.go.wait(after)
        self.go.set()


def past_deadline(event: SourcingEvent) -> None:
    clock.shift(event.deadline - clock.now() + timedelta(seconds=1))


def test_a_quote_on_its_way_at_the_deadline_is_opened_with_the_others(event, threads, monkeypatch):
    asked, run = invitation(event), threads()
    stop = Stop(monkeypatch, bids.entries, "bid_submitted")
    run.start("quote", lambda: bids.submit(asked, quote(), idempotency_key="k" * 10))
    stop.until_reached()
    past_deadline(event)
    run.start("opening", events.answer)
    stop.let_go()
    results = run.join()
    assert results["quote"].version == 1
    assert results["opening"] == 1
    assert run.ask(lambda: (OpenedBid.objects.count(), SourcingEvent.objects.get().status)) == (1, "opened")


def test_a_quote_that_meets_the_opening_is_refused_and_not_kept(event, threads, monkeypatch):
    asked, run = invitation(event), threads()
    past_deadline(event)
    stop = Stop(monkeypatch, events.entries, "event_fact")
    run.start("opening", events.answer)
    stop.until_reached()
    run.start("quote", lambda: bids.submit(asked, quote(), idempotency_key="k" * 10))
    run.start("decline", lambda: bids.decline(asked, "no"))
    stop.let_go()
    results = run.join()
    assert results["opening"] == 1
    assert isinstance(results["quote"], NotOpen | TooLate)
    assert isinstance(results["decline"], NotOpen | TooLate)
    assert run.ask(lambda: (BidVersion.objects.count(), OpenedBid.objects.count())) == (0, 0)


def test_two_openings_open_once(event, threads, monkeypatch):
    market.submit(event, 1)
    past_deadline(event)
    run = threads()
    stop = Stop(monkeypatch, events.entries, "event_fact")
    run.start("one", events.answer)
    stop.until_reached()
    run.start("other", events.answer)
    stop.let_go()
    results = run.join()
    assert sorted(results.values()) == [0, 1]
    facts = run.ask(lambda: list(Entry.objects.filter(kind="event.opened").values_list("kind", flat=True)))
    assert facts == ["event.opened"]


@pytest.mark.parametrize("same", [True, False], ids=["the same quote", "another quote"])
def test_one_form_sent_twice_is_one_quote(event, threads, monkeypatch, same):
    asked, run = invitation(event), threads()
    stop = Stop(monkeypatch, bids.entries, "bid_submitted")
    run.start("first", lambda: bids.submit(asked, quote("2.50"), idempotency_key="k" * 10))
    stop.until_reached()
    price = "2.50" if same else "1.90"
    run.start("second", lambda: bids.submit(asked, quote(price), idempotency_key="k" * 10))
    stop.let_go()
    results = run.join()
    assert results["second"] == results["first"] if same else isinstance(results["second"], Stale)
    assert run.ask(BidVersion.objects.count) == 1


def test_two_quotes_of_one_supplier_are_two_versions(event, threads, monkeypatch):
    asked, run = invitation(event), threads()
    stop = Stop(monkeypatch, bids.entries, "bid_submitted")
    run.start("first", lambda: bids.submit(asked, quote("2.50"), idempotency_key="first-key"))
    stop.until_reached()
    run.start("second", lambda: bids.submit(asked, quote("1.90"), idempotency_key="second-key"))
    stop.let_go()
    assert sorted(each.version for each in run.join().values()) == [1, 2]


def test_of_two_who_want_the_last_of_a_budget_one_gets_it(entity, cost_centre, threads, monkeypatch):
    make_budget(cost_centre, 100)
    run = threads()

    def hold(key: str):
        with importing("tests", DIGEST):
            return budgets.hold(
                entity=entity,
                cost_centre="PROG",
                money=Money(60, "USD"),
                kind="order",
                key=key,
                actor=market.POLICY,
                causes=[],
            )

    stop = Stop(monkeypatch, budgets.entries, "budget_fact")
    run.start("one", lambda: hold("PO-1"))
    stop.until_reached()
    run.start("other", lambda: hold("PO-2"))
    stop.let_go()
    results = run.join()
    assert isinstance(results["other"], BudgetExceeded)
    assert run.ask(lambda: (Budget.objects.get().committed, Commitment.objects.count())) == (60, 1)


def execute(command, entity):
    """As an approved proposal is carried out: rows first, then an entry, then the handler."""
    with importing("tests", DIGEST):
        locks.hold([command], entity)
        journal.record("proposal.judged", actor=market.POLICY, entity=entity)
        return carry(command, entity=entity)


def test_a_quote_on_its_way_when_the_event_is_cancelled_comes_before_it(event, entity, threads, monkeypatch):
    asked, run = invitation(event), threads()
    stop = Stop(monkeypatch, bids.entries, "bid_submitted")
    run.start("quote", lambda: bids.submit(asked, quote(), idempotency_key="k" * 10))
    stop.until_reached()
    run.start("cancel", lambda: execute(CancelEvent(event=event.reference, reason="no need"), entity))
    stop.let_go()
    results = run.join()
    assert not [each for each in results.values() if isinstance(each, Exception)], results
    wanted = ["bid.submitted", "event.cancelled"]
    facts = run.ask(lambda: list(Entry.objects.filter(kind__in=wanted).order_by("seq").values_list("kind", flat=True)))
    assert facts == wanted


def test_a_mail_that_is_settled_while_its_event_is_cancelled_blocks_nobody(entity, rita, threads, monkeypatch):
    market.make_requisition(entity, rita)
    make_contact(make_vendor("VEN-001", entity=entity))
    command = InviteSuppliers(requisition="PR-00001", title="Gloves", vendors=("VEN-001",))
    made = carry(command, entity=entity).result["event"]
    cancel = CancelEvent(event=made, reason="no need")
    run = threads()
    stop = Stop(monkeypatch, messages.entries, "invitation_fact")

    run.start("mail", outbox.answer)
    stop.until_reached()
    run.start("cancel", lambda: execute(cancel, entity))
    stop.let_go()
    results = run.join()
    assert not [each for each in results.values() if isinstance(each, Exception)], results
    assert run.ask(lambda: SourcingEvent.objects.get().status) == "cancelled"
