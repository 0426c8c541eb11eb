"""One order: what it says in each version, where it stands in the ERP, how to undo it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from approvals import undo
from approvals.models import CarriedOut, Proposal
from ledger.command import Change, ObjectRef
from ledger.money import Money
from procure.console import sight, timeline, wording
from procure.console.pages import may, page, person_of, show
from procure.models import Order, OrderVersion
from procure.queries import effects_of

PURPOSES = {
    "order.create": _("Write the order"),
    "order.change": _("Change the order"),
    "order.cancel": _("Cancel the order"),
}


@page(right="proposal.view")
def order(request: HttpRequest, reference: str) -> HttpResponse:
    rows = sight.orders(person_of(request))
    found = sight.one(
        rows.select_related("vendor", "requisition", "event", "cost_centre", "tracking", "entity"), reference
    )
    versions = list(found.versions.prefetch_related("lines__item").order_by("-number"))
    issued_by = _proposal(found)
    return show(
        request,
        "console/order.html",
        {
            "title": found.vendor.name,
            "here": found.reference,
            "order": found,
            "tracking": getattr(found, "tracking", None),
            "current": versions[0] if versions else None,
            "lines": [(line, line.quantity * line.unit_price) for line in versions[0].lines.all()] if versions else [],
            "earlier": _changes(found, versions),
            "effects": [(PURPOSES.get(each.purpose, each.purpose), each) for each in effects_of(found)],
            "proposal": issued_by,
            "way_back": undo.way_back(issued_by) if issued_by else None,
            "undone_by": issued_by.undo_proposals.order_by("pk") if issued_by else (),
            "may_undo": may(request, "proposal.undo"),
            "history": timeline.history(ObjectRef("order", found.reference)),
        },
    )


def _proposal(order: Order) -> Proposal | None:
    """The proposal whose carrying out made this order."""
    touching = CarriedOut.objects.filter(
        kind="IssueOrder", proposal__entity=order.entity, result__order=order.reference
    ).select_related("proposal")
    row = touching.first()
    return row.proposal if row else None


def _changes(order: Order, versions: Sequence[OrderVersion]) -> list[tuple[OrderVersion, list[Change]]]:
    """Each version after the first with what it changed."""
    return [(newer, _between(order, older, newer)) for newer, older in itertools.pairwise(versions)]


def _between(order: Order, older: OrderVersion, newer: OrderVersion) -> list[Change]:
    def said(version: OrderVersion) -> dict[str, str]:
        fields = {
            "total": str(Money(version.total, order.currency)),
            "freight": str(Money(version.freight, order.currency)),
            "incoterm": version.incoterm,
        }
        for line in version.lines.all():
            price = wording.unit_price(line.unit_price, order.currency)
            fields[f"line {line.number} quantity"] = wording.figure(line.quantity)
            fields[f"line {line.number} price"] = f"{price} {order.currency}"
            fields[f"line {line.number} delivery"] = line.delivery_date.isoformat() if line.delivery_date else ""
        return fields

    before, after = said(older), said(newer)
    return [
        Change(name, before.get(name, ""), after.get(name, ""))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
