"""The facts of the journal to which trigger rules may listen, with the objects and the texts that each one tells. Pure.

What plans themselves write (`plan.…`, `step.…`, `proposal.…`) is not among them: a rule that listened to its own
consequences would never come to rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.command import ObjectRef


@dataclass(frozen=True, slots=True)
class Fact:
    """What its entries name, by kind, and which of their data a condition may ask for, each as a text."""

    objects: tuple[str, ...]
    fields: tuple[str, ...] = ()
    said: str = ""


_REQUISITION = ("status", "urgency", "deliver_to", "cost_centre", "budget", "currency")
_VENDOR = ("before", "after", "category")
_ORDER = ("status", "vendor", "requisition", "event", "cost_centre", "currency", "version", "total")
FACTS: Mapping[str, Fact] = {
    "requisition.captured": Fact(("requisition",), (*_REQUISITION, "channel"), "Somebody said what is needed"),
    "requisition.raised": Fact(("requisition",), _REQUISITION, "A requisition is binding"),
    "requisition.withdrawn": Fact(("requisition",), _REQUISITION, "A requisition was withdrawn"),
    "event.published": Fact(("event", "requisition", "vendor"), ("currency", "deliver_to"), "Suppliers were invited"),
    "event.opened": Fact(("event", "requisition"), ("count",), "Quotes were opened"),
    "event.cancelled": Fact(("event", "requisition"), (), "An event was cancelled"),
    "invitation.declined": Fact(("event", "vendor"), (), "A supplier will not quote"),
    "invitation.revoked": Fact(("event", "vendor"), (), "An invitation was revoked"),
    "bid.expired": Fact(
        ("event", "vendor"), ("vendor", "validity_until", "business_date"), "A quote ran out before an award"
    ),
    "notice.recorded": Fact(
        ("notice", "vendor", "item"),
        ("kind", "vendor", "item", "effective_on", "new_price", "currency"),
        "A supplier announced a change",
    ),
    "vendor.blocked": Fact(("vendor",), _VENDOR, "A supplier was blocked"),
    "vendor.unblocked": Fact(("vendor",), _VENDOR, "A supplier was unblocked"),
    "vendor.qualified": Fact(("vendor",), _VENDOR, "A supplier was approved"),
    "vendor.qualification_withdrawn": Fact(("vendor",), _VENDOR, "A supplier’s approval was withdrawn"),
    "award.revoked": Fact(("event",), ("status",), "An award was revoked"),
    "order.issued": Fact(("order", "vendor", "requisition", "event"), _ORDER, "An order was issued"),
    "order.changed": Fact(("order", "vendor", "requisition", "event"), _ORDER, "An order was changed"),
    "order.cancelled": Fact(("order", "vendor", "requisition", "event"), _ORDER, "An order was cancelled"),
    "erp.refused": Fact(("order",), ("purpose",), "The ERP refused an order"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of the journal, as rules and plans see it: no word in it that a person typed."""

    fact: str
    seq: int
    objects: tuple[ObjectRef, ...]
    data: Mapping[str, str]

    def named(self, kinds: Sequence[str]) -> tuple[ObjectRef, ...]:
        """What it names of these kinds."""
        return tuple(each for each in self.objects if each.kind in kinds)


def read(body: Mapping[str, Any]) -> Happening:
    """From an entry whose kind is among the facts; a field that it does not tell is an empty text."""
    fact, told = FACTS[body["kind"]], body.get("data", {})
    return Happening(
        fact=body["kind"],
        seq=body["seq"],
        objects=tuple(ObjectRef(each["kind"], each["key"]) for each in body["objects"] if each["kind"] in fact.objects),
        data={name: _text(told.get(name)) for name in fact.fields},
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:500]
