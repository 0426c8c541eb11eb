"""Purchase orders: issued on an award, changed in versions, cancelled. For handlers only."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from ledger import clock, doorbell, numbering, outbox
from ledger.actors import Actor
from ledger.command import ObjectRef, digest
from ledger.errors import InvalidInput, NotFound
from ledger.models import CostCentre, Effect, LegalEntity
from ledger.money import Money
from procure import entries, queries
from procure.commands import CancelOrder, ChangeOrder, IssueOrder, OrderedLine
from procure.erp.outgoing import ledger_line, purchase_order
from procure.errors import QuoteMismatch, WrongState
from procure.finance import budgets
from procure.models import Award, Order, OrderLine, OrderTracking, OrderVersion, Requisition, SourcingEvent
from procure.orders.tracking import CANCEL, CREATE
from procure.sourcing import quoted
from vendors import queries as vendor_queries
from vendors.models import Vendor

ORDERABLE = (Requisition.Status.RAISED, Requisition.Status.SOURCING)


def issue(command: IssueOrder, *, actor: Actor, entity: LegalEntity, cause: int, reason: str) -> Order:
    """The order with its first version, its budget held and its way into the ERP. One an award, never more."""
    vendor = vendor_queries.vendor(command.vendor)
    if vendor.status in (Vendor.Status.BLOCKED, Vendor.Status.RETIRED):
        raise WrongState(_("%s is blocked and gets no orders.") % vendor.name)
    event = queries.event(command.event) if command.event else None
    if event is not None:
        _must_follow_award(command, event)
    requisition = _requisition(command, event, entity)
    if event is not None and Order.objects.filter(event=event, vendor=vendor, status=Order.Status.ISSUED).exists():
        raise WrongState(_("%s has its order from this award already.") % vendor.name)
    at = clock.now()
    order = Order.objects.create(
        reference=numbering.take("PO"),
        entity=entity,
        vendor=vendor,
        requisition=requisition,
        event=event,
        cost_centre=_cost_centre(command.cost_centre, entity),
        currency=command.currency,
        issued_at=at,
    )
    _write_version(order, command, reason=reason)
    OrderTracking.objects.create(order=order)
    fact = entries.order_fact(
        "issued", order, actor=actor, causes=[cause], data={"total": command.total, "currency": command.currency}
    )
    if requisition is not None:
        budgets.release("requisition", requisition.reference, actor=actor, causes=[fact.seq])
        requisition.status = Requisition.Status.ORDERED
        requisition._change_reason = reason
        requisition.save()
    _hold(order, command.total, actor=actor, cause=fact.seq)
    outbox.put(
        entity=entity,
        sender="erp",
        purpose=CREATE,
        effect_key=digest({"order": order.reference, "purpose": CREATE}),
        object=ObjectRef("order", order.reference),
        request=purchase_order(order, comment=ledger_line(order)).as_request(),
        cause_seq=fact.seq,
    )
    doorbell.ring(f"{order.reference} issued")
    return order


def _cost_centre(code: str, entity: LegalEntity) -> CostCentre:
    centre = CostCentre.objects.filter(entity=entity, code__iexact=code).first()
    if centre is None:
        raise InvalidInput(_("Name the cost centre that pays: there is none called “%s”.") % code)
    return centre


def _requisition(command: IssueOrder, event: SourcingEvent | None, entity: LegalEntity) -> Requisition | None:
    """What is ordered for: that of the event where there is one. Ordered once; suppliers of one award share it."""
    if event is not None and command.requisition not in (None, event.requisition.reference):
        raise InvalidInput(
            _("%(event)s is for %(requisition)s.")
            % {"event": event.reference, "requisition": event.requisition.reference}
        )
    reference = event.requisition.reference if event is not None else command.requisition
    if reference is None:
        return None
    requisition = queries.requisition(reference)
    if requisition.entity_id != entity.pk:
        raise NotFound(_("There is no requisition “%s”.") % reference)
    ordered = requisition.status == Requisition.Status.ORDERED
    of_this_award = event is not None and event.orders.filter(status=Order.Status.ISSUED).exists()
    if requisition.status not in ORDERABLE and not (ordered and of_this_award):
        raise WrongState(
            _("%(reference)s is %(status)s, so nothing is ordered for it.")
            % {"reference": reference, "status": requisition.get_status_display().lower()}
        )
    return requisition


def _must_follow_award(command: IssueOrder, event: SourcingEvent) -> None:
    """The order's lines are the award's lines for this vendor, its terms those of the quote, to the last digit."""
    quoted.check_order(
        event,
        command.vendor,
        currency=command.currency,
        lines=command.lines,
        freight=command.freight,
        incoterm=command.incoterm,
    )
    award = event.awards.filter(status=Award.Status.MADE).first()
    awarded = {
        (line.event_line.number, line.quantity, line.unit_price, line.currency)
        for line in (award.lines.filter(vendor__key=command.vendor).select_related("event_line") if award else ())
    }
    ordered = {(line.number, line.quantity, line.unit_price, command.currency) for line in command.lines}
    if not awarded or awarded != ordered:
        raise QuoteMismatch(_("The order differs from what %s was awarded.") % command.vendor)


def _write_version(order: Order, body: IssueOrder | ChangeOrder, *, reason: str) -> OrderVersion:
    version = OrderVersion.objects.create(
        order=order,
        number=order.current_version,
        total=body.total,
        freight=body.freight,
        incoterm=body.incoterm,
        deliver_to=body.deliver_to,
        reason=reason,
        issued_at=clock.now(),
    )
    OrderLine.objects.bulk_create(_rows(version, body.lines))
    return version


def _rows(version: OrderVersion, lines: Sequence[OrderedLine]) -> list[OrderLine]:
    return [
        OrderLine(
            version=version,
            number=line.number,
            item=vendor_queries.item(line.item) if line.item else None,
            description=line.description,
            quantity=line.quantity,
            unit=line.unit,
            unit_price=line.unit_price,
            delivery_date=line.delivery_date,
        )
        for line in lines
    ]


def _hold(order: Order, total, *, actor: Actor, cause: int) -> None:
    if order.cost_centre is not None:
        budgets.hold(
            entity=order.entity,
            cost_centre=order.cost_centre.code,
            money=Money(total, order.currency),
            kind="order",
            key=order.reference,
            actor=actor,
            causes=[cause],
        )


def _locked(reference: str, entity: LegalEntity) -> Order:
    rows = Order.objects.select_for_update(of=("self",)).filter(entity=entity)
    related = rows.select_related("entity", "vendor", "requisition", "event", "cost_centre", "tracking")
    order: Order = queries.one_of(related, _("order"), reference)
    if order.status != Order.Status.ISSUED:
        raise WrongState(_("%s is cancelled.") % reference)
    return order


def change(command: ChangeOrder, *, actor: Actor, entity: LegalEntity, cause: int) -> tuple[Order, ChangeOrder]:
    """The next version, and the command that goes back. Only while the order has not left for the ERP."""
    order = _locked(command.order, entity)
    if order.current_version != command.version:
        raise WrongState(_("%s was changed by somebody else first.") % order.reference)
    creation = Effect.objects.filter(effect_key=_creation_key(order)).first()
    if creation is None or not outbox.cancel(creation.effect_key, reason="superseded by a change"):
        raise WrongState(_("%s is in the ERP already: cancel it and order again.") % order.reference)
    before = queries.current_version(order)
    order.current_version += 1
    order.save(update_fields=["current_version"])
    _write_version(order, command, reason=command.reason)
    fact = entries.order_fact(
        "changed", order, actor=actor, causes=[cause], data={"total": command.total, "reason": command.reason}
    )
    budgets.release("order", order.reference, actor=actor, causes=[fact.seq])
    _hold(order, command.total, actor=actor, cause=fact.seq)
    outbox.put(
        entity=entity,
        sender="erp",
        purpose=CREATE,
        effect_key=_creation_key(order),
        object=ObjectRef("order", order.reference),
        request=purchase_order(order, comment=ledger_line(order)).as_request(),
        cause_seq=fact.seq,
    )
    doorbell.ring(f"{order.reference} changed")
    return order, _way_back(order, before)


def _creation_key(order: Order) -> str:
    """A changed order that never left gets a key of its own: the first version's effect was cancelled."""
    body: dict[str, object] = {"order": order.reference, "purpose": CREATE}
    return digest(body if order.current_version == 1 else body | {"version": order.current_version})


def _way_back(order: Order, before: OrderVersion) -> ChangeOrder:
    return ChangeOrder(
        order=order.reference,
        version=order.current_version,
        reason="The change is undone.",
        currency=order.currency,
        lines=tuple(
            OrderedLine(
                number=line.number,
                item=line.item.key if line.item else "",
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_price=line.unit_price,
                delivery_date=line.delivery_date,
            )
            for line in before.lines.select_related("item")
        ),
        freight=before.freight,
        incoterm=before.incoterm,
        deliver_to=before.deliver_to,
        total=before.total,
    )


def cancel(command: CancelOrder, *, actor: Actor, entity: LegalEntity, cause: int, reason: str) -> Order:
    """Cancelled here at once; in the ERP through the outbox, unless the order never left."""
    order = _locked(command.order, entity)
    order.status = Order.Status.CANCELLED
    order.save(update_fields=["status"])
    fact = entries.order_fact("cancelled", order, actor=actor, causes=[cause], data={"reason": command.reason})
    budgets.release("order", order.reference, actor=actor, causes=[fact.seq])
    _back_to_sourcing(order, actor=actor, cause=fact.seq, reason=reason)
    never_left = outbox.cancel(_creation_key(order), reason=command.reason)
    order.tracking.erp_status = OrderTracking.Status.CANCELLED if never_left else OrderTracking.Status.CANCELLING
    order.tracking.save(update_fields=["erp_status"])
    if not never_left:
        outbox.put(
            entity=entity,
            sender="erp",
            purpose=CANCEL,
            effect_key=digest({"order": order.reference, "purpose": CANCEL}),
            object=ObjectRef("order", order.reference),
            request={"reason": command.reason},
            cause_seq=fact.seq,
        )
    doorbell.ring(f"{order.reference} cancelled")
    return order


def _back_to_sourcing(order: Order, *, actor: Actor, cause: int, reason: str) -> None:
    """Without any order left, the requisition can be ordered again, and holds its budget again as far as that goes."""
    requisition = order.requisition
    if requisition is None or requisition.status != Requisition.Status.ORDERED:
        return
    if requisition.orders.filter(status=Order.Status.ISSUED).exists():
        return
    event_stands = order.event is not None and order.event.status != SourcingEvent.Status.CANCELLED
    requisition.status = Requisition.Status.SOURCING if event_stands else Requisition.Status.RAISED
    requisition._change_reason = reason
    requisition.save()
    budgets.hold_again(requisition, actor=actor, causes=[cause])
