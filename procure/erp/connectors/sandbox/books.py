"""The sandbox ERP itself: an independent party with books of its own, that trusts nothing it is told.

Each request is one transaction of the sandbox's, never inside the caller's. It knows a buyer's key again and answers
with the order it already has; everything it receives goes into its journal.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from ledger import clock
from ledger.command import digest
from procure.erp.connectors.errors import Conflict, Missing, Rejected, TooLate
from procure.erp.connectors.payloads import PurchaseOrder
from procure.models.erp import ErpConnection, SandboxJournal, SandboxOrder

Verdict = SandboxJournal.Verdict
State = SandboxOrder.State


def create(connection: ErpConnection, reference: str, body: dict[str, Any]) -> SandboxOrder:
    """Books the order, or answers with the one it has; refuses what it cannot reckon up itself."""
    try:
        return _create(connection, reference, body)
    except IntegrityError:  # the same key came twice at the same moment, and the other was faster
        return _create(connection, reference, body)


def _create(connection: ErpConnection, reference: str, body: dict[str, Any]) -> SandboxOrder:
    problem = _problem(body)
    with transaction.atomic(durable=True):
        known = _by_reference(connection, reference)
        if known is not None and known.body_digest != digest(body):
            problem = f"The reference {reference} is taken by {known}, which says something else."
        if problem:
            _note(connection, "create", reference, known, Verdict.REFUSED, body, {"problem": problem})
        elif known is None:
            order = _book(connection, reference, body)
            _note(connection, "create", reference, order, Verdict.DONE, body, {"number": order.number})
        else:
            order = known
            _note(connection, "create", reference, order, Verdict.DUPLICATE, body, {"number": order.number})
    if problem:
        raise Conflict(problem) if known else Rejected(problem)
    return order


def refuse(connection: ErpConnection, reference: str, body: dict[str, Any]) -> None:
    """Says no, for a reason of its own."""
    problem = "The sandbox was told to refuse this."
    with transaction.atomic(durable=True):
        _note(connection, "create", reference, None, Verdict.REFUSED, body, {"problem": problem})
    raise Rejected(problem)


def find(connection: ErpConnection, reference: str) -> SandboxOrder | None:
    with transaction.atomic(durable=True):
        order = _by_reference(connection, reference)
        _note(connection, "find", reference, order, Verdict.FOUND if order else Verdict.ABSENT, {}, {})
    return order


def read(connection: ErpConnection, number: str) -> SandboxOrder:
    with transaction.atomic(durable=True):
        order = SandboxOrder.objects.filter(connection=connection, number=number).first()
        reference = order.reference if order else ""
        verdict = Verdict.FOUND if order else Verdict.ABSENT
        _note(connection, "read", reference, order, verdict, {"number": number}, {})
    if order is None:
        raise Missing(f"The sandbox has no order {number}.")
    return order


def cancel(connection: ErpConnection, number: str, reference: str) -> SandboxOrder:
    """Cancels an open order; cancelling again changes nothing. What goods came for stays."""
    problem = ""
    with transaction.atomic(durable=True):
        mine = SandboxOrder.objects.filter(connection=connection, number=number, reference=reference)
        done = mine.filter(state=State.OPEN).update(state=State.CANCELLED, cancelled_at=clock.now(), version=2)
        order = mine.first()
        if order is None:
            problem = f"The sandbox has no order {number} with the reference {reference}."
        elif order.state == State.RECEIVED:
            problem = f"{number} was received already; return the goods instead of cancelling."
        verdict = Verdict.REFUSED if problem else Verdict.DONE if done else Verdict.DUPLICATE
        answer = {"problem": problem} if problem else {"number": number, "state": str(State.CANCELLED)}
        _note(connection, "cancel", reference, order, verdict, {"number": number}, answer)
    if order is None:
        raise Missing(problem)
    if problem:
        raise TooLate(problem)
    return order


def _by_reference(connection: ErpConnection, reference: str) -> SandboxOrder | None:
    return SandboxOrder.objects.filter(connection=connection, reference=reference).first()


def _book(connection: ErpConnection, reference: str, body: dict[str, Any]) -> SandboxOrder:
    order = SandboxOrder.objects.create(
        connection=connection,
        reference=reference,
        buyer_reference=body["order"],
        vendor=body["vendor"],
        currency=body["currency"],
        lines=body["lines"],
        freight=Decimal(body["freight"]),
        total=Decimal(body["total"]),
        comment=body["comment"],
        body_digest=digest(body),
        created_at=clock.now(),
    )
    order.number = f"SBX-{order.pk:06d}"
    order.save(update_fields=["number"])
    return order


def _problem(body: dict[str, Any]) -> str:
    order = PurchaseOrder.from_request(body)
    if not order.lines:
        return "An order needs at least one line."
    if not order.vendor or len(order.currency) != 3 or not order.currency.isupper():
        return "An order needs a vendor and an ISO 4217 currency."
    for line in order.lines:
        if line.quantity <= 0 or line.unit_price < 0:
            return f"Line {line.number}: quantity and price must be above zero."
    if order.reckoned_total != order.total:
        return f"The lines and freight add up to {order.reckoned_total} {order.currency}, not to {order.total}."
    return ""


def _note(
    connection: ErpConnection,
    verb: str,
    reference: str,
    order: SandboxOrder | None,
    verdict: str,
    request: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    SandboxJournal.objects.create(
        connection=connection,
        at=clock.now(),
        verb=verb,
        reference=reference,
        buyer_reference=request.get("order") or (order.buyer_reference if order else ""),
        order=order,
        verdict=verdict,
        request=request,
        answer=answer,
    )
