"""What every connector promises, shown against the sandbox and against a real Tryton alike."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from procure.erp.connectors.base import CallContext, OrderState
from procure.erp.connectors.errors import ErpError, Missing, Rejected
from procure.erp.discrepancies import differences
from tests.procure.erp.conftest import Peer
from tests.procure.erp.orders import make_order

pytestmark = pytest.mark.django_db


def test_an_order_is_created_binding_and_found_again_by_its_key(peer: Peer, context: CallContext) -> None:
    made = peer.connector.create_order(make_order("PO-00001"), key="PO-00001-FOUND", context=context)
    found = peer.connector.find_by_key("PO-00001-FOUND", context=context)
    assert made.state == OrderState.OPEN
    assert made.external_number
    assert found is not None
    assert (found.external_id, found.external_number, found.state) == (
        made.external_id,
        made.external_number,
        OrderState.OPEN,
    )
    assert len(peer.live_orders("PO-00001-FOUND")) == 1


def test_a_key_that_was_never_sent_is_not_found(peer: Peer, context: CallContext) -> None:
    assert peer.connector.find_by_key("PO-99999-NEVER", context=context) is None


def test_what_is_read_back_equals_what_was_sent_to_the_last_digit(peer: Peer, context: CallContext) -> None:
    order = make_order("PO-00002")
    made = peer.connector.create_order(order, key="PO-00002-READ", context=context)
    held = peer.connector.fetch(made.external_id, context=context)
    assert differences(order, held, unit_name=peer.connector.unit_name) == ()
    assert held.total == Decimal("18426.78")
    assert held.freight == Decimal("120.45")
    assert held.key == "PO-00002-READ"
    assert held.comment == order.comment


def test_a_difference_in_the_last_digit_is_seen(peer: Peer, context: CallContext) -> None:
    order = make_order("PO-00003")
    made = peer.connector.create_order(order, key="PO-00003-LAST", context=context)
    held = peer.connector.fetch(made.external_id, context=context)
    first = replace(order.lines[0], unit_price=order.lines[0].unit_price + Decimal("0.0001"))
    other = replace(order, lines=(first, *order.lines[1:]))
    found = differences(other, held, unit_name=peer.connector.unit_name)
    assert [each.field for each in found] == ["line 1 unit price"]


def test_the_same_key_twice_gives_one_order(peer: Peer, context: CallContext) -> None:
    order = make_order("PO-00004")
    first = peer.connector.create_order(order, key="PO-00004-TWICE", context=context)
    second = peer.connector.create_order(order, key="PO-00004-TWICE", context=context)
    assert first.external_id == second.external_id
    assert len(peer.live_orders("PO-00004-TWICE")) == 1


def test_a_cancelled_order_is_cancelled_over_there_and_stays_so(peer: Peer, context: CallContext) -> None:
    made = peer.connector.create_order(make_order("PO-00005"), key="PO-00005-CANCEL", context=context)
    cancelled = peer.connector.cancel_order(made.external_id, key="PO-00005-CANCEL", context=context)
    again = peer.connector.cancel_order(made.external_id, key="PO-00005-CANCEL", context=context)
    assert cancelled.state == again.state == OrderState.CANCELLED
    assert peer.live_orders("PO-00005-CANCEL") == []


def test_nothing_is_cancelled_under_a_key_that_is_not_its_own(peer: Peer, context: CallContext) -> None:
    made = peer.connector.create_order(make_order("PO-00006"), key="PO-00006-MINE", context=context)
    with pytest.raises(ErpError):
        peer.connector.cancel_order(made.external_id, key="PO-00007-OTHER", context=context)
    assert len(peer.live_orders("PO-00006-MINE")) == 1


def test_an_order_whose_total_is_not_the_sum_of_its_parts_is_refused(peer: Peer, context: CallContext) -> None:
    with pytest.raises(Rejected, match="add up"):
        peer.connector.create_order(
            make_order("PO-00008", total=Decimal("18426.77")), key="PO-00008-SUM", context=context
        )
    assert peer.live_orders("PO-00008-SUM") == []


def test_a_dry_run_leaves_nothing_behind(peer: Peer, context: CallContext) -> None:
    peer.connector.create_order(make_order("PO-00009"), key="PO-00009-DRY", context=replace(context, dry_run=True))
    assert peer.connector.find_by_key("PO-00009-DRY", context=context) is None


def test_an_order_that_is_not_there_is_said_to_be_missing(peer: Peer, context: CallContext) -> None:
    with pytest.raises(Missing):
        peer.connector.fetch("999999", context=context)


def test_a_healthy_erp_says_who_it_is(peer: Peer, context: CallContext) -> None:
    assert peer.connector.health(context=context).lower().startswith(peer.connection.kind)
