"""Issuing, changing and cancelling orders."""

from __future__ import annotations

from ledger.actors import Actor
from ledger.authority import Authority, check
from ledger.command import Carried
from ledger.models import LegalEntity
from procure import entries
from procure.commands import CancelOrder, ChangeOrder, IssueOrder
from procure.orders import orders


def issue_order(command: IssueOrder, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int) -> Carried:
    check(authority)
    order = orders.issue(command, actor=actor, entity=entity, cause=cause, reason=authority.reference)
    return Carried(
        result={"order": order.reference},
        objects=(entries.of_order(order),),
        compensation=CancelOrder(order=order.reference, reason="The order is undone."),
    )


def change_order(
    command: ChangeOrder, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    order, back = orders.change(command, actor=actor, entity=entity, cause=cause)
    return Carried(
        result={"order": order.reference, "version": order.current_version},
        objects=(entries.of_order(order),),
        compensation=back,
    )


def cancel_order(
    command: CancelOrder, *, authority: Authority, actor: Actor, entity: LegalEntity, cause: int
) -> Carried:
    check(authority)
    order = orders.cancel(command, actor=actor, entity=entity, cause=cause, reason=authority.reference)
    return Carried(result={"order": order.reference}, objects=(entries.of_order(order),))
