"""Rebuilds requisitions, events, bids, awards, orders, budgets and commitments from the journal. Pure.

Left out everywhere: words that people typed, instants of bookkeeping (closed, opened, sent), and where an order stands
in the ERP, which reconciliation compares with the ERP itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ledger.command import digest
from ledger.records import Record, State, amount

OF_REQUISITION = (
    "status",
    "requested_by",
    "needed_by",
    "deliver_to",
    "cost_centre",
    "budget",
    "currency",
    "urgency",
    "understood",
    "lines",
)
OF_EVENT = ("status", "requisition", "deadline", "currency", "deliver_to", "incoterm", "lines")
OF_ORDER = ("status", "vendor", "requisition", "event", "cost_centre", "currency", "version")
OF_VERSION = ("total", "freight", "incoterm", "deliver_to", "lines")


def _of(names: tuple[str, ...], data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data}


def requisition(state: State | None, record: Record) -> State | None:
    """Its own facts say all of it; those of events and orders move its status, and say where to."""
    if record.kind.startswith("requisition."):
        return {**(state or {"lines": {}}), **_of(OF_REQUISITION, record.data)}
    if state is not None and "requisition_status" in record.data:
        return {**state, "status": record.data["requisition_status"]}
    return state


def event(state: State | None, record: Record) -> State | None:
    """With its invitations by vendor, and the figures of quotes once they are opened."""
    kind, data = record.kind, record.data
    if kind == "event.published":
        invited = {vendor: {"status": "sent", "revoked": False} for vendor in data["invited"]}
        return {**_of(OF_EVENT, data), "invitations": invited, "quotes": {}}
    if state is None:
        return None
    if kind in ("event.closed", "event.opening_failed", "event.cancelled"):
        return {**state, "status": data["status"]}
    if kind == "event.opened":
        return {**state, "status": data["status"], "quotes": {each["vendor"]: _quote(each) for each in data["bids"]}}
    if kind in ("award.made", "award.revoked"):
        return {**state, "status": data["event_status"]}
    if kind == "bid.expired":
        quotes = state["quotes"]
        return {**state, "quotes": {**quotes, data["vendor"]: {**quotes[data["vendor"]], "expired": True}}}
    return _answered(state, record)


def _quote(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "expired": False,
        "version": said["version"],
        "commitment": said["commitment"],
        "currency": said["currency"],
        "freight": amount(said["freight"]),
        "lines": {
            str(each["line"]): {
                "unit_price": amount(each["unit_price"]),
                "lead_time_days": each["lead_time_days"],
            }
            for each in said["lines"]
        },
    }


def _answered(state: State, record: Record) -> State:
    """What became of one invitation. Looking again after an answer changes nothing."""
    kind = record.kind
    vendor = record.data["vendor"] if kind == "bid.submitted" else record.named("vendor")
    before = state["invitations"].get(vendor)
    if before is None:
        return state
    if kind == "bid.submitted":
        after = {**before, "status": "submitted"}
    elif kind == "invitation.declined":
        after = {**before, "status": "declined"}
    elif kind == "invitation.revoked":
        after = {**before, "revoked": True}
    elif kind == "invitation.opened" and before["status"] == "sent":
        after = {**before, "status": "opened"}
    else:
        return state
    return {**state, "invitations": {**state["invitations"], vendor: after}}


def bid(state: State | None, record: Record) -> State | None:
    """Its versions by their commitments; the figures stay sealed."""
    if record.kind != "bid.submitted":
        return state
    version = record.data["version"]
    earlier = state["commitments"] if state else {}
    return {
        "event": record.named("event"),
        "vendor": record.data["vendor"],
        "version": version,
        "commitments": {**earlier, str(version): record.commitments["quote"]},
    }


def notice(state: State | None, record: Record) -> State | None:
    """Told once and never changed."""
    return dict(record.data) if record.kind == "notice.recorded" else state


def award(state: State | None, record: Record) -> State | None:
    if record.kind == "award.made":
        lines = {
            f"{each['line']}/{each['vendor']}": {
                "quantity": amount(each["quantity"]),
                "unit_price": amount(each["unit_price"]),
                "currency": each["currency"],
            }
            for each in record.data["lines"]
        }
        return {"status": record.data["status"], "event": record.named("event"), "lines": lines}
    if record.kind == "award.revoked" and state is not None:
        return {**state, "status": record.data["status"]}
    return state


def order(state: State | None, record: Record) -> State | None:
    """The version in force in full, earlier ones by digest."""
    kind, data = record.kind, record.data
    if kind == "order.issued":
        return {**_of(OF_ORDER, data), **_of(OF_VERSION, data), "earlier": {}}
    if state is None:
        return None
    if kind == "order.changed":
        before = digest(_of(OF_VERSION, state))
        earlier = {**state["earlier"], str(state["version"]): before}
        return {**state, **_of(OF_ORDER, data), **_of(OF_VERSION, data), "earlier": earlier}
    if kind == "order.cancelled":
        return {**state, "status": data["status"]}
    return state


def budget(state: State | None, record: Record) -> State | None:
    if not record.kind.startswith("budget."):
        return state
    data = record.data
    return {
        "amount": amount(data["amount"]),
        "committed": amount(data["committed"]),
        "currency": data["currency"],
    }


def commitment(state: State | None, record: Record) -> State | None:
    """What an order or requisition holds on a budget, until it is given back."""
    if record.kind == "budget.committed":
        data = record.data
        return {
            "budget": record.named("budget"),
            "for": data["for"],
            "amount": amount(data["commitment"]),
            "currency": data["currency"],
            "status": "held",
        }
    if record.kind == "budget.released" and state is not None:
        return {**state, "status": "released"}
    return state
