"""Budgets: never beyond the limit, never negative, not a hundredth of a cent lost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.actors import Actor
from ledger.errors import InvalidInput
from ledger.importing import importing
from ledger.money import Money
from procure.commands import ChangeBudget
from procure.errors import BudgetExceeded, NoBudget
from procure.finance import budgets
from procure.models import Budget, Commitment
from tests.procure.market import carry, kinds, make_budget, make_rate
from tests.vendors.rows import DIGEST

ACTOR = Actor.system("tests")


def hold(centre, amount, key: str = "PO-1", currency: str = "USD") -> Commitment:
    money = Money(Decimal(amount), currency)
    return budgets.hold(
        entity=centre.entity, cost_centre=centre.code, money=money, kind="order", key=key, actor=ACTOR, causes=[]
    )


def release(key: str) -> Commitment | None:
    return budgets.release("order", key, actor=ACTOR, causes=[])


@pytest.fixture
def allowed(db):
    with importing("tests", DIGEST):
        yield


def stored() -> Decimal:
    """As the column has it, past the model."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT committed FROM procure_budget")
        return Decimal(str(cursor.fetchone()[0]))


@pytest.mark.usefixtures("allowed")
class TestSums:
    def test_a_budget_of_thirty_cents_takes_ten_and_twenty_and_gives_them_back(self, cost_centre):
        make_budget(cost_centre, "0.30")
        hold(cost_centre, "0.10", "PO-1")
        hold(cost_centre, "0.20", "PO-2")
        assert stored() == Decimal("0.3")
        with pytest.raises(BudgetExceeded, match=r"0\.00 USD left"):
            hold(cost_centre, "0.01", "PO-3")
        release("PO-2")
        release("PO-1")
        assert stored() == 0

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
    @given(
        st.lists(st.tuples(st.decimals("0.0001", "5000", places=4), st.booleans()), min_size=1, max_size=40),
        st.decimals("0", "20000", places=4),
    )
    def test_after_any_holds_and_releases_it_is_the_sum_of_what_is_held(self, cost_centre, acts, limit):
        with transaction.atomic():
            make_budget(cost_centre, limit)
            held: dict[str, Decimal] = {}
            for number, (amount, let_go) in enumerate(acts):
                fits = sum(held.values(), Decimal(0)) + amount <= limit
                try:
                    hold(cost_centre, amount, f"PO-{number}")
                    assert fits
                    held[f"PO-{number}"] = amount
                except BudgetExceeded:
                    assert not fits
                if let_go and held:
                    release(next(iter(held)))
                    held.pop(next(iter(held)))
                assert Budget.objects.get().committed == sum(held.values(), Decimal(0))
            for key in list(held):
                release(key)
            assert stored() == 0
            transaction.set_rollback(True)

    def test_three_hundred_holds_leave_no_crumb(self, cost_centre):
        make_budget(cost_centre, "99999999999.99")
        amounts = [Decimal((7919 * number) % 9_999_999 + 1) / 100 for number in range(300)]
        for number, amount in enumerate(amounts):
            hold(cost_centre, amount, f"PO-{number}")
        assert stored() == sum(amounts)
        for number in range(300):
            release(f"PO-{number}")
        assert stored() == 0

    def test_what_is_refused_changes_nothing(self, cost_centre):
        make_budget(cost_centre, 100)
        hold(cost_centre, 60)
        before = kinds()
        with pytest.raises(BudgetExceeded, match=r"40\.00 USD left"):
            hold(cost_centre, "40.01", "PO-2")
        assert (stored(), Commitment.objects.count(), kinds()) == (60, 1, before)

    def test_a_release_counts_once(self, cost_centre):
        make_budget(cost_centre, 100)
        hold(cost_centre, 60)
        assert release("PO-1").status == "released"
        assert release("PO-1") is None
        assert stored() == 0
        assert kinds().count("budget.released") == 1

    def test_other_money_is_converted_at_the_days_rate(self, cost_centre):
        make_rate("USD", "1.25")
        make_budget(cost_centre, 100)
        assert hold(cost_centre, 80, currency="EUR").amount == 100

    def test_without_a_budget_nothing_is_held(self, cost_centre):
        with pytest.raises(NoBudget):
            hold(cost_centre, 1)
        assert not Commitment.objects.exists()

    def test_the_database_itself_refuses_more_than_the_limit(self, cost_centre):
        make_budget(cost_centre, 100)
        for wrong in (Decimal("100.0001"), Decimal("-0.0001")):
            with pytest.raises(IntegrityError), transaction.atomic():
                Budget.objects.update(committed=wrong)


def change(amount, **fields) -> ChangeBudget:
    return ChangeBudget(**{"cost_centre": "prog", "year": 2014, "amount": amount, "currency": "USD"} | fields)


def test_a_limit_is_set_and_set_back(entity, cost_centre):
    first = carry(change(100), entity=entity)
    second = carry(change(250), entity=entity)
    assert Budget.objects.get().amount == 250
    carry(second.compensation, entity=entity)
    assert Budget.objects.get().amount == 100
    carry(first.compensation, entity=entity)
    assert Budget.objects.get().amount == 0


def test_a_limit_never_falls_below_what_is_held(entity, cost_centre):
    carry(change(100), entity=entity)
    with importing("tests", DIGEST):
        Budget.objects.update(committed=60)
    for refuse in (lambda: carry(change("59.99"), entity=entity), change("59.99").check):
        with pytest.raises((BudgetExceeded, InvalidInput)):
            refuse()
    assert Budget.objects.get().amount == 100
    carry(change(60), entity=entity)


@pytest.mark.parametrize("wrong", [{"cost_centre": "NONE"}, {"currency": "EUR"}])
def test_an_unknown_cost_centre_or_another_currency_is_refused(entity, cost_centre, wrong):
    carry(change(100), entity=entity)
    for refuse in (lambda: carry(change(10, **wrong), entity=entity), change(10, **wrong).check):
        with pytest.raises(InvalidInput):
            refuse()
    assert Budget.objects.get().amount == 100


def test_its_lock_is_on_the_row_whatever_the_spelling(entity, cost_centre):
    carry(change(100), entity=entity)
    assert [(each.kind, each.key) for each in change(5).lock_keys()] == [("budget", "PROG/2014")]
