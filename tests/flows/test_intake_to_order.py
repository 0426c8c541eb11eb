"""The main story, told through pages and forms on the demo tenant."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import override_settings

from procure.demo import intake_to_order
from tests.flows.conftest import one_transaction
from tests.told import for_a_module

pytestmark = pytest.mark.usefixtures("demo")


@pytest.fixture(scope="module")
def told(_loaded, django_db_blocker, own_var):
    """The account of the story as it is told without further wishes; every test here goes on after it."""
    places = override_settings(VAR_DIR=own_var, STATIC_ROOT=own_var / "static")
    with django_db_blocker.unblock(), for_a_module():
        with places, one_transaction():
            account = play()
            connection.check_constraints()
        yield account


def play(**changed):
    told = {
        "erp": "sandbox",
        "words": None,
        "prices": {},
        "inline": True,
        "patience": 30,
        "undo": True,
        "say": lambda text: None,
    }
    return intake_to_order.play(**told | changed)


def shape(value):
    """The keys of an account, without its figures."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items() if key not in ("times", "kinds")}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_a_sentence_becomes_an_order_in_the_erp_and_is_undone(told):
    assert told["problems"] == []
    assert len([step for step in told["steps"] if step["status"] == "done"]) >= 6
    passed = [each for each in told["proposals"] if each["verdict"] == "PASS"]
    asked = [each for each in told["proposals"] if each["verdict"] == "ASK"]
    assert passed
    assert asked
    assert all(each["rules"] for each in [*passed, *asked])
    (order,) = told["erp"]["orders"]
    assert order["times_created"] == 1
    assert order["state"] == "cancelled"
    assert order["discrepancies"] == []
    assert told["order"]["status"] == "cancelled"
    assert told["ledger"]["valid"] is True
    assert {"requisition.captured", "event.opened", "order.issued", "erp.confirmed"} <= set(told["ledger"]["kinds"])


def test_told_twice_it_gives_two_orders_and_the_same_shape(told):
    first, second = told, play()
    assert first["order"]["reference"] != second["order"]["reference"]
    assert first["erp"]["orders"][0]["number"] != second["erp"]["orders"][0]["number"]
    assert shape(first) == shape(second)


def test_other_prices_change_the_award(told):
    winner = told["award"][0]["vendor"]
    rivals = [each["vendor"] for each in told["quotes"] if each["vendor"] != winner]
    again = play(undo=False, prices={rivals[0]: Decimal("0.50")})
    assert again["award"][0]["vendor"] == rivals[0]
    assert Decimal(again["award"][0]["unit_price"]) == Decimal("0.50")
