"""Our side of the sandbox: the line to it, with the faults that its dials put on the line."""

from __future__ import annotations

import time
from collections.abc import Callable

from procure.erp.connectors.base import CallContext, Capabilities, ErpConnector, OrderState, WriteResult
from procure.erp.connectors.errors import Ambiguous, Conflict, Rejected, Transient
from procure.erp.connectors.payloads import LineReadBack, OrderReadBack, PurchaseOrder
from procure.erp.connectors.sandbox import books
from procure.erp.connectors.sandbox.dials import Fault, strike
from procure.models.erp import SandboxOrder

STATES = {
    SandboxOrder.State.OPEN: OrderState.OPEN,
    SandboxOrder.State.RECEIVED: OrderState.FIXED,
    SandboxOrder.State.CANCELLED: OrderState.CANCELLED,
}


class SandboxConnector(ErpConnector):
    kind = "sandbox"
    label = "Sandbox"
    capabilities = Capabilities(
        key_field="reference", key_length=60, can_cancel_until=OrderState.OPEN, comment_field="comment"
    )
    pause: Callable[[float], None] = staticmethod(time.sleep)

    def validate(self, order: PurchaseOrder, *, context: CallContext) -> None:
        self._reach(context)
        if order.reckoned_total != order.total:
            raise Rejected(f"{order.reference}: lines and freight add up to {order.reckoned_total}, not {order.total}.")

    def create_order(self, order: PurchaseOrder, *, key: str, context: CallContext) -> WriteResult:
        if context.dry_run:
            self.validate(order, context=context)
            return WriteResult("", "", OrderState.DRAFT)
        self._reach(context)
        body = order.as_request()
        if strike(self.connection, Fault.REFUSES):
            books.refuse(self.connection, key, body)
        booked = books.create(self.connection, key, body)
        if strike(self.connection, Fault.ANSWERS_TWICE):
            booked = books.create(self.connection, key, body)
        self._answer(context)
        if booked.total != order.total or booked.currency != order.currency:
            raise Conflict(f"{booked.number} says {booked.total} {booked.currency}, not {order.total}.")
        return _result(booked)

    def find_by_key(self, key: str, *, context: CallContext) -> WriteResult | None:
        self._reach(context)
        booked = books.find(self.connection, key)
        return _result(booked) if booked else None

    def fetch(self, external_id: str, *, context: CallContext) -> OrderReadBack:
        self._reach(context)
        booked = books.read(self.connection, external_id)
        lines = PurchaseOrder.from_request(
            {"order": "", "vendor": "", "currency": "", "total": "0", "lines": booked.lines}
        ).lines
        return OrderReadBack(
            external_id=external_id,
            external_number=booked.number or "",
            key=booked.reference,
            state=STATES[SandboxOrder.State(booked.state)],
            vendor=booked.vendor,
            currency=booked.currency,
            total=booked.total,
            freight=booked.freight,
            lines=tuple(
                LineReadBack(line.number, line.item, line.quantity, line.unit, line.unit_price, line.delivery_date)
                for line in lines
            ),
            comment=booked.comment,
            version_token=str(booked.version),
        )

    def cancel_order(self, external_id: str, *, key: str, context: CallContext) -> WriteResult:
        self._reach(context)
        cancelled = books.cancel(self.connection, external_id, key)
        if strike(self.connection, Fault.ANSWERS_TWICE):
            cancelled = books.cancel(self.connection, external_id, key)
        self._answer(context)
        return _result(cancelled)

    def health(self, *, context: CallContext) -> str:
        self._reach(context)
        return "Sandbox ERP"

    def _reach(self, context: CallContext) -> None:
        if strike(self.connection, Fault.DOWN):
            raise Transient("The sandbox is down: the connection was refused and nothing was sent.")
        if not context.remaining:
            raise Transient("There was no time left to call the sandbox; nothing was sent.")

    def _answer(self, context: CallContext) -> None:
        """The way back of a write: what the sandbox did is done, whether or not its answer arrives."""
        if dial := strike(self.connection, Fault.SLOW):
            too_slow = dial.seconds > context.remaining
            self.pause(min(dial.seconds, context.remaining))
            if too_slow:
                raise Ambiguous("The sandbox took too long to answer.")
        if strike(self.connection, Fault.ACCEPTED_THEN_TIMEOUT):
            raise Ambiguous("The sandbox did not answer in time.")


def _result(booked: SandboxOrder) -> WriteResult:
    return WriteResult(
        external_id=booked.number or "",
        external_number=booked.number or "",
        state=STATES[SandboxOrder.State(booked.state)],
        version_token=str(booked.version),
        answer={"total": format(booked.total, "f"), "currency": booked.currency},
    )
