"""Money, commands, fingerprints, delays: plain values without a database."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger import command, retry
from ledger.actors import Actor
from ledger.command import Command, ObjectRef, canonical
from ledger.errors import InvalidInput
from ledger.money import LIMIT, Money, parse_amount

AMOUNTS = st.decimals(-LIMIT, LIMIT, places=4)


# money


@given(AMOUNTS)
def test_an_amount_is_read_back_to_the_last_digit(amount):
    assert parse_amount(str(amount)) == amount
    assert Money(parse_amount(Money(amount, "USD").as_json()["amount"]), "USD") == Money(amount, "USD")


@given(st.decimals(-(10**9), 10**9, places=4), st.decimals(-(10**9), 10**9, places=4))
def test_adding_and_taking_away_is_exact(left, right):
    assert Money(left, "USD") + Money(right, "USD") - Money(right, "USD") == Money(left, "USD")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "NaN",
        "sNaN",
        "Infinity",
        "1e400",
        "1e-400",
        "9" * 400,
        "100000000000",
        "0.00001",
        "1,5",
        10**5000,
        1.5,
    ],
    ids=lambda text: str(text)[:12] if not isinstance(text, int) else "10**5000",
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(InvalidInput):
        parse_amount(text)


@pytest.mark.parametrize("code", ["usd", "US", "DOLLAR", ""])
def test_what_is_no_currency_is_refused(code):
    with pytest.raises(InvalidInput):
        Money(Decimal(1), code)


@pytest.mark.parametrize("combine", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b])
def test_two_currencies_are_never_combined(combine):
    with pytest.raises(InvalidInput, match="USD and EUR"):
        combine(Money(Decimal(1), "USD"), Money(Decimal(1), "EUR"))


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("1234.565", "USD", "1,234.57 USD"), ("-1234.5", "USD", "−1,234.50 USD"), ("1234.5", "JPY", "1,235 JPY"),
        ("1.2345", "KWD", "1.235 KWD"), ("-0.001", "USD", "0.00 USD"),
    ],
)  # fmt: skip
def test_money_is_shown_in_its_minor_unit(amount, currency, shown):
    assert str(Money(Decimal(amount), currency)) == shown


# commands


class Order(Command):
    label = "Order"
    item: str
    quantity: int
    unit_price: Decimal
    needed_by: date | None = None


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(command, "_registry", {})
    command.register(Order, handler="nowhere.handlers.order")


ORDER = Order(item="ITM-1", quantity=2, unit_price=Decimal("12.50"), needed_by=date(2026, 12, 1))


def test_a_command_survives_its_json():
    plain = ORDER.as_json()
    assert plain == {
        "kind": "Order",
        "fields": {"item": "ITM-1", "quantity": 2, "unit_price": "12.50", "needed_by": "2026-12-01"},
    }
    assert command.build(plain["kind"], plain["fields"]) == ORDER
    assert command.fingerprint([command.build(plain["kind"], plain["fields"])]) == command.fingerprint([ORDER])


@pytest.mark.parametrize("change", [{"quantity": 3}, {"unit_price": Decimal("12.51")}, {"needed_by": None}])
def test_any_change_changes_the_fingerprint(change):
    assert command.fingerprint([ORDER.model_copy(update=change)]) != command.fingerprint([ORDER])


def test_order_and_number_of_commands_count():
    other = ORDER.model_copy(update={"item": "ITM-2"})
    prints = {command.fingerprint(bundle) for bundle in ([ORDER], [ORDER, ORDER], [ORDER, other], [other, ORDER], [])}
    assert len(prints) == 5


@pytest.mark.parametrize(
    ("kind", "fields", "says"),
    [
        ("Orders", {}, "no command “Orders”"),
        ("Order", {"item": "x", "quantity": "many", "unit_price": "1"}, "quantity"),
        ("Order", {"item": "x", "quantity": 1, "unit_price": "1", "recipient": "me"}, "recipient"),
        ("Order", {"item": "x"}, "quantity"),
    ],
)
def test_a_command_that_cannot_be_built_says_which_field(kind, fields, says):
    with pytest.raises(InvalidInput, match=says):
        command.build(kind, fields)


def test_a_command_does_not_change():
    with pytest.raises(ValueError, match="frozen"):
        ORDER.quantity = 3


@given(st.sets(st.text(max_size=5), max_size=6))
def test_a_set_has_one_canonical_form(values):
    assert canonical(values) == sorted(values, key=rfc8785.dumps)


@pytest.mark.parametrize("value", [1.5, 2**53, object(), {"a": [0.1]}])
def test_what_cannot_be_sealed_is_refused(value):
    with pytest.raises(InvalidInput):
        canonical(value)


def test_a_digest_is_that_of_the_canonical_bytes():
    assert command.digest({"b": 1, "a": "ü"}) == command.digest({"a": "ü", "b": 1})
    assert rfc8785.dumps(canonical({"b": 1, "a": "ü"})) == '{"a":"ü","b":1}'.encode()


def test_an_object_without_a_version_says_none():
    assert ObjectRef("order", "PO-1").as_json() == {"kind": "order", "key": "PO-1"}
    assert ObjectRef("order", "PO-1", "2").as_json()["version"] == "2"


# actors


@pytest.mark.parametrize(
    ("actor", "mark"),
    [
        (Actor.agent("sourcing"), "agent"),
        (Actor.supplier("VEN-1"), "supplier"),
        (Actor.system("clerk"), "system"),
        (Actor.policy(3), "policy"),
    ],
)
def test_each_actor_has_its_mark_and_only_people_a_person(actor, mark):
    assert actor.mark == mark
    assert actor.person_id is None
    assert set(actor.as_json()) == {"kind", "id"}


# delays


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2), (2, 4), (5, 32), (9, 512), (10, 900), (1000, 900)])
def test_delays_double_up_to_a_quarter_of_an_hour(attempt, seconds):
    assert retry.delay(attempt, chance=0.5) == timedelta(seconds=seconds)


@given(st.integers(1, 50))
def test_delays_are_spread_by_a_quarter(attempt):
    middle = retry.delay(attempt, chance=0.5)
    assert middle * 0.75 <= retry.delay(attempt) <= middle * 1.25


def test_a_receivers_wish_is_kept_when_it_is_longer():
    assert retry.delay(1, at_least=timedelta(minutes=5)) == timedelta(minutes=5)
    assert retry.delay(9, at_least=timedelta(seconds=1), chance=0.5) == timedelta(seconds=512)
