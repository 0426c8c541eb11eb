"""Waits until the ERP has every order of the award."""

from __future__ import annotations

from django.utils.translation import gettext as _

from agents.context import Context
from agents.outcomes import AskPerson, Await, End, Finish, Outcome
from ledger.command import ObjectRef
from procure import queries
from procure.models import Order, OrderTracking

Status = OrderTracking.Status


def confirm(context: Context) -> Outcome:
    refs = [ObjectRef("order", each) for each in context.given["orders"]]
    for each in refs:
        context.look(each)
    orders = [queries.order(each.key) for each in refs]
    for order in orders:
        if order.status == Order.Status.CANCELLED:
            return End(_("%s was cancelled.") % order.reference)
        if order.tracking.erp_status in (Status.REFUSED, Status.UNKNOWN):
            said = {"order": order.reference, "status": order.tracking.get_erp_status_display()}
            note = _("%(order)s: %(status)s. %(why)s") % (said | {"why": order.tracking.problem})
            return AskPerson(refs, note)
    open_still = [each.reference for each in orders if each.tracking.erp_status != Status.CONFIRMED]
    if open_still:
        return Await(refs, _("%s is on its way to the ERP.") % ", ".join(open_still))
    return Finish({"orders": [{"order": each.reference, "erp_number": each.tracking.erp_number} for each in orders]})
